import { type Database, type Transaction } from './database';
import { type RollupRetention, storedWidths, STORES_WIDTH, unstoredWidths } from './rollupWidths';
import { timeText } from './sampleRows';

/** Up to where samples of queries with stored rollups may go; what is not listed goes by its class alone. */
export interface ExpiryLimits {
  queryIds: number[];
  /** ISO-8601, or `-infinity` before rollups were stored. */
  limits: string[];
}

/**
 * Samples of which rollups are stored may go only when these are: moves `raw_from` of every such query to where its class ends,
 * as far as nothing before is still to be computed. From then on its stored buckets never change again. Committed before
 * anything is removed.
 */
export async function releaseExpired(
  database: Database,
  schema: string,
  nowMs: number,
  retention: RollupRetention,
  signal: AbortSignal
): Promise<ExpiryLimits> {
  const widths = storedWidths(retention);
  const bound = [widths.map(({ widthS }) => widthS), widths.map(({ days }) => days), timeText(nowMs)];
  return database.transaction(
    async (tx) => {
      await moveRawFrom(tx, schema, bound);
      const rows = await tx.rows(
        `SELECT q.query_id, CASE WHEN isfinite(min(coalesce(t.raw_from, '-infinity')))
           THEN to_char(min(t.raw_from) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') ELSE '-infinity' END AS at
         FROM ${schema}.promkeep_queries q CROSS JOIN unnest($1::integer[], $2::integer[]) AS w(width_s, days)
         LEFT JOIN ${schema}.promkeep_rollup_state t ON t.query_id = q.query_id AND t.width_s = w.width_s
         WHERE ${STORES_WIDTH(schema)} GROUP BY q.query_id`,
        bound.slice(0, 2)
      );
      return { queryIds: rows.map((row) => Number(row.query_id)), limits: rows.map((row) => String(row.at)) };
    },
    { signal }
  );
}

async function moveRawFrom(tx: Transaction, schema: string, bound: readonly unknown[]): Promise<void> {
  const moves = `SELECT q.query_id, date_bin('1 hour', least(
      $3::timestamptz - interval '24 hours' * ${schema}.promkeep_retention_days(q.retention),
      (SELECT min(coalesce(least(t.stored_until, lower(t.stale), lower(t.working)), '-infinity'))
       FROM unnest($1::integer[], $2::integer[]) AS w(width_s, days)
       LEFT JOIN ${schema}.promkeep_rollup_state t ON t.query_id = q.query_id AND t.width_s = w.width_s
       WHERE ${STORES_WIDTH(schema)})), '1970-01-01Z') AS at
    FROM ${schema}.promkeep_queries q
    WHERE ${schema}.promkeep_retention_days(q.retention) IS NOT NULL
      AND EXISTS (SELECT 1 FROM ${schema}.promkeep_rollup_state t WHERE t.query_id = q.query_id)`;
  const queries = await tx.rows(
    `SELECT q.query_id FROM ${schema}.promkeep_queries q WHERE q.query_id IN (
       SELECT m.query_id FROM (${moves}) m
       JOIN ${schema}.promkeep_rollup_state t ON t.query_id = m.query_id WHERE t.raw_from < m.at)
     ORDER BY q.query_id FOR NO KEY UPDATE OF q`,
    bound
  );
  // Computed again behind the locks: a writer may have made something stale since.
  await tx.run(
    `UPDATE ${schema}.promkeep_rollup_state t SET raw_from = m.at, updated_at = now()
     FROM (${moves}) m WHERE t.query_id = m.query_id AND t.raw_from < m.at AND m.query_id = ANY ($4::bigint[])`,
    [...bound, queries.map((row) => row.query_id)]
  );
}

/** From now on nobody looks for rollups of widths that are not stored any more. Committed before they are removed. */
export async function forgetUnstored(
  database: Database,
  schema: string,
  retention: RollupRetention,
  signal: AbortSignal
): Promise<void> {
  const widths = unstoredWidths(retention);
  if (widths.length > 0) {
    await database.transaction(
      (tx) => tx.run(`DELETE FROM ${schema}.promkeep_rollup_state WHERE width_s = ANY ($1::integer[])`, [widths]),
      { signal }
    );
  }
}

/** Names of the partitions of stored rollups of which every bucket has expired, each with the name of its parent. */
export async function expiredRollups(
  database: Database,
  schema: string,
  nowMs: number,
  retention: RollupRetention,
  signal: AbortSignal
): Promise<Array<{ name: string; parent: string }>> {
  const widths = [
    ...storedWidths(retention).filter(({ days }) => days !== null),
    ...unstoredWidths(retention).map((widthS) => ({ widthS, days: null })),
  ];
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT c.relname AS name, 'promkeep_rollups_' || w.width_s AS parent
         FROM unnest($2::integer[], $3::integer[]) AS w(width_s, days)
         JOIN pg_inherits i ON i.inhparent = ($1::text || w.width_s)::regclass JOIN pg_class c ON c.oid = i.inhrelid
         WHERE w.days IS NULL OR to_date(right(c.relname, 8), 'YYYYMMDD') + CASE w.width_s WHEN 300 THEN 28 ELSE 364 END + w.days
           <= ($4::timestamptz AT TIME ZONE 'UTC')::date
         ORDER BY c.relname`,
        [
          `${schema}.promkeep_rollups_`,
          widths.map(({ widthS }) => widthS),
          widths.map(({ days }) => days),
          timeText(nowMs),
        ]
      ),
    { signal, readOnly: true }
  );
  return rows.map((row) => ({ name: String(row.name), parent: String(row.parent) }));
}

/** Stored rollups of series that are gone, because their query was deleted with its data. */
export async function deleteOrphanedRollups(database: Database, schema: string, signal: AbortSignal): Promise<void> {
  await database.transaction(
    (tx) =>
      tx.run(
        `DELETE FROM ${schema}.promkeep_rollups p
         WHERE NOT EXISTS (SELECT 1 FROM ${schema}.promkeep_series r WHERE r.series_id = p.series_id)`
      ),
    { signal, statementTimeoutMs: 300_000 }
  );
}
