import { PromkeepError } from '../core/model/errors';
import { type LabelMatcher } from '../core/model/labelMatcher';
import { childrenOf, functionName, parsePromql, type PromqlSource } from './parsePromql';
import { allMatchers, readSelector, selectorsOf } from './selectors';

/**
 * A series selector alone, as `match[]` takes it. Throws `QUERY_INVALID` for anything else, and, as Prometheus, for one of which
 * every condition could also hold for an absent label, since that would be every series there is.
 */
export function readSeriesSelector(text: string): LabelMatcher[] {
  const source = parsePromql(text);
  const [node, ...others] = childrenOf(source.tree.topNode);
  if (node?.name !== 'VectorSelector' || others.length > 0) {
    throw new PromkeepError('QUERY_INVALID', `${JSON.stringify(text.slice(0, 100))} is not a series selector.`);
  }
  const matchers = allMatchers(readSelector(source, node));
  if (!matchers.some(isSelective)) {
    throw new PromkeepError('QUERY_INVALID', 'match[] must contain at least one non-empty matcher');
  }
  return matchers;
}

/** The selectors of an expression. `undefined` where they are not all of what it reads: it has no sense, or asks `info`. */
export function selectorsIn(expression: string): LabelMatcher[][] | undefined {
  try {
    const source = parsePromql(expression);
    return callsInfo(source) ? undefined : selectorsOf(source).map(allMatchers);
  } catch (error) {
    if (error instanceof PromkeepError) {
      return undefined;
    }
    throw error;
  }
}

/** It joins with metrics that stand nowhere in the expression. */
function callsInfo(source: PromqlSource): boolean {
  let found = false;
  source.tree.iterate({
    enter({ name, node }) {
      found ||= name === 'FunctionCall' && functionName(source, node) === 'info';
    },
  });
  return found;
}

/** Whether an absent label cannot satisfy it; patterns that could be long are for whoever matches to judge. */
function isSelective({ operator, value }: LabelMatcher): boolean {
  switch (operator) {
    case '=':
      return value !== '';
    case '!=':
      return value === '';
    case '=~':
      return !/^(\.\*|)$/.test(value);
    case '!~':
      return /^(\.\*|)$/.test(value);
  }
}
