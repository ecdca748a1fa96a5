import { compileMatchers } from '../core/matching/matchLabels';
import { PromkeepError } from '../core/model/errors';
import { type LabelMatcher } from '../core/model/labelMatcher';
import { METRIC_NAME } from './labelNames';
import { readSeriesSelector } from './seriesSelector';
import { printSelector } from './suggestionSelectors';

/**
 * The selectors of a raw definition, one a line; empty lines do not count. Throws `QUERY_INVALID` for what is none, and for one
 * that a series without labels would match, since that is every series there is; `LIMIT_EXCEEDED` for what is too long.
 */
export function readRawSelectors(expression: string): LabelMatcher[][] {
  const lines = expression.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) {
    throw new PromkeepError('QUERY_INVALID', 'there is no series selector');
  }
  return lines.map((line) => {
    const matchers = readSeriesSelector(line.trim());
    if (compileMatchers(matchers)({})) {
      const text = `${line.trim().slice(0, 100)} would match every series there is; add a matcher that an empty label does not meet`;
      throw new PromkeepError('QUERY_INVALID', text);
    }
    return matchers;
  });
}

/** The same selectors in the one form in which they are stored: what means the same is the same text. Throws as above. */
export function canonicalSelectors(expression: string): string {
  const texts = readRawSelectors(expression).map((matchers) => {
    const isName = ({ name, operator }: LabelMatcher): boolean => name === METRIC_NAME && operator === '=';
    const rank = (one: LabelMatcher): string =>
      isName(one) ? '' : JSON.stringify([one.name, one.operator, one.value]);
    return printSelector([...matchers].sort((a, b) => (rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b)))));
  });
  return [...new Set(texts)].sort().join('\n');
}
