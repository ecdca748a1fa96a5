import { type Database } from '../connect/database';
import { type RollupRetention } from './rollupWidths';
import { type QueryFailures } from './upkeepFailures';

/** One run of expiry. */
export interface ExpiryRun {
  database: Database;
  schema: string;
  nowMs: number;
  rollups: RollupRetention;
  failures: QueryFailures;
  signal: AbortSignal;
  /**
   * Queries of which something may go, with the class they had when the run began. One that has another class by now, or for
   * which a step failed, is left for the next run: nothing is removed that the ledger was not shrunk for first.
   */
  plan: Map<number, string>;
}

/** Every query with a class that ends; the others, forever and what cannot be read, are not part of any step. */
export async function planExpiry({ database, schema, signal }: Omit<ExpiryRun, 'plan'>): Promise<ExpiryRun['plan']> {
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT query_id, retention FROM ${schema}.promkeep_queries
         WHERE ${schema}.promkeep_retention_days(retention) IS NOT NULL ORDER BY query_id`
      ),
    { signal, readOnly: true }
  );
  return new Map(rows.map((row) => [Number(row.query_id), String(row.retention)]));
}

/** Does a step for some queries of the plan, each on its own; one for which it fails leaves the plan. */
export async function forEachPlanned(
  { plan, failures }: ExpiryRun,
  queryIds: readonly number[],
  step: (queryId: number, retention: string) => Promise<void>
): Promise<void> {
  for (const queryId of queryIds) {
    const retention = plan.get(queryId);
    if (retention !== undefined) {
      const done = await failures.guard(queryId, async () => {
        await step(queryId, retention);
        return true;
      });
      if (done === undefined) {
        plan.delete(queryId);
      }
    }
  }
}

/** Locks a query of the plan. False, and it leaves the plan, when it has another class by now. */
export async function lockPlanned(
  { schema, plan }: ExpiryRun,
  tx: { rows(sql: string, values?: readonly unknown[]): Promise<unknown[]> },
  queryId: number
): Promise<boolean> {
  const rows = await tx.rows(
    `SELECT 1 FROM ${schema}.promkeep_queries WHERE query_id = $1::bigint AND retention = $2::text FOR NO KEY UPDATE`,
    [queryId, plan.get(queryId)]
  );
  if (rows.length === 0) {
    plan.delete(queryId);
  }
  return rows.length > 0;
}
