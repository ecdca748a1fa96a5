import { type ExpiryRun, forEachPlanned, lockPlanned } from '../upkeep/expireRun';
import { storedWidths, STORES_WIDTH } from '../upkeep/rollupWidths';
import { timeText } from '../write/sampleRows';

/**
 * Takes expired ranges out of the ledger, before their samples go, each query on its own. Where rollups outlive the samples,
 * what was covered moves over to `expired`: they speak for it from then on. Not so what lies before `raw_from`, whoever filled it
 * in again: stored buckets there are those of the samples that were there first.
 */
export async function shrinkLedger(run: ExpiryRun): Promise<void> {
  const { database, schema, nowMs, signal, rollups } = run;
  const begin = `${schema}.promkeep_kept_from(q.retention, $1::timestamptz)`;
  const kept = `tstzmultirange(tstzrange(${begin}, NULL))`;
  // An hour more: `raw_from` may come to lie on the first time that is kept, which is the last of a stored bucket.
  const young = `tstzmultirange(tstzrange(${begin} + interval '1 hour', NULL))`;
  const widths = storedWidths(rollups);
  const due = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT q.query_id FROM ${schema}.promkeep_queries q WHERE q.query_id = ANY ($2::bigint[])
         AND (EXISTS (SELECT 1 FROM ${schema}.promkeep_coverage c WHERE c.query_id = q.query_id AND NOT c.covered <@ ${young})
           OR EXISTS (SELECT 1 FROM ${schema}.promkeep_gaps g WHERE g.query_id = q.query_id AND upper(g.missing) <= ${begin}))
         ORDER BY q.query_id`,
        [timeText(nowMs), [...run.plan.keys()]]
      ),
    { signal, readOnly: true }
  );
  await forEachPlanned(
    run,
    due.map((row) => Number(row.query_id)),
    (queryId) =>
      database.transaction(
        async (tx) => {
          if (!(await lockPlanned(run, tx, queryId))) {
            return;
          }
          await tx.run(
            `UPDATE ${schema}.promkeep_coverage c SET covered = c.covered * ${kept}, updated_at = now(), expired = c.expired
               + CASE WHEN EXISTS (SELECT 1 FROM unnest($3::integer[], $4::integer[]) AS w(width_s, days) WHERE ${STORES_WIDTH(schema)})
                   THEN (c.covered - ${young}) * ${unfrozen(schema, 'c')} ELSE '{}' END
             FROM ${schema}.promkeep_queries q WHERE q.query_id = c.query_id AND q.query_id = $2::bigint`,
            [timeText(nowMs), queryId, widths.map(({ widthS }) => widthS), widths.map(({ days }) => days)]
          );
          await tx.run(
            `DELETE FROM ${schema}.promkeep_gaps g USING ${schema}.promkeep_queries q
             WHERE q.query_id = g.query_id AND q.query_id = $2::bigint AND upper(g.missing) <= ${begin}`,
            [timeText(nowMs), queryId]
          );
        },
        { signal }
      )
  );
}

/** Times whose rollups still follow the samples, for a row of a query's coverage. */
export function unfrozen(schema: string, coverage: string): string {
  return `tstzmultirange(tstzrange(coalesce((SELECT max(s.raw_from) FROM ${schema}.promkeep_rollup_state s
    WHERE s.query_id = ${coverage}.query_id), '-infinity') + interval '1 millisecond', NULL))`;
}
