import { PromkeepError } from '../../core/model/errors';
import { inTurns } from '../../core/model/inTurns';
import { type History } from '../../core/ports/history';
import { type Labels } from '../../core/model/series';
import { type Session } from '../connect/session';
import { findQueryId } from '../definitions/queryRows';
import { timeText } from '../write/sampleRows';
import { restoreLabels } from '../write/seriesIdentity';

/**
 * Of a packed row, and of a row of rollups where samples have expired, only the bounds are looked at: it may reach into the range
 * with a hole there, and then counts all the same.
 */
export async function readSeriesLabels(
  session: Session,
  { name, range, limit }: Parameters<History['seriesLabels']>[0],
  signal: AbortSignal
): Promise<Labels[]> {
  const queryId = await findQueryId(session, { kind: 'recorded', name });
  if (queryId === undefined) {
    throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
  }
  const rows = await session.rows(
    `WITH wanted AS MATERIALIZED (${partsOf('c.covered')}), gone AS MATERIALIZED (${partsOf('c.expired')})
     SELECT r.metric_name, r.origin, r.labels FROM promkeep_series r
     WHERE r.query_id = $1::bigint AND (
       EXISTS (SELECT 1 FROM wanted w JOIN promkeep_samples s
               ON s.series_id = r.series_id AND s.time >= w.low AND s.time <= w.high
               WHERE s.time >= $2::timestamptz AND s.time <= $3::timestamptz)
       OR EXISTS (SELECT 1 FROM wanted w JOIN promkeep_packed p
               ON p.series_id = r.series_id AND p.from_time <= w.high AND p.to_time >= w.low
               WHERE p.from_time <= $3::timestamptz AND p.from_time > $2::timestamptz - interval '672 hours')
       OR EXISTS (SELECT 1 FROM gone g JOIN promkeep_rollups p
               ON p.series_id = r.series_id AND p.period_start < g.high AND p.period_start > g.low - interval '672 hours'
               WHERE p.period_start + (p.first_bucket - 1) * p.width_s * interval '1 second' < g.high
                 AND p.period_start + coalesce(p.bucket_numbers[p.bucket_count], p.first_bucket + p.bucket_count - 1)
                   * p.width_s * interval '1 second' >= g.low))
     ORDER BY r.series_id LIMIT $4::bigint`,
    [queryId, timeText(range.fromMs), timeText(range.toMs), limit]
  );
  return inTurns(rows, () => (row) => [restoreLabels(row) ?? {}], signal);
}

/** The parts of a column of the current version's coverage that lie in the range from `$2` to `$3`. */
function partsOf(column: string): string {
  return `SELECT lower(part) AS low, upper(part) AS high
       FROM promkeep_queries q
       JOIN promkeep_coverage c ON c.query_id = q.query_id AND c.version = q.current_version,
       unnest(${column} * tstzmultirange(tstzrange($2::timestamptz, $3::timestamptz, '[]'))) AS part
       WHERE q.query_id = $1::bigint AND q.deleted_at IS NULL`;
}
