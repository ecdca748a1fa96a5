import { type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { type RollupRetention } from './rollupWidths';
import { type UpkeepRun } from './upkeepRun';

/** One run of expiry. */
export interface Expiry {
  run: UpkeepRun;
  rollups: RollupRetention;
  /**
   * Queries of which something may go, with the class they had when the run began. One that has another class by now, or for
   * which a step failed, is left for the next run: nothing is removed that the ledger was not shrunk for first.
   */
  plan: Map<number, string>;
}

/** Every query with a class that ends; the others, forever and what cannot be read, are not part of any step. */
export async function planExpiry(run: UpkeepRun): Promise<Expiry['plan']> {
  const rows = await run.rows(
    'SELECT query_id, retention FROM promkeep_queries WHERE promkeep_retention_days(retention) IS NOT NULL ORDER BY query_id'
  );
  return new Map(rows.map((row) => [Number(row.query_id), String(row.retention)]));
}

/** Does a step for some queries of the plan, each in a transaction and under its lock; one for which it fails leaves the plan. */
export async function forEachPlanned(
  { run, plan }: Expiry,
  queryIds: readonly number[],
  step: (tx: Transaction, queryId: number) => Promise<unknown>
): Promise<void> {
  for (const queryId of queryIds.filter((id) => plan.has(id))) {
    const done = await run.failures.guard(queryId, () =>
      run.batch(async (tx) => {
        const planned = (await lockById(tx, queryId))?.retention === plan.get(queryId);
        if (planned) {
          await step(tx, queryId);
        }
        return planned;
      })
    );
    if (!done) {
      plan.delete(queryId);
    }
  }
}
