import * as v from 'valibot';
import { fitting, words } from '../../contract/lenient';
import { type SummaryMetric } from '../../contract/summary';

/** What the query editor needs of a metric. */
export type SummaryMetricChoice = Pick<SummaryMetric, 'key' | 'displayName'>;

const CHOICE = v.pipe(
  v.object({ key: v.pipe(v.string(), v.nonEmpty()), displayName: words }),
  v.transform(({ key, displayName = key }): SummaryMetricChoice => ({ key, displayName }))
);

const ANSWER = v.object({ metrics: v.pipe(v.array(v.unknown()), fitting(CHOICE)) });

/**
 * Reads the answer of the summary metrics resource: `{ metrics: [{ key, displayName, … }] }`.
 * Entries without a key are left out; a missing display name is replaced by the key.
 *
 * @throws Error when the answer is of another shape
 */
export function parseSummaryMetrics(body: unknown): SummaryMetricChoice[] {
  const answer = v.safeParse(ANSWER, body);
  if (!answer.success) {
    throw new Error('The datasource answered without a list of summary metrics.');
  }
  return answer.output.metrics;
}
