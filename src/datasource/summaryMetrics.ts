import { type SummaryMetric } from '../contract/summary';

/** What the query editor needs of a metric. */
export type SummaryMetricChoice = Pick<SummaryMetric, 'key' | 'displayName'>;

/**
 * Reads the answer of the summary metrics resource: `{ metrics: [{ key, displayName, … }] }`.
 * Entries without a key are left out; a missing display name is replaced by the key.
 *
 * @throws Error when the answer is of another shape
 */
export function parseSummaryMetrics(body: unknown): SummaryMetricChoice[] {
  const metrics: unknown = isObject(body) ? body.metrics : undefined;
  if (!Array.isArray(metrics)) {
    throw new Error('The datasource answered without a list of summary metrics.');
  }
  return metrics.filter(isObject).flatMap(({ key, displayName }) => {
    if (typeof key !== 'string' || key === '') {
      return [];
    }
    return [{ key, displayName: typeof displayName === 'string' && displayName !== '' ? displayName : key }];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
