import { afterFailure } from './collect/afterFailure';
import { countAllPoints, countPoints } from './collect/collectGrid';
import { failureOf } from './collect/failures';
import { fetchRange } from './collect/fetchRange';
import {
  beginHistory,
  type CollectDeps,
  type CollectProgress,
  type CollectStep,
  newestDueMs,
  type WrittenRange,
} from './collect/progress';
import { prepareRaw } from './collect/raw/prepareRaw';
import { firstPiece, nextRawPoints } from './collect/raw/rawPieces';
import { requireReading } from './collect/raw/rawReading';
import { asPromkeepError, PromkeepError } from './model/errors';
import { type TimeRange } from './model/timeRange';
import { type Definition } from './ports/definitions';
import { type CallOptions } from './ports/metricSource';
import { type RangeWrite, type WriteOutcome } from './ports/sampleStore';

/**
 * Pipeline 2: last saved time → fetch → archive. Each call does one bounded piece of work, so that the caller can be fair
 * between queries and stop at any moment; what is not in the archive yet is found again from its ledger.
 */

/**
 * Collects the next due range, at most `progress.maxPoints` long. Only aborting throws; failures are part of the step.
 */
export async function collectNext(
  deps: CollectDeps,
  query: Definition,
  progress: CollectProgress,
  signal: AbortSignal
): Promise<CollectStep> {
  const dueMs = Math.min(progress.untilMs ?? Infinity, newestDueMs(deps, query));
  const fromMs = progress.frontierMs + query.stepMs;
  if (fromMs > dueMs) {
    return { progress, more: false };
  }
  const longest = { fromMs, toMs: Math.min(dueMs, fromMs + (progress.maxPoints - 1) * query.stepMs) };
  const range = query.raw ? firstPiece(longest, requireReading(deps.rawReading).pieceMs) : longest;
  const { toMs } = range;
  try {
    const write = await collectRange(deps, query, { range, begun: progress.begun }, signal);
    const maxPoints = Math.min(mostPoints(deps, query, range, write), progress.maxPoints * 2);
    return {
      progress: {
        ...progress,
        ...beginHistory(progress, write, toMs + query.stepMs),
        frontierMs: toMs,
        maxPoints,
        giveUpPoints: 1,
      },
      range,
      write,
      more: toMs < dueMs,
    };
  } catch (error) {
    signal.throwIfAborted();
    return afterFailure(deps, query, progress, { range, dueMs, failure: failureOf(asPromkeepError(error)) });
  }
}

/**
 * Fetches and archives one range on the grid; rejects with `PromkeepError`, having written nothing.
 *
 * @param begun whether the query has history already; if not, the times before the source's first data are no gap
 */
export async function collectRange(
  deps: CollectDeps,
  query: Definition,
  { range, begun }: { range: TimeRange; begun: boolean },
  signal: AbortSignal
): Promise<WrittenRange> {
  const memory = deps.budget?.open(true);
  try {
    const call = { signal, memory };
    if (query.raw) {
      return await collectRaw(deps, query, { range, begun }, call);
    }
    const write = withoutPrelude(await fetchRange(deps, query, range, call), begun);
    const outcome = await deps.samples.writeRange(write, signal);
    return written(outcome, write, query.stepMs);
  } finally {
    memory?.release();
  }
}

async function collectRaw(
  deps: CollectDeps,
  query: Definition,
  { range, begun }: { range: TimeRange; begun: boolean },
  call: CallOptions
): Promise<WrittenRange> {
  if (!deps.raw) {
    throw new PromkeepError('INTERNAL', 'Raw series cannot be kept here.');
  }
  const { write, ...prepared } = await prepareRaw(deps, query, range, call);
  // Before a history has begun it lacks nothing.
  const lost = begun ? prepared.lost : undefined;
  if (lost) {
    await deps.ledger.noteGap(query.name, lost);
  }
  const counted = write ? withoutPrelude(write, begun) : { covered: [], gaps: [], provenance: { warnings: [] } };
  const outcome = 'series' in counted ? await deps.raw.writeRaw(counted, call.signal) : NOTHING_WRITTEN;
  return written(outcome, { ...counted, gaps: [...(lost ? [lost] : []), ...counted.gaps] }, query.stepMs);
}

const NOTHING_WRITTEN: WriteOutcome = { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0, refused: [] };

function written(
  outcome: WriteOutcome,
  {
    covered,
    gaps,
    provenance: { warnings },
  }: Pick<RangeWrite, 'covered' | 'gaps'> & { provenance: Pick<RangeWrite['provenance'], 'warnings'> },
  stepMs: number
): WrittenRange {
  return {
    outcome,
    beginMs: covered[0]?.fromMs,
    coveredPoints: countAllPoints(covered, stepMs),
    gapPoints: countAllPoints(gaps, stepMs),
    warnings,
  };
}

/** What the next request may have at most. */
function mostPoints(
  { settings, rawReading }: CollectDeps,
  { raw, stepMs }: Definition,
  range: TimeRange,
  { outcome: { inserted, unchanged, revised } }: WrittenRange
): number {
  return raw
    ? nextRawPoints(inserted + unchanged + revised, countPoints(range, stepMs), requireReading(rawReading).pieceMs)
    : settings.maxPoints;
}

function withoutPrelude<T extends Pick<RangeWrite, 'covered' | 'gaps'>>(write: T, begun: boolean): T {
  const beginMs = write.covered[0]?.fromMs ?? Infinity;
  const gaps = write.gaps.filter(({ fromMs, reason }) => reason !== 'source-had-no-data' || fromMs > beginMs);
  return begun ? write : { ...write, gaps };
}
