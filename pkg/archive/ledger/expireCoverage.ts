import { type Expiry, forEachPlanned } from '../upkeep/expiryPlan';
import { storedWidths, STORES_WIDTH } from '../upkeep/rollupWidths';
import { timeText } from '../write/sampleRows';

const BEGIN = 'promkeep_kept_from(q.retention, $1::timestamptz)';
const KEPT = `tstzmultirange(tstzrange(${BEGIN}, NULL))`;
/** An hour more: `raw_from` may come to lie on the first time that is kept, which is the last of a stored bucket. */
const YOUNG = `tstzmultirange(tstzrange(${BEGIN} + interval '1 hour', NULL))`;

/** Times whose rollups still follow the samples, for a row `c` of a query's coverage. */
export const UNFROZEN = `tstzmultirange(tstzrange(coalesce((SELECT max(s.raw_from) FROM promkeep_rollup_state s
    WHERE s.query_id = c.query_id), '-infinity') + interval '1 millisecond', NULL))`;

/**
 * Takes expired ranges out of the ledger, before their samples go, each query on its own. Where rollups outlive the samples,
 * what was covered moves over to `expired`: they speak for it from then on. Not so what lies before `raw_from`, whoever filled it
 * in again: stored buckets there are those of the samples that were there first.
 */
export async function shrinkLedger(expiry: Expiry): Promise<void> {
  const now = timeText(expiry.run.nowMs);
  const due = await expiry.run.rows(
    `SELECT q.query_id FROM promkeep_queries q WHERE q.query_id = ANY ($2::bigint[])
     AND (EXISTS (SELECT 1 FROM promkeep_coverage c WHERE c.query_id = q.query_id AND NOT c.covered <@ ${YOUNG})
       OR EXISTS (SELECT 1 FROM promkeep_gaps g WHERE g.query_id = q.query_id AND upper(g.missing) <= ${BEGIN}))
     ORDER BY q.query_id`,
    [now, [...expiry.plan.keys()]]
  );
  const queryIds = due.map((row) => Number(row.query_id));
  await forEachPlanned(expiry, queryIds, async (tx, queryId) => {
    await tx.run(
      `UPDATE promkeep_coverage c SET covered = c.covered * ${KEPT}, updated_at = now(), expired = c.expired
         + CASE WHEN EXISTS (SELECT 1 FROM unnest($3::integer[], $4::integer[]) AS w(width_s, days) WHERE ${STORES_WIDTH})
             THEN (c.covered - ${YOUNG}) * ${UNFROZEN} ELSE '{}' END
       FROM promkeep_queries q WHERE q.query_id = c.query_id AND q.query_id = $2::bigint`,
      [now, queryId, ...storedWidths(expiry.rollups)]
    );
    await tx.run(
      `DELETE FROM promkeep_gaps g USING promkeep_queries q
       WHERE q.query_id = g.query_id AND q.query_id = $2::bigint AND upper(g.missing) <= ${BEGIN}`,
      [now, queryId]
    );
  });
}
