import { type UpkeepRun } from '../upkeep/upkeepRun';
import { timeText } from '../write/sampleRows';
import { type ClosedPeriod } from './takeSamples';

/** Of each series there may be a week of unpacked samples: 600,000 at a step of 1 s. */
const BATCH_SERIES = 1_000;

/**
 * What there is to pack in a weekly partition of samples, some series at a time, so that no statement grows with the archive.
 * The index is asked for the next series, and of a series for the first sample after a period: to read all samples of a week of
 * 10,000 series at 15 s took minutes.
 */
export async function* closedPeriods(
  run: UpkeepRun,
  partition: string,
  closedBeforeMs: number
): AsyncGenerator<ClosedPeriod[]> {
  for (let last = 0; ;) {
    const seriesIds = await nextSeries(run, partition, last);
    if (seriesIds.length === 0) {
      return;
    }
    yield await periodsOf(run, partition, seriesIds, closedBeforeMs);
    last = seriesIds[seriesIds.length - 1];
  }
}

async function nextSeries(run: UpkeepRun, partition: string, last: number): Promise<number[]> {
  const next = (after: string): string =>
    `SELECT s.series_id FROM ${partition} s WHERE s.series_id > ${after} ORDER BY s.series_id LIMIT 1`;
  const rows = await run.rows(
    `WITH RECURSIVE found(series_id, n) AS (
       SELECT first.series_id, 1 FROM (${next('$1::bigint')}) first
       UNION ALL
       SELECT (${next('f.series_id')}), f.n + 1 FROM found f WHERE f.series_id IS NOT NULL AND f.n < ${BATCH_SERIES})
     SELECT f.series_id FROM found f WHERE f.series_id IS NOT NULL ORDER BY f.series_id`,
    [last]
  );
  return rows.map((row) => Number(row.series_id));
}

/** By time, so that the oldest are packed first. */
async function periodsOf(
  run: UpkeepRun,
  partition: string,
  seriesIds: readonly number[],
  closedBeforeMs: number
): Promise<ClosedPeriod[]> {
  const first = (condition: string): string =>
    `SELECT promkeep_period_start(s.time, w.period_ms) AS start FROM ${partition} s
     WHERE s.series_id = r.series_id AND s.time < $2::timestamptz ${condition} ORDER BY s.time LIMIT 1`;
  const length = `interval '1 millisecond' * w.period_ms`;
  const rows = await run.rows(
    `SELECT r.query_id, w.period_ms, (extract(epoch FROM found.start) * 1000)::bigint AS from_ms,
       array_agg(r.series_id::text ORDER BY r.series_id) AS series_ids
     FROM promkeep_series r
     JOIN promkeep_queries q ON q.query_id = r.query_id
     CROSS JOIN LATERAL (SELECT promkeep_period_ms(q.step_ms, q.retention) AS period_ms) w
     CROSS JOIN LATERAL (
       WITH RECURSIVE present(start) AS (
         SELECT f.start FROM (${first('')}) f
         UNION ALL
         SELECT (${first(`AND s.time >= p.start + ${length}`)}) FROM present p WHERE p.start IS NOT NULL)
       SELECT p.start FROM present p WHERE p.start + ${length} <= $2::timestamptz) found
     WHERE r.series_id = ANY ($1::bigint[])
     GROUP BY r.query_id, w.period_ms, found.start ORDER BY found.start, r.query_id`,
    [seriesIds, timeText(closedBeforeMs)]
  );
  return rows.map((row) => {
    const fromMs = Number(row.from_ms);
    const ids = Array.isArray(row.series_ids) ? row.series_ids.map(Number) : [];
    return { queryId: Number(row.query_id), fromMs, untilMs: fromMs + Number(row.period_ms), seriesIds: ids };
  });
}
