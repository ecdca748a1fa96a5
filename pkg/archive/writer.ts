import { PromkeepError } from '../core/errors';
import { type RangeWrite, type SourceIdentity, type TimeRange, type WriteOutcome } from '../core/ports';
import { type Database, type Transaction } from './database';
import { requireEpoch } from './leaseRows';
import { addCoverage, addGap } from './ledgerRows';
import { lockOrMakeQuery, type LockedQuery, type QueryDefinition, startVersion, wasEarlierVersion } from './queryRows';
import { type Partitions, weeksOf } from './partitions';
import { diffSamples, noChanges, outsideOf, type SampleChanges } from './sampleDiff';
import { NO_SAMPLES, type StoredSamples } from './packedRows';
import { deleteSamples, insertSamples, readSamples, takeApart, timeText, updateSamples } from './sampleRows';
import { identifySeries, type StorableSeries } from './seriesIdentity';
import { resolveSeries } from './seriesRows';
import { errorCode } from './sqlState';

/** A write that touches more weeks than this (some 19 years) would need more locks than a stock server has room for. */
const MAX_WEEKS = 1_000;
/** check_violation: what PostgreSQL says when a row finds no partition, here because somebody dropped it. */
const NO_PARTITION = '23514';

/**
 * Replaces what the archive has for a query in a range by a fetched answer: reads what is there, and inserts, updates and
 * deletes the difference, so that repeating a write touches no row. Samples, provenance, coverage and gaps change in one
 * transaction. In the parts named in `gaps` the answer is not to be trusted: there it only adds.
 */
