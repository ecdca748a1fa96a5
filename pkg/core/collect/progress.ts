import { type MemoryBudget } from '../memory/memoryBudget';
import { retentionMs } from '../model/retention';
import { RAW_STEP_MS } from '../model/rawSeries';
import { type TimeRange } from '../model/timeRange';
import { type Definition } from '../ports/definitions';
import { type WriteOutcome } from '../ports/sampleStore';
import { floorToGrid } from './collectGrid';
import { type CollectFailure } from './failures';
import { type FetchDeps } from './fetchRange';
import { lastPieceEnd, nextPieceEnd, piecePoints } from './raw/rawPieces';
import { requireReading } from './raw/rawReading';
import { type CollectTarget } from './underLease';

export interface CollectDeps extends FetchDeps, CollectTarget {
  /** Absent: what is fetched does not count. */
  budget?: MemoryBudget;
}

/** Where collecting one query stands. Immutable: every step returns the next one. */
export interface CollectProgress {
  /** The last grid time that was answered; the next one is due when it is settled. */
  frontierMs: number;
  /** The last grid time that is wanted; absent: the newest that is settled. */
  untilMs?: number;
  /** The first time this query was ever due; gaps are looked for from here on. */
  historyStartMs: number;
  /** False until the source first held data: what it lacks before that is no gap, the history has not begun. */
  begun: boolean;
  /** Points in the next request: halved when an answer was too large or too slow, doubled after each good one. */
  maxPoints: number;
  /**
   * A refused request of at most this many points is given up as a gap instead of being halved again. 1 in good times; doubles
   * with each gap, so that a query which always fails costs a handful of requests and not one for every missed point.
   */
  giveUpPoints: number;
}

export interface CollectStep {
  progress: CollectProgress;
  /** The range that was asked for; absent when nothing was due. */
  range?: TimeRange;
  write?: WrittenRange;
  failure?: CollectFailure;
  /** More is due already: call again soon. */
  more: boolean;
}

export interface WrittenRange {
  outcome: WriteOutcome;
  /** The first covered time. */
  beginMs?: number;
  coveredPoints: number;
  gapPoints: number;
  warnings: readonly string[];
}

type DueDeps = Pick<CollectDeps, 'clock' | 'settings' | 'rawReading'>;

/**
 * The newest grid time that is settled, i.e. whose answer will not change any more; of raw series the newest one with which a
 * piece ends whose samples are all settled.
 */
export function newestDueMs(deps: DueDeps, query: Definition): number {
  if (!query.raw) {
    return floorToGrid(deps.clock.nowMs() - deps.settings.settleMs, query.stepMs);
  }
  const { settleMs, pieceMs } = requireReading(deps.rawReading);
  return lastPieceEnd(floorToGrid(deps.clock.nowMs() - settleMs, RAW_STEP_MS) - RAW_STEP_MS, pieceMs);
}

/** When the first time after `frontierMs` will be due. */
export function nextDueAtMs(deps: DueDeps, query: Definition, frontierMs: number): number {
  const nextMs = frontierMs + query.stepMs;
  if (!query.raw) {
    return nextMs + deps.settings.settleMs;
  }
  const { settleMs, pieceMs } = requireReading(deps.rawReading);
  return nextPieceEnd(nextMs, pieceMs) + RAW_STEP_MS + settleMs;
}

/**
 * Finds out from the archive's ledger where collecting has to go on: behind the last covered time, or, when nothing was ever
 * covered, at the first noted gap. A query the archive has never seen begins now, or `backfillMs` earlier. A later version always
 * begins now: what it fetched of the time before would replace what its predecessor recorded, which whoever may change an
 * expression could use to empty or to falsify it.
 *
 * @param earliestGapMs start of the oldest gap the ledger holds for this query
 */
export async function openProgress(
  deps: CollectDeps,
  query: Definition,
  earliestGapMs: number | undefined
): Promise<CollectProgress> {
  const { stepMs, name } = query;
  const covered = await deps.ledger.coverage(name);
  const maxPoints = query.raw ? piecePoints(requireReading(deps.rawReading).pieceMs) : deps.settings.maxPoints;
  const sizes = { maxPoints, giveUpPoints: 1 };
  const gapStartMs = earliestGapMs === undefined ? Infinity : floorToGrid(earliestGapMs, stepMs);
  if (covered.length > 0) {
    const frontierMs = floorToGrid(covered[covered.length - 1].toMs, stepMs);
    return { frontierMs, historyStartMs: Math.min(covered[0].fromMs, gapStartMs), begun: true, ...sizes };
  }
  const backfillMs =
    (query.version ?? 1) > 1 ? 0 : Math.min(deps.settings.backfillMs, retentionMs(query.retention) ?? Infinity);
  const firstMs = firstTimeMs(deps, query, floorToGrid(backfillMs, stepMs));
  const historyStartMs = Math.min(firstMs, gapStartMs);
  return { frontierMs: historyStartMs - stepMs, historyStartMs, begun: gapStartMs < Infinity, ...sizes };
}

/**
 * Raw series begin with a piece that is due already, so that something is seen at once; a later version behind what is due, since all
 * samples of a predecessor's minute would be withdrawn that its selectors do not match.
 */
function firstTimeMs(deps: CollectDeps, query: Definition, backfillMs: number): number {
  const dueMs = newestDueMs(deps, query);
  if (!query.raw) {
    return dueMs - backfillMs;
  }
  const nextMs = dueMs + RAW_STEP_MS;
  return (query.version ?? 1) > 1 ? nextMs : nextMs - Math.max(requireReading(deps.rawReading).pieceMs, backfillMs);
}

/** The history begins where the source first held data: asked before its server was up, it lacks nothing. */
export function beginHistory(
  progress: CollectProgress,
  { beginMs, gapPoints }: WrittenRange,
  nextMs: number
): Pick<CollectProgress, 'begun' | 'historyStartMs'> {
  const { begun, historyStartMs } = progress;
  if (begun) {
    return { begun, historyStartMs };
  }
  return beginMs === undefined && gapPoints === 0
    ? { begun: false, historyStartMs: nextMs }
    : { begun: true, historyStartMs: beginMs ?? historyStartMs };
}
