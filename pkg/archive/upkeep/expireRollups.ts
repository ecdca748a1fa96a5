import { type Database } from '../connect/database';
import { type ExpiryRun } from './expireRun';
import { leafTables } from '../schema/leafTables';
import { type RollupRetention, storedWidths, unstoredWidths } from './rollupWidths';
import { timeText } from '../write/sampleRows';

const BATCH_ROWS = 5_000;

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
export async function expiredRollups({
  database,
  schema,
  nowMs,
  rollups,
  signal,
}: ExpiryRun): Promise<Array<{ name: string; parent: string }>> {
  const ending = storedWidths(rollups).flatMap(({ widthS, days }) => (days === null ? [] : [{ widthS, days }]));
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT c.relname AS name, 'promkeep_rollups_' || w.width_s AS parent
         FROM (
           SELECT e.width_s, e.days, false AS unstored FROM unnest($2::integer[], $3::integer[]) AS e(width_s, days)
           UNION ALL SELECT u.width_s, 0, true FROM unnest($4::integer[]) AS u(width_s)) w
         JOIN pg_inherits i ON i.inhparent = ($1::text || w.width_s)::regclass JOIN pg_class c ON c.oid = i.inhrelid
         WHERE w.unstored OR to_date(right(c.relname, 8), 'YYYYMMDD') + CASE w.width_s WHEN 300 THEN 28 ELSE 364 END + w.days
           <= ($5::timestamptz AT TIME ZONE 'UTC')::date
         ORDER BY c.relname`,
        [
          `${schema}.promkeep_rollups_`,
          ending.map(({ widthS }) => widthS),
          ending.map(({ days }) => days),
          unstoredWidths(rollups),
          timeText(nowMs),
        ]
      ),
    { signal, readOnly: true }
  );
  return rows.map((row) => ({ name: String(row.name), parent: String(row.parent) }));
}

/** Stored rollups of series that are gone, because their query was deleted with its data. */
export async function deleteOrphanedRollups(database: Database, schema: string, signal: AbortSignal): Promise<void> {
  const leaves = await database.transaction((tx) => leafTables(tx, schema, 'promkeep_rollups'), {
    signal,
    readOnly: true,
  });
  for (const leaf of leaves) {
    for (let deleted = BATCH_ROWS; deleted === BATCH_ROWS;) {
      deleted = await database.transaction(
        (tx) =>
          tx.run(
            `DELETE FROM ${leaf} WHERE ctid = ANY (ARRAY(
               SELECT p.ctid FROM ${leaf} p
               WHERE NOT EXISTS (SELECT 1 FROM ${schema}.promkeep_series r WHERE r.series_id = p.series_id) LIMIT ${BATCH_ROWS}))`
          ),
        { signal, purpose: 'upkeep' }
      );
    }
  }
}
