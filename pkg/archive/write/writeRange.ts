import { PromkeepError } from '../../core/model/errors';
import { type RangeWrite, type WriteOutcome } from '../../core/ports/sampleStore';
import { type TimeRange } from '../../core/model/timeRange';
import { CLOSED_AFTER_MS } from '../upkeep/upkeep';
import { type Transaction } from '../connect/database';
import { type Session, type SourceDatabase } from '../connect/session';
import { MIN_PACKED_SAMPLES } from '../pack/cutRuns';
import { addCoverage, addGap } from '../ledger/ledgerRows';
import { openVersion } from '../definitions/openVersion';
import { type OpenedQuery, type QueryDefinition } from '../definitions/queryRows';
import { addWeeksOf, type Partitions } from '../schema/partitions';
import { diffSamples, noChanges, outsideOf, type SampleChanges } from './sampleDiff';
import { NO_SAMPLES, type StoredSamples } from '../pack/storedSamples';
import { deleteSamples, readSamples, takeApart, updateSamples } from './sampleRows';
import { type IdentityMemory, identifySeries, type RefusedSeries, type StorableSeries } from './seriesIdentity';
import { resolveSeries } from './seriesRows';
import { addFetch, openWrite, type PreparedWrite } from './writeRows';

/** What a writer remembers between writes; losing it costs time only. */
export interface WriterMemory {
  partitions: Partitions;
  identities: IdentityMemory;
}

/** A write that touches more weeks than this (some 19 years) would need more locks than a stock server has room for. */
export const MAX_WEEKS = 1_000;

/**
 * Replaces what the archive has for a query in a range by a fetched answer: reads what is there, and inserts, updates and
 * deletes the difference, so that repeating a write touches no row. Samples, provenance, coverage and gaps change in one
 * transaction. In the parts named in `gaps` the answer is not to be trusted: there it only adds.
 */
export async function writeRange(
  database: SourceDatabase,
  { partitions, identities }: WriterMemory,
  write: RangeWrite,
  signal: AbortSignal
): Promise<WriteOutcome> {
  const { accepted, refused } = identifySeries(write.series, write.queryName, write.range, identities);
  const weeks = new Set<number>();
  accepted.forEach(({ series }) => addWeeksOf(weeks, series.timesMs));
  if (weeks.size > MAX_WEEKS) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The result has samples in ${weeks.size} different weeks; at most ${MAX_WEEKS} can be archived at once: ask for a shorter range`
    );
  }
  let trusting = true;
  const closedBeforeMs = packableBeforeMs(write);
  const attempt = async (): Promise<WriteOutcome> => {
    await partitions.ensure(weeks, signal);
    if (closedBeforeMs > write.range.fromMs) {
      await partitions.ensurePacked(write.retention, weeks, signal);
    }
    const work = (session: Session): Promise<WriteOutcome> => {
      const identified = { accepted, refused, trusting, closedBeforeMs };
      trusting = false;
      return replaceRange(session, write, identified);
    };
    return database.transaction(work, { signal });
  };
  return partitions.again(attempt);
}

/**
 * Until when samples are packed as they come: in recorded queries, from when packing would take them up anyway. `-Infinity` for
 * writes that are too short to fill a packed row.
 */
function packableBeforeMs({ query, range, provenance }: RangeWrite): number {
  const points = (range.toMs - range.fromMs) / provenance.stepMs;
  return query.kind === 'recorded' && points >= MIN_PACKED_SAMPLES
    ? provenance.fetchedAtMs - CLOSED_AFTER_MS
    : -Infinity;
}

interface Identified {
  accepted: readonly StorableSeries[];
  refused: readonly RefusedSeries[];
  /** Whether the noted ranges may be believed to say what is stored; not when that ended in a doubled key before. */
  trusting: boolean;
  closedBeforeMs: number;
}

async function replaceRange(
  session: Session,
  write: RangeWrite,
  { accepted, refused, trusting, closedBeforeMs }: Identified
): Promise<WriteOutcome> {
  const opened = await openWrite(session, write, definitionOf(write), accepted);
  const query = await currentVersion(session, opened.query, write);
  const resolved = await resolveSeries(session, query.queryId, accepted, opened.known);
  // Behind everything that was ever written there is nothing to read: so it is with nearly every live write.
  const stored =
    trusting && write.range.fromMs >= query.untilMs
      ? new Map<number, StoredSamples>()
      : await readSamples(session, query.queryId, write.range, query.packedUntilMs);
  const changes = diffAll(accepted, resolved.ids, stored, write.gaps);
  const allRefused = [...refused, ...resolved.refused];
  await applyChanges(session, stored, {
    query,
    write,
    changes,
    refusedCount: allRefused.length,
    // The partitions that were made are those of the write's class.
    closedBeforeMs: query.retention === write.retention ? closedBeforeMs : -Infinity,
  });
  for (const gap of write.gaps) {
    await addGap(session, query, gap);
  }
  return {
    inserted: changes.insertCount,
    unchanged: changes.unchanged,
    revised: changes.updates.timesMs.length,
    withdrawn: changes.deletes.timesMs.length,
    refused: allRefused,
  };
}

/** Refuses what an old program would write; begins a version or another class where the write has one. */
async function currentVersion(tx: Transaction, opened: OpenedQuery, write: RangeWrite): Promise<OpenedQuery> {
  if (write.query.kind === 'kept') {
    if (opened.retention !== write.retention) {
      await tx.run(`UPDATE promkeep_queries SET retention = $2::text, updated_at = now() WHERE query_id = $1::bigint`, [
        opened.queryId,
        write.retention,
      ]);
    }
    return opened;
  }
  return openVersion(tx, opened, { name: write.query.name, ...definitionOf(write) });
}

function definitionOf({ query, provenance, retention }: RangeWrite): QueryDefinition {
  return query.kind === 'kept'
    ? { expression: query.expression, stepMs: query.stepMs, retention }
    : { expression: provenance.expression, stepMs: provenance.stepMs, retention };
}

function diffAll(
  accepted: readonly StorableSeries[],
  ids: ReadonlyArray<number | undefined>,
  stored: Map<number, StoredSamples>,
  untrusted: readonly TimeRange[]
): SampleChanges {
  const changes = noChanges();
  const trusted = outsideOf(untrusted);
  const left = new Map(stored);
  for (const [i, { series }] of accepted.entries()) {
    const seriesId = ids[i];
    if (seriesId !== undefined) {
      const { timesMs, values } = series;
      diffSamples(changes, left.get(seriesId) ?? NO_SAMPLES, { seriesId, timesMs, values }, trusted);
      left.delete(seriesId);
    }
  }
  for (const [seriesId, samples] of left) {
    diffSamples(changes, samples, { seriesId, ...NO_SAMPLES }, trusted);
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
  stored: ReadonlyMap<number, StoredSamples>,
  prepared: PreparedWrite
): Promise<void> {
  const { query, write, changes } = prepared;
  const { insertCount, updates, deletes } = changes;
  if (insertCount + updates.timesMs.length + deletes.timesMs.length === 0) {
    await addCoverage(tx, query, write.covered);
    return;
  }
  await takeApart(tx, packedAndChanged(stored, changes), write.range);
  const fetchId = await addFetch(tx, prepared);
  await deleteSamples(tx, deletes);
  await updateSamples(tx, updates, fetchId);
}
