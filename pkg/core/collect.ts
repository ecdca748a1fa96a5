import { fetchRange, type FetchDeps } from './collect/fetchRange';
import { countPoints, floorToGrid } from './collect/collectGrid';
import { asPromkeepError, type PromkeepError } from './model/errors';
import { type Gap, type GapReason } from './ports/ledger';
import { type RangeWrite, type WriteOutcome } from './ports/sampleStore';
import { type Definition } from './ports/definitions';
import { type TimeRange } from './model/timeRange';
import { retentionMs } from './model/retention';
import { type MemoryBudget } from './memory/memoryBudget';
import { type CollectTarget } from './collect/underLease';

/**
 * Pipeline 2: last saved time → fetch → archive. Each call does one bounded piece of work, so that the caller can be fair
 * between queries and stop at any moment; what is not in the archive yet is found again from its ledger.
 */

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
  /** The first time this query was ever due; holes are looked for from here on. */
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

export interface CollectFailure {
  reason: GapReason;
  error: PromkeepError;
  /** The same request may work later without anybody changing anything: back off, ask again, do not go on. */
  transient: boolean;
}

/** The newest grid time that is settled, i.e. whose answer will not change any more. */
export function newestDueMs(deps: Pick<CollectDeps, 'clock' | 'settings'>, query: Definition): number {
  return floorToGrid(deps.clock.nowMs() - deps.settings.settleMs, query.stepMs);
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
  const sizes = { maxPoints: deps.settings.maxPoints, giveUpPoints: 1 };
  const gapStartMs = earliestGapMs === undefined ? Infinity : floorToGrid(earliestGapMs, stepMs);
  if (covered.length > 0) {
    const frontierMs = floorToGrid(covered[covered.length - 1].toMs, stepMs);
    return { frontierMs, historyStartMs: Math.min(covered[0].fromMs, gapStartMs), begun: true, ...sizes };
  }
  const backfillMs =
    (query.version ?? 1) > 1 ? 0 : Math.min(deps.settings.backfillMs, retentionMs(query.retention) ?? Infinity);
  const firstMs = newestDueMs(deps, query) - floorToGrid(backfillMs, stepMs);
  const historyStartMs = Math.min(firstMs, gapStartMs);
  return { frontierMs: historyStartMs - stepMs, historyStartMs, begun: gapStartMs < Infinity, ...sizes };
}

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
  const toMs = Math.min(dueMs, fromMs + (progress.maxPoints - 1) * query.stepMs);
  const range = { fromMs, toMs };
  try {
    const write = await collectRange(deps, query, { range, begun: progress.begun }, signal);
    const maxPoints = Math.min(deps.settings.maxPoints, progress.maxPoints * 2);
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

/** The history begins where the source first held data: asked before its server was up, it lacks nothing. */
function beginHistory(
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
    const fetched = await fetchRange(deps, query, range, { signal, memory });
    const write = begun ? fetched : { ...fetched, gaps: withoutPrelude(fetched) };
    const outcome = await deps.samples.writeRange(write, signal);
    const points = (parts: readonly TimeRange[]): number =>
      parts.reduce((sum, part) => sum + countPoints(part, query.stepMs), 0);
    return {
      outcome,
      beginMs: write.covered[0]?.fromMs,
      coveredPoints: points(write.covered),
      gapPoints: points(write.gaps),
      warnings: write.provenance.warnings,
    };
  } finally {
    memory?.release();
  }
}

function withoutPrelude({ covered, gaps }: RangeWrite): readonly Gap[] {
  const beginMs = covered[0]?.fromMs ?? Infinity;
  return gaps.filter(({ fromMs, reason }) => reason !== 'source-had-no-data' || fromMs > beginMs);
}

interface FailedRange {
  range: TimeRange;
  dueMs: number;
  failure: CollectFailure;
}

/**
 * A smaller request may do where this one was too much. A query that Prometheus refuses even for one point leaves a gap and
 * goes on, so that a bad minute (say, a many-to-many match) does not end the recording.
 */
async function afterFailure(
  deps: CollectDeps,
  query: Definition,
  progress: CollectProgress,
  { range, dueMs, failure }: FailedRange
): Promise<CollectStep> {
  const points = countPoints(range, query.stepMs);
  const maxPoints = Math.max(1, Math.floor(points / 2));
  if (failure.transient) {
    const begun = (await noteGap(deps, query, { fromMs: range.fromMs, toMs: dueMs }, failure)) || progress.begun;
    const next = { ...progress, begun, maxPoints: shrinks(failure.error) ? maxPoints : progress.maxPoints };
    return { progress: next, range, failure, more: false };
  }
  if (shrinks(failure.error) && points > progress.giveUpPoints) {
    return { progress: { ...progress, maxPoints }, range, more: true };
  }
  if (!(await noteGap(deps, query, range, failure))) {
    return { progress, range, failure, more: false };
  }
  const giveUpPoints = progress.giveUpPoints * 2;
  const next = {
    ...progress,
    begun: true,
    frontierMs: range.toMs,
    giveUpPoints,
    maxPoints: Math.max(progress.maxPoints, giveUpPoints),
  };
  return { progress: next, range, failure, more: range.toMs < dueMs };
}

/** @returns false when the archive could not take the note; the range is then found missing by its ledger anyway */
async function noteGap(
  deps: CollectDeps,
  query: Definition,
  range: TimeRange,
  { reason, error }: CollectFailure
): Promise<boolean> {
  if (reason === 'archive-down') {
    return false;
  }
  try {
    await deps.ledger.noteGap(query.name, { ...range, reason, detail: error.message.slice(0, 500) });
    return true;
  } catch {
    // The archive being away as well is told by the next write; this failure is what the caller must hear now.
    return false;
  }
}

/** Answers that a shorter range may avoid. 422 is "too many samples" among others. */
function shrinks(error: PromkeepError): boolean {
  return (
    error.code === 'SOURCE_RESPONSE_TOO_LARGE' ||
    error.code === 'LIMIT_EXCEEDED' ||
    error.code === 'SOURCE_TIMEOUT' ||
    error.code === 'SOURCE_REFUSED'
  );
}

/** Why a range is missing, and whether to ask again, by the error of its fetch or write. */
export function failureOf(error: PromkeepError): CollectFailure {
  if (error.code.startsWith('ARCHIVE_')) {
    // ARCHIVE_REFUSED: this very data will be refused again, so it becomes a gap instead of a standstill.
    const refused = error.code === 'ARCHIVE_REFUSED';
    return { reason: refused ? 'query-failed' : 'archive-down', error, transient: !refused };
  }
  switch (error.code) {
    case 'SOURCE_REFUSED': {
      // Prometheus' 503 is "timed out" or "shutting down"; 400 and 422 are about the query.
      const transient = error.status >= 500;
      return { reason: transient ? 'source-down' : 'query-failed', error, transient };
    }
    case 'LIMIT_EXCEEDED':
      // 429: there is no room in memory just now, which says nothing about the query.
      return { reason: 'query-failed', error, transient: error.status === 429 };
    case 'SOURCE_RESPONSE_TOO_LARGE':
    case 'QUERY_INVALID':
      return { reason: 'query-failed', error, transient: false };
    case 'INTERNAL':
      return { reason: 'query-failed', error, transient: true };
    default:
      return { reason: 'source-down', error, transient: true };
  }
}
