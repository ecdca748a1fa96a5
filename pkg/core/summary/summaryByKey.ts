import { type SummaryByKey, type SummaryMetric, type SummaryValue } from '../../../src/contract/summary';
import { mapConcurrently } from '../model/concurrency';
import { PromkeepError } from '../model/errors';
import { type CallOptions } from '../ports/metricSource';
import { evaluateSummaryInstant, type SummaryDeps } from './summaryEvaluate';

const AT_ONCE = 4;

/** Every metric as of now, one value each (or one per value of `groupBy`), in the order of the definitions. */
export async function summaryValues(
  deps: SummaryDeps,
  metrics: readonly SummaryMetric[],
  groupBy: string,
  call: CallOptions
): Promise<SummaryValue[]> {
  const timeMs = deps.clock.nowMs();
  const evaluations = await mapConcurrently(metrics, AT_ONCE, (metric) =>
    evaluateSummaryInstant(deps, metric, { timeMs, groupBy }, call)
  );
  return evaluations.flatMap(({ groups }) => groups.map(({ value }) => value));
}

/** The body of `/api/metrics/summary`: a number or null by key; `reasons` only when something is null. */
export function summaryByKey(values: readonly SummaryValue[]): SummaryByKey {
  const body: SummaryByKey = Object.fromEntries(values.map(({ key, value }) => [key, value]));
  const missing = values.filter(({ value }) => value === null);
  if (missing.length > 0) {
    body.reasons = Object.fromEntries(missing.map(({ key, noDataReason }) => [key, noDataReason ?? 'no data']));
  }
  return body;
}

/** The wanted metrics in the wanted order; none wanted means all. Throws `QUERY_INVALID` for a key that is not defined. */
export function selectMetrics(metrics: readonly SummaryMetric[], keys: readonly string[]): readonly SummaryMetric[] {
  if (keys.length === 0) {
    return metrics.filter(({ onlyOnRequest }) => onlyOnRequest !== true);
  }
  return keys.map((key) => {
    const metric = metrics.find((one) => one.key === key);
    if (!metric) {
      const known = metrics.map((one) => one.key).join(', ');
      throw new PromkeepError('QUERY_INVALID', `No summary metric is called "${key}". Defined are: ${known}.`);
    }
    return metric;
  });
}
