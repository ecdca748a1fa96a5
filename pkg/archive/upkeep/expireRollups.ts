import { timeText } from '../write/sampleRows';
import { type Expiry } from './expiryPlan';
import { leafTables } from './leaves';
import { type RollupRetention, storedWidths, unstoredWidths } from './rollupWidths';
import { type UpkeepRun } from './upkeepRun';

const BATCH_ROWS = 5_000;

/** From now on nobody looks for rollups of widths that are not stored any more. Committed before they are removed. */
export async function forgetUnstored(run: UpkeepRun, retention: RollupRetention): Promise<void> {
  const widths = unstoredWidths(retention);
  if (widths.length > 0) {
    await run.batch((tx) => tx.run('DELETE FROM promkeep_rollup_state WHERE width_s = ANY ($1::integer[])', [widths]));
  }
}

/** The partitions of stored rollups of which every bucket has expired, each with its parent, quoted. */
export async function expiredRollups({ run, rollups }: Expiry): Promise<Array<{ name: string; parent: string }>> {
  const rows = await run.rows(
    `SELECT format('%I', c.relname) AS name, 'promkeep_rollups_' || w.width_s AS parent
     FROM (
       SELECT e.width_s, e.days, false AS unstored FROM unnest($1::integer[], $2::integer[]) AS e(width_s, days)
       UNION ALL SELECT u.width_s, 0, true FROM unnest($3::integer[]) AS u(width_s)) w
     JOIN pg_inherits i ON i.inhparent = ('promkeep_rollups_' || w.width_s)::regclass JOIN pg_class c ON c.oid = i.inhrelid
     WHERE w.unstored OR to_date(right(c.relname, 8), 'YYYYMMDD') + CASE w.width_s WHEN 300 THEN 28 ELSE 364 END + w.days
       <= ($4::timestamptz AT TIME ZONE 'UTC')::date
     ORDER BY c.relname`,
    [...storedWidths(rollups), unstoredWidths(rollups), timeText(run.nowMs)]
  );
  return rows.map((row) => ({ name: String(row.name), parent: String(row.parent) }));
}

/** Stored rollups of series that are gone, because their query was deleted with its data. */
export async function deleteOrphanedRollups(run: UpkeepRun): Promise<void> {
  for (const leaf of await leafTables(run, 'promkeep_rollups')) {
    const statement = `DELETE FROM ${leaf} WHERE ctid = ANY (ARRAY(
      SELECT p.ctid FROM ${leaf} p
      WHERE NOT EXISTS (SELECT 1 FROM promkeep_series r WHERE r.series_id = p.series_id) LIMIT ${BATCH_ROWS}))`;
    await run.drain(BATCH_ROWS, (tx) => tx.run(statement));
  }
}
