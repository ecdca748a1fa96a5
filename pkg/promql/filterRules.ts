import { PromkeepError } from '../core/model/errors';
import { type LabelMatcher } from '../core/model/labelMatcher';
import { type LabelFilter, type QueryFilters } from '../core/query/queryModel';

/** What all filters together ask of one label. */
export interface LabelRule {
  name: string;
  /** What the label must be: takes the place of what a selector says about this label. */
  wanted?: LabelMatcher;
  /** What it must not be: always narrows. */
  excluded?: LabelMatcher;
}

interface Condition {
  negative: boolean;
  /** Regular expressions, or plain values. */
  regex: boolean;
  /** `one-of` is a regular expression even of one value. */
  list: boolean;
  values: readonly string[];
}

const OPERATORS: ReadonlyMap<string, Omit<Condition, 'values'>> = new Map([
  ['equals', { negative: false, regex: false, list: false }],
  ['not-equals', { negative: true, regex: false, list: false }],
  ['regex-match', { negative: false, regex: true, list: false }],
  ['regex-not-match', { negative: true, regex: true, list: false }],
  ['one-of', { negative: false, regex: false, list: true }],
  ['not-one-of', { negative: true, regex: false, list: true }],
]);

/**
 * Merges filters into one rule a label. Scopes: what is wanted adds up (one value or the other), what is excluded adds up
 * (neither). Ad hoc filters: the last one that says what is wanted replaces all the scopes say about its label; what is
 * excluded adds up and narrows what the scopes leave. Throws `QUERY_INVALID` for an operator or a filter nobody can apply.
 */
export function filterRules({ scopes, adhoc }: Pick<QueryFilters, 'scopes' | 'adhoc'>): LabelRule[] {
  const conditions = new Map<string, Condition[]>();
  const push = (key: string, condition: Condition): void => {
    conditions.set(key, [...(conditions.get(key) ?? []), condition]);
  };
  scopes.forEach((filter) => push(filter.key, conditionOf(filter)));
  const later = adhoc.map((filter) => ({ key: filter.key, condition: conditionOf(filter) }));
  for (const { key, condition } of later.filter((one) => !one.condition.negative)) {
    conditions.set(key, [condition]);
  }
  later.filter((one) => one.condition.negative).forEach(({ key, condition }) => push(key, condition));
  return [...conditions].map(([name, all]) => {
    const [wanted, excluded] = [merge(name, all, false), merge(name, all, true)];
    return { name, ...(wanted ? { wanted } : {}), ...(excluded ? { excluded } : {}) };
  });
}

function conditionOf({ key, operator, value, values }: LabelFilter): Condition {
  if (key === '') {
    throw new PromkeepError('QUERY_INVALID', 'A filter has no label name ("key").');
  }
  const known = OPERATORS.get(operator);
  if (!known) {
    throw new PromkeepError('QUERY_INVALID', `unknown operator "${operator}"`);
  }
  return { ...known, values: known.list && values.length > 0 ? values : [value] };
}

function merge(name: string, all: readonly Condition[], negative: boolean): LabelMatcher | undefined {
  const conditions = all.filter((one) => one.negative === negative);
  if (conditions.length === 0) {
    return undefined;
  }
  const plain = [...new Set(conditions.flatMap(({ regex, values }) => (regex ? [] : values)))];
  const patterns = [...new Set(conditions.flatMap(({ regex, values }) => (regex ? values : [])))];
  if (patterns.length === 0 && plain.length === 1 && !conditions.some(({ list }) => list)) {
    return { name, operator: negative ? '!=' : '=', value: plain[0] };
  }
  const alone = patterns.length === 1 && plain.length === 0;
  const parts = [...plain.map(escapeRegex), ...(alone ? patterns : patterns.map(asAlternative))];
  return { name, operator: negative ? '!~' : '=~', value: parts.join('|') };
}

/** Exactly the characters RE2 knows: it refuses a backslash before most others. */
function escapeRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** A flag such as `(?i)` reaches to the end of its group, so it must not reach the next alternative. */
function asAlternative(pattern: string): string {
  return /^[\w.*+|-]*$/.test(pattern) ? pattern : `(?:${pattern})`;
}
