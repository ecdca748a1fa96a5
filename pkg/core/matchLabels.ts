import { type LabelMatcher } from './labelMatcher';
import { compileRe2, type TextTest } from './re2Match';
import { type Labels } from './series';

/**
 * Compiles matchers into one test of a series' labels, as Prometheus matches: all must hold, an absent label is the empty text,
 * a regular expression must match the whole value. Throws `QUERY_INVALID` for a pattern that is not understood.
 */
export function compileMatchers(matchers: readonly LabelMatcher[]): (labels: Labels | undefined) => boolean {
  const tests = matchers.map(({ name, operator, value }) => ({ name, holds: compileOne(operator, value) }));
  return (labels = {}) => tests.every(({ name, holds }) => holds(Object.hasOwn(labels, name) ? labels[name] : ''));
}

function compileOne(operator: LabelMatcher['operator'], value: string): TextTest {
  switch (operator) {
    case '=':
      return (text) => text === value;
    case '!=':
      return (text) => text !== value;
    case '=~':
      return compileRe2(value);
    case '!~': {
      const matches = compileRe2(value);
      return (text) => !matches(text);
    }
  }
}
