import { type SourceIdentity } from '../../core/ports/archive';
import { type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { deleteLabels, deleteSeries } from './expiredChunks';
import { leafTables } from './leaves';
import { type UpkeepRun } from './upkeepRun';

/** What one run removed. */
export interface PurgeOutcome {
  /** Recorded queries whose data is gone. */
  queries: number;
  samples: number;
  /** And rows of chunks. */
  packedRows: number;
}

const BATCH_SAMPLES = 20_000;
const BATCH_PACKED = 500;
const BATCH_ROWS = 5_000;

/**
 * Removes the data of recorded queries that were deleted with it, from their date on. Short transactions under the query's lock,
 * so that packing and the like stay out; may be killed at any moment and repeated, also by several at once.
 *
 * @param scope only queries of these names; absent: all in the archive
 */
export async function purgeDeleted(
  run: UpkeepRun,
  scope?: { source: SourceIdentity; names: readonly string[] }
): Promise<PurgeOutcome> {
  const outcome: PurgeOutcome = { queries: 0, samples: 0, packedRows: 0 };
  const deleted = await run.rows(
    `SELECT q.query_id FROM promkeep_queries q JOIN promkeep_sources o ON o.source_id = q.source_id
     WHERE q.delete_data AND ($1::bigint IS NULL OR (o.org_id = $1::bigint AND o.name = $2::text))
       AND ($3::text[] IS NULL OR q.name = ANY ($3::text[])) ORDER BY q.query_id`,
    [scope?.source.orgId ?? null, scope?.source.name ?? null, scope?.names ?? null]
  );
  for (const queryId of deleted.map((row) => Number(row.query_id))) {
    await run.failures.guard(queryId, () => purgeOne(run, queryId, outcome));
  }
  if (scope === undefined) {
    // An archiver reads the definitions every few seconds; one that has not heard of a deletion within an hour is not running.
    await run.batch((tx) =>
      tx.run(
        `DELETE FROM promkeep_queries q WHERE q.deleted_at < now() - interval '1 hour' AND NOT q.delete_data
         AND NOT EXISTS (SELECT 1 FROM promkeep_series r WHERE r.query_id = q.query_id)
         AND NOT EXISTS (SELECT 1 FROM promkeep_raw_series r WHERE r.query_id = q.query_id)`
      )
    );
  }
  return outcome;
}

async function purgeOne(run: UpkeepRun, queryId: number, outcome: PurgeOutcome): Promise<void> {
  /** Does nothing when the query is not to be purged any more: another program has done it. */
  const locked =
    (work: (tx: Transaction) => Promise<number>) =>
    async (tx: Transaction): Promise<number> =>
      (await lockById(tx, queryId))?.deleteData ? work(tx) : 0;
  const drain = (table: string, size: number, seriesTable = 'promkeep_series'): Promise<number> =>
    run.drain(
      size,
      locked((tx) => deleteBatch(tx, { table, seriesTable, queryId }, size))
    );
  // Taking a packed row apart makes samples of it, so both are looked at until neither has any.
  for (let found = 1; found > 0;) {
    const samples = await drain('promkeep_samples', BATCH_SAMPLES);
    const packedRows = await drain('promkeep_packed', BATCH_PACKED);
    outcome.samples += samples;
    outcome.packedRows += packedRows;
    found = samples + packedRows;
  }
  outcome.packedRows += await drain('promkeep_chunks', BATCH_PACKED, 'promkeep_raw_series');
  const labels = new Set<number>();
  await run.drain(
    BATCH_ROWS,
    locked((tx) => deleteSeries(tx, queryId, BATCH_ROWS, labels))
  );
  await deleteLabels(run, labels);
  // Made from samples and packed rows, hence after them; a schema without stored rollups has none.
  await drain('promkeep_rollups', BATCH_PACKED);
  for (const [table, key] of [
    ['promkeep_fetches', 'fetch_id'],
    ['promkeep_series', 'series_id'],
  ]) {
    const statement = `DELETE FROM ${table} WHERE ${key} = ANY (ARRAY(
      SELECT ${key} FROM ${table} WHERE query_id = $1::bigint LIMIT ${BATCH_ROWS}))`;
    await run.drain(
      BATCH_ROWS,
      locked((tx) => tx.run(statement, [queryId]))
    );
  }
  await run.batch(locked((tx) => finish(tx, queryId)));
  outcome.queries++;
}

/** Partition by partition: row addresses are found through the index of one, whatever the planner thinks of all of them. */
async function deleteBatch(
  tx: Transaction,
  { table, seriesTable, queryId }: { table: string; seriesTable: string; queryId: number },
  size: number
): Promise<number> {
  let deleted = 0;
  for (const leaf of await leafTables(tx, table)) {
    if (deleted < size) {
      deleted += await tx.run(
        `DELETE FROM ${leaf} WHERE ctid = ANY (ARRAY(
           SELECT d.ctid FROM ${seriesTable} r JOIN ${leaf} d ON d.series_id = r.series_id
           WHERE r.query_id = $1::bigint LIMIT ${size - deleted}))`,
        [queryId]
      );
    }
  }
  return deleted;
}

async function finish(tx: Transaction, queryId: number): Promise<number> {
  for (const table of ['promkeep_gaps', 'promkeep_coverage', 'promkeep_rollup_state']) {
    await tx.run(`DELETE FROM ${table} WHERE query_id = $1::bigint`, [queryId]);
  }
  await tx.run(
    `DELETE FROM promkeep_query_versions v USING promkeep_queries q
     WHERE q.query_id = $1::bigint AND v.query_id = $1::bigint AND v.version <> q.current_version`,
    [queryId]
  );
  return tx.run(
    `UPDATE promkeep_queries SET delete_data = false, packed_until = NULL, packed_at = NULL, condensed_until = NULL
     WHERE query_id = $1::bigint`,
    [queryId]
  );
}
