import { type Row } from '../connect/database';
import { timeText } from '../write/sampleRows';
import { type Expiry, forEachPlanned } from './expiryPlan';
import { storedWidths, STORES_WIDTH } from './rollupWidths';

/** Up to where samples of each planned query may go, as three arrays; of a query that is not listed none may. */
export interface ExpiryLimits {
  queryIds: number[];
  /** ISO-8601; never null, never infinite. */
  limits: string[];
  /** The class each limit is that of. */
  retentions: string[];
}

/**
 * Where `raw_from` of the queries `$4` may move to. Neither side of `least` is ever null, which it would pass over: of a query
 * that stores no width nothing moves.
 */
const MOVES = `SELECT q.query_id, date_bin('1 hour', least(promkeep_kept_from(q.retention, $3::timestamptz), coalesce(
      (SELECT min(coalesce(least(t.stored_until, lower(t.stale), lower(t.working)), '-infinity'))
       FROM unnest($1::integer[], $2::integer[]) AS w(width_s, days)
       LEFT JOIN promkeep_rollup_state t ON t.query_id = q.query_id AND t.width_s = w.width_s
       WHERE ${STORES_WIDTH}), '-infinity')), '1970-01-01Z') AS at
    FROM promkeep_queries q
    WHERE q.query_id = ANY ($4::bigint[])
      AND EXISTS (SELECT 1 FROM promkeep_rollup_state t WHERE t.query_id = q.query_id)`;

/**
 * Samples of which rollups are stored may go only when these are: moves `raw_from` of every such query to where its class ends,
 * as far as nothing before is still to be computed. From then on its stored buckets never change again. Committed before
 * anything is removed.
 */
export async function releaseExpired(expiry: Expiry): Promise<ExpiryLimits> {
  const { run, plan } = expiry;
  const bound = [...storedWidths(expiry.rollups), timeText(run.nowMs)];
  const due = await run.rows(
    `SELECT DISTINCT m.query_id FROM (${MOVES}) m
     JOIN promkeep_rollup_state t ON t.query_id = m.query_id WHERE t.raw_from < m.at ORDER BY m.query_id`,
    [...bound, [...plan.keys()]]
  );
  await forEachPlanned(expiry, ids(due), (tx, queryId) =>
    // Computed again behind the lock: a writer may have made something stale since.
    tx.run(
      `UPDATE promkeep_rollup_state t SET raw_from = m.at, updated_at = now()
       FROM (${MOVES}) m WHERE t.query_id = m.query_id AND t.raw_from < m.at`,
      [...bound, [queryId]]
    )
  );
  const rows = await run.rows(
    `SELECT l.query_id, l.retention, to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM (
       SELECT q.query_id, q.retention, least(promkeep_kept_from(q.retention, $3::timestamptz), coalesce((
         SELECT min(coalesce(t.raw_from, '-infinity')) FROM unnest($1::integer[], $2::integer[]) AS w(width_s, days)
         LEFT JOIN promkeep_rollup_state t ON t.query_id = q.query_id AND t.width_s = w.width_s
         WHERE ${STORES_WIDTH}), 'infinity')) AS at
       FROM promkeep_queries q
       JOIN unnest($4::bigint[], $5::text[]) AS n(query_id, retention) ON n.query_id = q.query_id AND n.retention = q.retention) l
     WHERE isfinite(l.at) ORDER BY l.query_id`,
    [...bound, [...plan.keys()], [...plan.values()]]
  );
  return {
    queryIds: ids(rows),
    limits: rows.map((row) => String(row.at)),
    retentions: rows.map((row) => String(row.retention)),
  };
}

function ids(rows: readonly Row[]): number[] {
  return rows.map((row) => Number(row.query_id));
}
