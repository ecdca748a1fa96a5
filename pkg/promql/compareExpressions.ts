import { type LabelMatcher } from '../core/model/labelMatcher';
import { type BinaryExpression, type Expression, type LabelList } from './expression';
import { callKeepsLabel } from './labelKeeping';
import { METRIC_NAME } from './labelNames';
import { readExpression } from './readExpression';

/**
 * Whether the archived result of a recorded expression answers an asked one [A7].
 *
 * @returns the matchers that filter the recorded series (empty: the two mean the same), sorted by name, to be applied with
 * an absent label as the empty text; `undefined` when the recorded result cannot answer. In doubt it is `undefined`: a
 * missed match costs a request to Prometheus, a wrong one shows wrong numbers.
 */
export function compareExpressions(recorded: string, asked: string): LabelMatcher[] | undefined {
  return compareRead(readExpression(recorded), readExpression(asked));
}

/** Expressions a comparer remembers; a datasource with more recorded queries reads some of them again. */
const REMEMBERED = 1_000;

/**
 * `compareExpressions` for one who compares the same recorded expressions again and again: each is read once. 200 comparisons
 * took 100 to 600 ms without (load 20).
 */
export function createComparer(): typeof compareExpressions {
  const known = new Map<string, Expression | undefined>();
  const read = (text: string): Expression | undefined => {
    if (!known.has(text)) {
      if (known.size >= REMEMBERED) {
        known.clear();
      }
      known.set(text, readExpression(text));
    }
    return known.get(text);
  };
  return (recorded, asked) => compareRead(read(recorded), read(asked));
}

function compareRead(recorded: Expression | undefined, asked: Expression | undefined): LabelMatcher[] | undefined {
  const extra = recorded && asked && compare(recorded, asked);
  return extra && [...extra].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, matcher]) => matcher);
}

/** Matchers the asked expression has beyond the recorded one, each once. */
type Extra = ReadonlyMap<string, LabelMatcher>;

const NONE: Extra = new Map();

function compare(recorded: Expression, asked: Expression): Extra | undefined {
  if (recorded.type === 'number') {
    return asked.type === 'number' && Object.is(recorded.value, asked.value) ? NONE : undefined;
  }
  if (recorded.type === 'string') {
    return asked.type === 'string' && recorded.value === asked.value ? NONE : undefined;
  }
  if (recorded.type === 'selector') {
    return asked.type === 'selector' ? extraMatchers(recorded.matchers, asked.matchers) : undefined;
  }
  if (recorded.type === 'call') {
    return asked.type === 'call' && recorded.name === asked.name ? compareCalls(recorded, asked) : undefined;
  }
  if (recorded.type === 'aggregation') {
    return asked.type === 'aggregation' ? compareAggregations(recorded, asked) : undefined;
  }
  if (recorded.type === 'binary') {
    return asked.type === 'binary' ? compareBinaries(recorded, asked) : undefined;
  }
  const extra = asked.type === 'wrapped' && recorded.by === asked.by ? compare(recorded.arg, asked.arg) : undefined;
  // a sign drops the name
  return extra && keep(extra, (label) => label !== METRIC_NAME || !/^[+-]$/.test(recorded.by));
}

function extraMatchers(recorded: readonly LabelMatcher[], asked: readonly LabelMatcher[]): Extra | undefined {
  const extra = new Map(asked.map((one) => [printed(one), one]));
  const had = new Set(recorded.map(printed));
  for (const key of had) {
    if (!extra.has(key)) {
      return undefined;
    }
    extra.delete(key);
  }
  return extra;
}

type Call = Extract<Expression, { type: 'call' }>;
type Aggregation = Extract<Expression, { type: 'aggregation' }>;

function compareCalls(recorded: Call, asked: Call): Extra | undefined {
  const args = compareLists(recorded.args, asked.args);
  const filtered = args?.filter((one) => one.size > 0) ?? [];
  if (!args || filtered.length === 0) {
    return args && NONE;
  }
  return filtered.length === 1 ? keep(filtered[0], (label) => callKeepsLabel(recorded, label)) : undefined;
}

/**
 * A filter on a label that is grouped by leaves whole groups out and no group smaller; that holds for `topk` and its kin,
 * too, which choose within each group.
 */
function compareAggregations(recorded: Aggregation, asked: Aggregation): Extra | undefined {
  if (recorded.operator !== asked.operator || !sameList(recorded.grouping, asked.grouping)) {
    return undefined;
  }
  const args = compareLists(recorded.args, asked.args);
  const extra = args?.at(-1);
  if (!args || !extra || args.slice(0, -1).some((one) => one.size > 0)) {
    return undefined;
  }
  const [parameter] = recorded.args;
  const written = recorded.operator === 'count_values' && parameter.type === 'string' ? parameter.value : undefined;
  return keep(extra, (label) => label !== written && covers(recorded.grouping, label));
}

/**
 * Two vectors are joined by the labels that must agree, so a filter on one of these, on either side, is a filter on the
 * result; on the name never, since arithmetic drops it. `or` and `unless` also keep what has no partner, so there the filter must stand on both sides or on the left.
 */
function compareBinaries(recorded: BinaryExpression, asked: BinaryExpression): Extra | undefined {
  const { operator, matching } = recorded;
  const same =
    operator === asked.operator &&
    recorded.bool === asked.bool &&
    recorded.group === asked.group &&
    recorded.fill === asked.fill &&
    sameList(matching, asked.matching);
  const left = same ? compare(recorded.left, asked.left) : undefined;
  const right = left && compare(recorded.right, asked.right);
  if (!left || !right) {
    return undefined;
  }
  const extra = new Map([...left, ...right]);
  if (extra.size === 0) {
    return NONE;
  }
  const partners = operator === 'or' ? sameKeys(left, right) : operator !== 'unless' || isPart(right, left);
  // a filled value stands for a partner that is missing, also for one that the filter took away
  return recorded.fill === '' && partners
    ? keep(extra, (label) => label !== METRIC_NAME && covers(matching, label))
    : undefined;
}

function compareLists(recorded: readonly Expression[], asked: readonly Expression[]): Extra[] | undefined {
  if (recorded.length !== asked.length) {
    return undefined;
  }
  const extras = recorded.flatMap((one, i) => compare(one, asked[i]) ?? []);
  return extras.length === recorded.length ? extras : undefined;
}

function keep(extra: Extra, isKept: (label: string) => boolean): Extra | undefined {
  return [...extra.values()].every(({ name }) => isKept(name)) ? extra : undefined;
}

/** Whether the list groups or matches by the label. The name is never among "all but". */
function covers({ kind, labels }: LabelList, label: string): boolean {
  return kind === 'by' ? labels.includes(label) : !labels.includes(label) && label !== METRIC_NAME;
}

function sameList(a: LabelList, b: LabelList): boolean {
  return a.kind === b.kind && a.labels.length === b.labels.length && a.labels.every((one, i) => one === b.labels[i]);
}

function sameKeys(a: Extra, b: Extra): boolean {
  return a.size === b.size && isPart(a, b);
}

function isPart(part: Extra, whole: Extra): boolean {
  return [...part.keys()].every((key) => whole.has(key));
}

function printed({ name, operator, value }: LabelMatcher): string {
  return JSON.stringify([name, operator, value]);
}
