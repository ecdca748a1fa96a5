import { type SourceIdentity } from '../../core/ports/archive';
import { type Database, type Transaction } from '../connect/database';
import { leafTables } from '../schema/leafTables';
import { type QueryFailures } from './upkeepFailures';

/** What one run removed. */
export interface PurgeOutcome {
  /** Recorded queries whose data is gone. */
  queries: number;
  samples: number;
  packedRows: number;
}

/** Which deleted queries: those of one source (and name), or all in the archive. */
export interface PurgeScope {
  source: SourceIdentity;
  names?: readonly string[];
}

const BATCH_SAMPLES = 20_000;
const BATCH_PACKED = 500;
const BATCH_ROWS = 5_000;
/** An archiver reads the definitions every few seconds; one that has not heard of a deletion by then is not running. */
const REMEMBER = `interval '1 hour'`;

export interface PurgeRequest {
  scope?: PurgeScope;
  /** Takes what fails for one query, so that the others are served; absent: it is thrown. */
  failures?: QueryFailures;
}

/**
 * Removes the data of recorded queries that were deleted with it, from their date on. Short transactions under the query's lock,
 * so that packing and the like stay out; may be killed at any moment and repeated, also by several at once.
 */
export async function purgeDeleted(
  database: Database,
  schema: string,
  { scope, failures }: PurgeRequest,
  signal: AbortSignal
): Promise<PurgeOutcome> {
  const outcome: PurgeOutcome = { queries: 0, samples: 0, packedRows: 0 };
  for (const queryId of await deletedQueries(database, schema, scope, signal)) {
    const work = (): Promise<void> => purgeOne({ database, schema, queryId, signal }, outcome);
    await (failures ? failures.guard(queryId, work) : work());
  }
  await forgetOld(database, schema, signal);
  return outcome;
}

interface Purged {
  database: Database;
  schema: string;
  queryId: number;
  signal: AbortSignal;
}

async function purgeOne({ database, schema, queryId, signal }: Purged, outcome: PurgeOutcome): Promise<void> {
  const batch = (table: string, size: number): Promise<number> =>
    drain(database, schema, queryId, signal, (tx) => deleteBatch(tx, schema, table, queryId, size));
  // Taking a packed row apart makes samples of it, so both are looked at until neither has any.
  for (let found = 1; found > 0;) {
    const samples = await batch('promkeep_samples', BATCH_SAMPLES);
    const packedRows = await batch('promkeep_packed', BATCH_PACKED);
    outcome.samples += samples;
    outcome.packedRows += packedRows;
    found = samples + packedRows;
  }
  // Made from samples and packed rows, hence after them; a schema without stored rollups has none.
  await batch('promkeep_rollups', BATCH_PACKED);
  for (const [table, key] of [
    ['promkeep_fetches', 'fetch_id'],
    ['promkeep_series', 'series_id'],
  ]) {
    await drain(database, schema, queryId, signal, (tx) =>
      tx.run(
        `DELETE FROM ${schema}.${table} WHERE ${key} = ANY (ARRAY(
           SELECT ${key} FROM ${schema}.${table} WHERE query_id = $1::bigint LIMIT ${BATCH_ROWS}))`,
        [queryId]
      )
    );
  }
  await locked(database, schema, queryId, signal, (tx) => finish(tx, schema, queryId));
  outcome.queries++;
}

async function deletedQueries(
  database: Database,
  schema: string,
  scope: PurgeScope | undefined,
  signal: AbortSignal
): Promise<number[]> {
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT q.query_id FROM ${schema}.promkeep_queries q JOIN ${schema}.promkeep_sources o ON o.source_id = q.source_id
         WHERE q.delete_data AND ($1::bigint IS NULL OR (o.org_id = $1::bigint AND o.name = $2::text))
           AND ($3::text[] IS NULL OR q.name = ANY ($3::text[])) ORDER BY q.query_id`,
        [scope?.source.orgId ?? null, scope?.source.name ?? null, scope?.names ?? null]
      ),
    { signal, readOnly: true }
  );
  return rows.map((row) => Number(row.query_id));
}

/** Repeats a batch until it finds nothing more; gives how much it found. */
async function drain(
  database: Database,
  schema: string,
  queryId: number,
  signal: AbortSignal,
  work: (tx: Transaction) => Promise<number>
): Promise<number> {
  let total = 0;
  for (let deleted = 1; deleted > 0; total += deleted) {
    deleted = await locked(database, schema, queryId, signal, work);
  }
  return total;
}

/** Does nothing when the query is not to be purged any more: another program has done it. */
function locked(
  database: Database,
  schema: string,
  queryId: number,
  signal: AbortSignal,
  work: (tx: Transaction) => Promise<number>
): Promise<number> {
  return database.transaction(
    async (tx) => {
      const rows = await tx.rows(
        `SELECT 1 FROM ${schema}.promkeep_queries WHERE query_id = $1::bigint AND delete_data FOR NO KEY UPDATE`,
        [queryId]
      );
      return rows.length === 0 ? 0 : work(tx);
    },
    { signal, purpose: 'upkeep' }
  );
}

/** Partition by partition: row addresses are found through the index of one, whatever the planner thinks of all of them. */
async function deleteBatch(
  tx: Transaction,
  schema: string,
  table: string,
  queryId: number,
  size: number
): Promise<number> {
  let deleted = 0;
  for (const leaf of await leafTables(tx, schema, table)) {
    if (deleted < size) {
      deleted += await tx.run(
        `DELETE FROM ${leaf} WHERE ctid = ANY (ARRAY(
           SELECT d.ctid FROM ${schema}.promkeep_series r JOIN ${leaf} d ON d.series_id = r.series_id
           WHERE r.query_id = $1::bigint LIMIT ${size - deleted}))`,
        [queryId]
      );
    }
  }
  return deleted;
}

async function finish(tx: Transaction, schema: string, queryId: number): Promise<number> {
  await tx.run(`DELETE FROM ${schema}.promkeep_gaps WHERE query_id = $1::bigint`, [queryId]);
  await tx.run(`DELETE FROM ${schema}.promkeep_coverage WHERE query_id = $1::bigint`, [queryId]);
  await tx.run(`DELETE FROM ${schema}.promkeep_rollup_state WHERE query_id = $1::bigint`, [queryId]);
  await tx.run(
    `DELETE FROM ${schema}.promkeep_query_versions v USING ${schema}.promkeep_queries q
     WHERE q.query_id = $1::bigint AND v.query_id = $1::bigint AND v.version <> q.current_version`,
    [queryId]
  );
  return tx.run(
    `UPDATE ${schema}.promkeep_queries SET delete_data = false, packed_until = NULL, packed_at = NULL, condensed_until = NULL
     WHERE query_id = $1::bigint`,
    [queryId]
  );
}

async function forgetOld(database: Database, schema: string, signal: AbortSignal): Promise<void> {
  await database.transaction(
    (tx) =>
      tx.run(
        `DELETE FROM ${schema}.promkeep_queries q WHERE q.deleted_at < now() - ${REMEMBER} AND NOT q.delete_data
         AND NOT EXISTS (SELECT 1 FROM ${schema}.promkeep_series r WHERE r.query_id = q.query_id)`
      ),
    { signal }
  );
}