export async function writeRange(
  database: Database,
  partitions: Partitions,
  schema: string,
  source: SourceIdentity,
  write: RangeWrite,
  signal: AbortSignal
): Promise<WriteOutcome> {
  const { accepted, refused } = identifySeries(write.series, write.queryName, write.range);
  const weeks = new Set(accepted.flatMap(({ series }) => [...weeksOf(series.timesMs)]));
  if (weeks.size > MAX_WEEKS) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The result has samples in ${weeks.size} different weeks; at most ${MAX_WEEKS} can be archived at once: ask for a shorter range`
    );
  }
  const attempt = async (): Promise<WriteOutcome> => {
    await partitions.ensure(schema, weeks, signal);
    return database.transaction((tx) => replaceRange(tx, schema, source, write, { accepted, refused }), { signal });
  };
  try {
    return await attempt();
  } catch (error) {
    if (errorCode(error instanceof Error ? error.cause : undefined) !== NO_PARTITION) {
      throw error;
    }
    partitions.forget();
    return attempt();
  }
}

async function replaceRange(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  write: RangeWrite,
  { accepted, refused }: ReturnType<typeof identifySeries>
): Promise<WriteOutcome> {
  // The lease before the query: every writer takes the two in this order.
  await requireEpoch(tx, schema, source, write.epoch);
  const query = await lockForWrite(tx, schema, source, write);
  const resolved = await resolveSeries(tx, schema, query.queryId, accepted);
  const stored = await readSamples(tx, schema, query.queryId, write.range, query.packedUntilMs);
  const changes = diffAll(accepted, resolved.ids, stored, write.gaps);
  const allRefused = [...refused, ...resolved.refused];
  await takeApart(tx, schema, packedAndChanged(stored, changes), write.range);
  await applyChanges(tx, schema, query, write, changes, allRefused.length);
  await addCoverage(tx, schema, query, write.covered);
  for (const gap of write.gaps) {
    await addGap(tx, schema, query, gap);
  }
  return {
    inserted: changes.inserts.timesMs.length,
    unchanged: changes.unchanged,
    revised: changes.updates.timesMs.length,
    withdrawn: changes.deletes.timesMs.length,
    refused: allRefused,
  };
}

async function lockForWrite(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  write: RangeWrite
): Promise<LockedQuery> {
  const definition = definitionOf(write);
  const locked = await lockOrMakeQuery(tx, schema, source, write.query, definition);
  if (write.query.kind === 'kept') {
    if (locked.retention !== write.retention) {
      await tx.run(`UPDATE ${schema}.promkeep_queries SET retention = $2, updated_at = now() WHERE query_id = $1`, [
        locked.queryId,
        write.retention,
      ]);
    }
    return locked;
  }
  if (locked.expression === definition.expression && locked.stepMs === definition.stepMs) {
    return locked;
  }
  // A program that still runs an old definition must not write old answers over new ones, nor make its version current again.
  if (await wasEarlierVersion(tx, schema, locked, definition)) {
    throw new PromkeepError(
      'ARCHIVE_REFUSED',
      `Recorded query ${JSON.stringify(write.query.name)} has been given another expression or step since; restart this program with the current definition`
    );
  }
  return startVersion(tx, schema, locked, definition);
}

function definitionOf({ query, provenance, retention }: RangeWrite): QueryDefinition {
  return query.kind === 'kept'
    ? { expression: query.expression, stepMs: query.stepMs, retention }
    : { expression: provenance.expression, stepMs: provenance.stepMs, retention };
}

function diffAll(
  accepted: readonly StorableSeries[],
  ids: ReadonlyMap<string, number>,
  stored: Map<number, StoredSamples>,
  untrusted: readonly TimeRange[]
): SampleChanges {
  const changes = noChanges();
  const trusted = outsideOf(untrusted);
  const left = new Map(stored);
  for (const { fingerprint, series } of accepted) {
    const seriesId = ids.get(fingerprint);
    if (seriesId !== undefined) {
      diffSamples(changes, seriesId, left.get(seriesId) ?? NO_SAMPLES, series, trusted);
      left.delete(seriesId);
    }
  }
  for (const [seriesId, samples] of left) {
    diffSamples(changes, seriesId, samples, NO_SAMPLES, trusted);
  }
  return changes;
}

/** New samples lie beside packed rows until these are packed again; only changed and withdrawn ones need them taken apart. */
function packedAndChanged(stored: ReadonlyMap<number, StoredSamples>, { updates, deletes }: SampleChanges): number[] {
  const changed = new Set([...updates.seriesIds, ...deletes.seriesIds]);
  return [...changed].filter((seriesId) => stored.get(seriesId)?.packed);
}

async function applyChanges(
  tx: Transaction,
  schema: string,
  query: LockedQuery,
  write: RangeWrite,
  changes: SampleChanges,
  refusedCount: number
): Promise<void> {
  const { inserts, updates, deletes } = changes;
  if (inserts.timesMs.length + updates.timesMs.length + deletes.timesMs.length === 0) {
    return;
  }
  const fetchId = await insertFetch(tx, schema, query, write, changes, refusedCount);
  await deleteSamples(tx, schema, deletes);
  await updateSamples(tx, schema, updates, fetchId);
  await insertSamples(tx, schema, inserts, fetchId);
}

async function insertFetch(
  tx: Transaction,
  schema: string,
  query: LockedQuery,
  { provenance, range }: RangeWrite,
  changes: SampleChanges,
  refusedCount: number
): Promise<number> {
  const [row] = await tx.rows(
    `INSERT INTO ${schema}.promkeep_fetches (query_id, version, fetched_range, fetched_at, expression, prometheus_version,
       warnings, inserted, unchanged, revised, withdrawn, refused)
     VALUES ($1, $2, tstzrange($3, $4, '[]'), $5, $6, $7, $8, $9, $10, $11, $12, $13)
     RETURNING fetch_id, pg_current_xact_id()::text AS transaction_id`,
    [
      query.queryId,
      query.version,
      timeText(range.fromMs),
      timeText(range.toMs),
      timeText(provenance.fetchedAtMs),
      provenance.expression === query.expression ? null : provenance.expression,
      provenance.prometheusVersion ?? null,
      [...provenance.warnings],
      changes.inserts.timesMs.length,
      changes.unchanged,
      changes.updates.timesMs.length,
      changes.deletes.timesMs.length,
      refusedCount,
    ]
  );
  tx.id = String(row.transaction_id);
  return Number(row.fetch_id);
}
