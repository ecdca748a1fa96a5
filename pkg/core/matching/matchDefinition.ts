import { type LabelMatcher } from '../model/labelMatcher';
import { atMost, LIMITS } from '../model/limits';
import { checkMatchers } from './matchLabels';
import { type Definition } from '../ports/definitions';
import { formatExact } from '../query/step';

/**
 * Whether the archived result of a recorded expression answers an asked one: the matchers that filter it, or `undefined` when
 * it does not. Needs a PromQL parser.
 */
export type CompareExpressions = (recorded: string, asked: string) => LabelMatcher[] | undefined;

export type Recorded = Pick<Definition, 'name' | 'expression' | 'stepMs'>;

/** Those that hold results of their expressions. What keeps raw series has selectors in its place, which are nothing to compare with. */
export function withResults<T extends Pick<Definition, 'raw'>>(definitions: readonly T[]): T[] {
  return definitions.filter(({ raw }) => !raw);
}

export interface ArchiveMatch {
  query: Recorded;
  /** Filter the archived series. */
  matchers: LabelMatcher[];
}

/**
 * The recorded queries that answer an expression. Throws `QUERY_INVALID` for a pattern in a filter that is not understood,
 * `LIMIT_EXCEEDED` for one that is too large and for an expression that is too long to be compared.
 */
export function findMatches(recorded: readonly Recorded[], asked: string, compare: CompareExpressions): ArchiveMatch[] {
  atMost(asked, LIMITS.parsedExpressionLength, 'An expression that is looked for in the archive');
  const matches = recorded.flatMap((query) => {
    const matchers = compare(query.expression, asked);
    return matchers ? [{ query, matchers }] : [];
  });
  // many recorded queries leave the same filters over
  const different = new Map(matches.map(({ matchers }) => [JSON.stringify(matchers), matchers]));
  different.forEach((matchers) => checkMatchers(matchers));
  return matches;
}

/** Why no recorded query answers an expression, and which comes nearest. */
export function explainNoMatch(recorded: readonly Recorded[], asked: string, compare: CompareExpressions): string {
  if (recorded.length === 0) {
    return 'the archive has no recorded queries.';
  }
  const words = wordsOf(asked);
  const [nearest] = recorded
    .map((query) => ({ query, likeness: likeness(wordsOf(query.expression), words) }))
    .sort((a, b) => b.likeness - a.likeness);
  const { name, expression, stepMs } = nearest.query;
  const text = `no recorded query answers this expression. The nearest is ${name}: ${shorten(expression)} (every ${formatExact(stepMs)}).`;
  const windows = differenceInWindows(expression, asked, compare);
  return windows === undefined ? text : `${text} ${windows}`;
}

/** Without a `[` inside: a row of them would be gone through from each one to its end. */
const WINDOW = /\[[^[\]"'`{}]*\]/g;

/** The usual reason on dashboards: `$__rate_interval` became another window than the recorded one. */
function differenceInWindows(recorded: string, asked: string, compare: CompareExpressions): string | undefined {
  const [theirs, ours] = [recorded.match(WINDOW) ?? [], asked.match(WINDOW) ?? []];
  if (theirs.length === 0 || theirs.length !== ours.length) {
    return undefined;
  }
  let next = 0;
  const changed = asked.replace(WINDOW, () => theirs[next++]);
  if (!compare(recorded, changed)) {
    return undefined;
  }
  const differing = theirs.flatMap((window, i) =>
    window === ours[i] ? [] : [`${window} is recorded, ${ours[i]} asked for`]
  );
  return `It differs in the window only: ${shorten([...new Set(differing)].join('; '))}. A window that is written out instead of $__rate_interval or $__interval is the same at every zoom.`;
}

function wordsOf(expression: string): Set<string> {
  return new Set(expression.match(/[a-zA-Z_:][\w:]*|"[^"]*"|\d[\d.]*[a-z]*/g) ?? []);
}

/** Share of the words of both that both have. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = [...a].filter((word) => b.has(word)).length;
  return common / Math.max(1, a.size + b.size - common);
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
