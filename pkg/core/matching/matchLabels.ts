import { PromkeepError } from '../model/errors';
import { type LabelMatcher } from '../model/labelMatcher';
import { atMost, LIMITS } from '../model/limits';
import { MAX_SIZE, readRe2, type TextTest } from './re2Match';
import { type Labels } from '../model/series';

export type LabelTest = (labels: Labels | undefined) => boolean;

/** The regular expressions of one selector; each may remember some states. */
const MAX_PATTERNS = 50;

/**
 * Throws `QUERY_INVALID` for matchers of which a pattern is refused, `LIMIT_EXCEEDED` for those that are too large. The same as
 * `compileMatchers`, without the cost of compiling.
 */
export function checkMatchers(matchers: readonly LabelMatcher[]): void {
  read(matchers);
}

/**
 * Compiles matchers into one test of a series' labels, as Prometheus matches: all must hold, an absent label is the empty text,
 * a regular expression must match the whole value. Throws as `checkMatchers` does. Compiling may take some 50 ms, so it belongs
 * into a turn (`inTurns`); the test throws `LIMIT_EXCEEDED` for a value that takes too long.
 */
export function compileMatchers(matchers: readonly LabelMatcher[]): LabelTest {
  const tests = read(matchers).map(({ name, compile }) => ({ name, holds: compile() }));
  return (labels = {}) => tests.every(({ name, holds }) => holds(Object.hasOwn(labels, name) ? labels[name] : ''));
}

interface ReadMatcher {
  name: string;
  size: number;
  compile(): TextTest;
}

function read(matchers: readonly LabelMatcher[]): ReadMatcher[] {
  if (matchers.filter(({ operator }) => operator.endsWith('~')).length > MAX_PATTERNS) {
    throw new PromkeepError('LIMIT_EXCEEDED', `A selector has at most ${MAX_PATTERNS} regular expressions here.`);
  }
  const all = matchers.map(readOne);
  const size = all.reduce((sum, one) => sum + one.size, 0);
  if (size > MAX_SIZE) {
    throw new PromkeepError('LIMIT_EXCEEDED', 'The regular expressions of the selector are too large together.');
  }
  return all;
}

function readOne({ name, operator, value }: LabelMatcher): ReadMatcher {
  atMost(name, LIMITS.nameLength, 'The name of a label');
  atMost(value, LIMITS.labelValueLength, `What the label ${name} is compared with`);
  switch (operator) {
    case '=':
      return { name, size: 0, compile: () => (text) => text === value };
    case '!=':
      return { name, size: 0, compile: () => (text) => text !== value };
    case '=~':
      return { name, ...readRe2(value) };
    case '!~': {
      const { size, compile } = readRe2(value);
      return { name, size, compile: () => negated(compile()) };
    }
  }
}

function negated(matches: TextTest): TextTest {
  return (text) => !matches(text);
}
