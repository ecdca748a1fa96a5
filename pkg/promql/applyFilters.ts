import { PromkeepError } from '../core/model/errors';
import { LIMITS } from '../core/model/limits';
import { type QueryFilters } from '../core/query/queryModel';
import { aggregationsOf } from './aggregations';
import { filterRules, type LabelRule } from './filterRules';
import { groupingEdits } from './groupingEdits';
import { parsePromql } from './parsePromql';
import { selectorEdits } from './selectorEdits';
import { selectorsOf } from './selectors';
import { applyEdits } from './textEdits';

/**
 * Applies scopes, ad hoc filters and group-by keys to every selector and aggregation of an expression [Q1.6].
 *
 * The text is edited in place, so comments, line breaks and spelling stay as they are. Throws `QUERY_INVALID` for an
 * expression that cannot be read or a filter that cannot be applied: an ignored filter would show what it was to hide. Throws
 * `LIMIT_EXCEEDED` for an expression that is too long, or becomes so.
 */
export function applyFilters(expr: string, filters: QueryFilters): string {
  const rules: LabelRule[] = filterRules(filters);
  // a key without a name groups by nothing
  const keys = [...new Set(filters.groupBy)].filter((key) => key !== '');
  if (rules.length + keys.length === 0) {
    return expr;
  }
  const source = parsePromql(expr);
  const selectors = selectorsOf(source);
  const aggregations = aggregationsOf(source);
  const addedLength = selectors.length * lengthOf(rules) + aggregations.length * keys.join('').length;
  if (addedLength > LIMITS.expressionLength) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `With its filters the expression would have more than ${LIMITS.expressionLength} characters.`
    );
  }
  return applyEdits(expr, [
    ...selectors.flatMap((selector) => selectorEdits(expr, selector, rules)),
    ...aggregations.flatMap((aggregation) => groupingEdits(expr, aggregation, keys)),
  ]);
}

/** What the rules add to one selector at most. */
function lengthOf(rules: readonly LabelRule[]): number {
  const conditions = rules.flatMap(({ wanted, excluded }) => [wanted, excluded].flatMap((one) => one ?? []));
  return conditions.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
}
