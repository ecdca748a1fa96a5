import { RE2JS, RE2JSException, RE2Set } from 're2js';
import { PromkeepError } from '../model/errors';
import { atMost, LIMITS } from '../model/limits';

/** Whether a whole text matches. Throws `LIMIT_EXCEEDED` when that takes too long. */
export type TextTest = (text: string) => boolean;

/** A pattern that was read and found small enough, but not yet compiled. */
export interface Re2 {
  /** What it is made of with all its repetitions written out: compiling takes time and memory in proportion. */
  size: number;
  compile(): TextTest;
}

/**
 * RE2 lets a pattern grow to 1.4 million parts, which take seconds to compile; 300 names with `.*` behind each are 6,000. At
 * this size compiling took up to 60 ms (docs/adr/0019).
 */
export const MAX_SIZE = 30_000;
/** `a{0,1000}` takes 1 ms to read, and 100 of them 0.2 s, before its size can be told. Netmasks have 12 an address. */
const MAX_REPEATS = 5_000;
/** Each class of Unicode has up to 700 ranges. */
const MAX_TABLES = 100;
/** Where cases are folded, RE2 goes through such a range character by character: up to 125,000. */
const MAX_FOLDED_RANGES = 10;
/** Of the states that are remembered from text to text. */
const STATES_BYTES = 1 << 20;
/** Nothing else is done while one text is matched, so one that may take longer than some milliseconds is watched. */
const WATCHED_STEPS = 100_000;
const LONGEST_MATCH_MS = 250;

/**
 * Reads a pattern as Prometheus does for a label: RE2, matching the whole value, the dot matching a line feed as well. Throws
 * `QUERY_INVALID` for what RE2 refuses, `LIMIT_EXCEEDED` for what would take too long to compile.
 */
export function readRe2(pattern: string): Re2 {
  const values = listedValues(pattern);
  if (values) {
    return { size: 0, compile: () => (text) => values.has(text) };
  }
  refuseSlow(pattern);
  const set = new RE2Set(RE2Set.ANCHOR_BOTH, RE2JS.DOTALL, STATES_BYTES);
  const size = guarded(pattern, () => {
    set.add(pattern);
    return sizeOf(set.regexps[0], new Map());
  });
  if (size > MAX_SIZE) {
    throw tooLarge(pattern, `it has ${size} parts when repetitions are written out, more than ${MAX_SIZE}`);
  }
  return {
    size,
    compile() {
      guarded(pattern, () => set.compile());
      return (text) => set.match(text.length * size > WATCHED_STEPS ? watched(text, pattern) : text).length > 0;
    },
  };
}

/** What a variable of many values becomes: `(a|b\.c|d)`. Prometheus looks these up as well. */
const LIST = /^(\(?)((?:[^\\.+*?()[\]{}^$\ud800-\udfff]|\\[!-/:-@[-`{-~])*)(\)?)$/;

function listedValues(pattern: string): ReadonlySet<string> | undefined {
  const [, open, list, close] = LIST.exec(pattern) ?? [];
  if (list === undefined || open.length !== close.length) {
    return undefined;
  }
  const values = [''];
  for (const [part] of list.matchAll(/\\.|\||[^\\|]+/g)) {
    if (part === '|') {
      values.push('');
    } else {
      values[values.length - 1] += part.replace('\\', '');
    }
  }
  return new Set(values);
}

/** What takes long before the size can be told. */
function refuseSlow(pattern: string): void {
  atMost(pattern, LIMITS.patternLength, 'A regular expression');
  if (/\p{Surrogate}/u.test(pattern)) {
    throw refused(pattern, 'invalid UTF-8');
  }
  let repeats = 0;
  for (const [, low, high] of pattern.matchAll(/\{(\d{1,4})(?:,(\d{0,4}))?\}/g)) {
    repeats += Math.max(Number(low), Number(high ?? 0));
  }
  const tables = pattern.match(/\\[pP]/g)?.length ?? 0;
  const folded = /\(\?[a-zA-Z]*i/.test(pattern) ? (pattern.match(/-(?:[^ -~]|\\x)/g)?.length ?? 0) : 0;
  if (repeats > MAX_REPEATS || tables > MAX_TABLES || folded > MAX_FOLDED_RANGES) {
    throw tooLarge(pattern, 'it has too many counted repetitions or classes of Unicode');
  }
}

/** RE2's syntax tree; what is repeated stands in it once, and is pointed to many times. */
interface SyntaxNode {
  runes: ArrayLike<number>;
  subs: readonly SyntaxNode[];
}

function sizeOf(node: SyntaxNode, known: Map<SyntaxNode, number>): number {
  const before = known.get(node);
  if (before !== undefined) {
    return before;
  }
  const size = node.subs.reduce((sum, sub) => sum + sizeOf(sub, known), 1 + node.runes.length);
  known.set(node, size);
  return size;
}

function guarded<T>(pattern: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof RE2JSException || cause instanceof RangeError) {
      throw refused(pattern, cause.message.replace(/^error parsing regexp: /, ''), cause);
    }
    throw cause;
  }
}

/** A text that ends the match when it has taken too long: RE2 asks for one character after the other. */
class WatchedText extends String {
  private readonly untilMs = performance.now() + LONGEST_MATCH_MS;

  constructor(
    text: string,
    private readonly pattern: string
  ) {
    super(text);
  }

  override charCodeAt(at: number): number {
    if (performance.now() > this.untilMs) {
      throw tooLarge(this.pattern, `a label value of ${this.length} characters takes too long to match`);
    }
    return super.charCodeAt(at);
  }
}

/** The library takes `String` objects as well; its types do not say so. */
function watched(text: string, pattern: string): string {
  const object: unknown = new WatchedText(text, pattern);
  return object as string;
}

function refused(pattern: string, reason: string, cause?: unknown): PromkeepError {
  return new PromkeepError('QUERY_INVALID', `The regular expression ${quoted(pattern)} is refused: ${cut(reason)}.`, {
    cause,
  });
}

function tooLarge(pattern: string, reason: string): PromkeepError {
  return new PromkeepError('LIMIT_EXCEEDED', `The regular expression ${quoted(pattern)} is too large: ${reason}.`);
}

function quoted(pattern: string): string {
  return JSON.stringify(cut(pattern));
}

function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
