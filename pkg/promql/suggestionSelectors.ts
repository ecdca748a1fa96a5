import { type LabelMatcher } from '../core/model/labelMatcher';
import { type QueryFilters } from '../core/query/queryModel';
import { PromkeepError } from '../core/model/errors';
import { filterRules } from './filterRules';
import { isPlainMetricName, METRIC_NAME, printMatcher } from './labelNames';
import { parsePromql, type PromqlSource } from './parsePromql';
import { allMatchers, selectorsOf } from './selectors';

/**
 * The selectors (`match[]`) under which a dashboard's filters look for their labels and values: each metric of the queries
 * with the filters, sorted, each once; the filters alone when no query names a metric; nothing when there are no filters
 * either. Queries that cannot be read are left out, since one may be half typed. Throws `QUERY_INVALID` for a bad filter.
 */
export function suggestionSelectors(
  queries: readonly string[],
  filters: Pick<QueryFilters, 'scopes' | 'adhoc'>
): string[] {
  const conditions = filterRules(filters).flatMap(({ wanted, excluded }) =>
    [wanted, excluded].flatMap((one) => one ?? [])
  );
  const metrics = queries.flatMap((query) => readable(query)).flatMap(metricsOf);
  if (metrics.length === 0) {
    return conditions.length > 0 ? [printSelector([...anyMetric(conditions), ...conditions])] : [];
  }
  return [...new Set(metrics.map((metric) => printSelector([...metric, ...conditions])))].sort();
}

function readable(query: string): PromqlSource[] {
  try {
    return [parsePromql(query)];
  } catch (error) {
    if (error instanceof PromkeepError) {
      return [];
    }
    throw error;
  }
}

/** What each selector says about the name; those that say nothing would stand for every metric there is. */
function metricsOf(source: PromqlSource): LabelMatcher[][] {
  return selectorsOf(source)
    .map((selector) => allMatchers(selector).filter(({ name }) => name === METRIC_NAME))
    .filter((matchers) => matchers.length > 0);
}

/** Prometheus refuses a selector of which every condition also holds for an absent label. */
function anyMetric(conditions: readonly LabelMatcher[]): LabelMatcher[] {
  const isSelective = conditions.some(({ operator, value }) => operator === '=' && value !== '');
  return isSelective ? [] : [{ name: METRIC_NAME, operator: '=~', value: '.+' }];
}

/** A selector as PromQL, with the name before the braces where it may stand there. */
export function printSelector(matchers: readonly LabelMatcher[]): string {
  const [first, ...rest] = matchers;
  const isName = first.name === METRIC_NAME && first.operator === '=' && isPlainMetricName(first.value);
  // a name before the braces and another condition on it within them exclude each other
  if (!isName || rest.some(({ name }) => name === METRIC_NAME)) {
    return `{${matchers.map(printMatcher).join(',')}}`;
  }
  return rest.length === 0 ? first.value : `${first.value}{${rest.map(printMatcher).join(',')}}`;
}
