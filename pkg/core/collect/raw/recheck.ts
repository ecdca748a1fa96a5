import { retentionMs } from '../../model/retention';
import { asPromkeepError } from '../../model/errors';
import { RAW_STEP_MS } from '../../model/rawSeries';
import { type TimeRange } from '../../model/timeRange';
import { type Definition } from '../../ports/definitions';
import { type WriteOutcome } from '../../ports/sampleStore';
import { ceilToGrid, countPoints } from '../collectGrid';
import { type CollectFailure, failureOf, shrinks } from '../failures';
import { type CollectDeps } from '../progress';
import { type RefillSettings } from '../refill';
import { prepareRaw } from './prepareRaw';
import { DAY_MS, nextPieceEnd, nextRawPoints, piecePoints, RAW_DAY_POINTS, startOfDay } from './rawPieces';
import { requireReading } from './rawReading';
import { compareRawPiece, type RawVerifyDeps } from './verifyRaw';

/**
 * What a source gains behind the copied position (samples out of order, imported blocks): archived days are read again from the
 * source, compared, and written again where they differ. Each day once it has closed, then all days of the refill window in turn.
 */

/** Chosen to cost little: a day an hour is fifteen days in fifteen hours. */
export interface RecheckPace {
  /** Between the beginnings of two days, at least. */
  dayMs: number;
  /** After the end of a day; the source has by then written its head and what came out of order into blocks. */
  afterDayMs: number;
  /** Before the first piece of a process, which has to catch up first. */
  firstMs: number;
  /** After each piece, so many times as long as it took. */
  restTimes: number;
}

export const RECHECK_DEFAULTS: RecheckPace = {
  dayMs: 3_600_000,
  afterDayMs: 3 * 3_600_000,
  firstMs: 600_000,
  // a twentieth of the time
  restTimes: 19,
};

export type RecheckDeps = CollectDeps & Pick<RawVerifyDeps, 'rawComparing'> & { refill: RefillSettings };

/** Where checking a definition stands; lives as long as the process. Immutable: every piece returns the next one. */
export interface RecheckState {
  /** Of the day at work, what is still to be compared, ascending. */
  left: readonly TimeRange[];
  /** Of the next piece, at most. */
  points: number;
  /** Beginnings of days: the newest that was checked because it had closed, and the last that had its turn. */
  closedMs?: number;
  turnMs?: number;
}

export interface RecheckedPiece {
  state: RecheckState;
  /** Absent: nothing is archived that the source may still hold. */
  range?: TimeRange;
  /** Parts of it, in which the source has other or more samples than the archive; each as large as can be written at once. */
  behind: TimeRange[];
  /** The day is done. */
  isLast: boolean;
  failure?: CollectFailure;
}

/**
 * Compares the next piece. Only aborting throws; after a failure the same piece comes again, a shorter one where that may help;
 * where nothing does, the day is given up until its next turn.
 */
export async function recheckNext(
  deps: RecheckDeps,
  query: Definition,
  { state, pace }: { state: RecheckState | undefined; pace: RecheckPace },
  signal: AbortSignal
): Promise<RecheckedPiece> {
  const { pieceMs } = requireReading(deps.rawReading);
  const before = state ?? { left: [], points: piecePoints(pieceMs) };
  const memory = deps.budget?.open();
  let day = before;
  try {
    day = before.left.length > 0 ? before : beginDay(await findDays(deps, query), before, deps.clock.nowMs(), pace);
    if (day.left.length === 0) {
      return { state: day, behind: [], isLast: true };
    }
    const range = firstPart(day);
    const { comparison } = await compareRawPiece(deps, query, { range, maxExamples: 0 }, { signal, memory });
    const atOnce = nextRawPoints(comparison.compared, countPoints(range, RAW_STEP_MS), pieceMs);
    const next = { ...behindPart(day), points: Math.min(RAW_DAY_POINTS, day.points * 2) };
    const behind = joinTimes(comparison.behind, { range, pieceMs, points: atOnce });
    return { state: next, range, behind, isLast: next.left.length === 0 };
  } catch (error) {
    signal.throwIfAborted();
    return { ...afterFault(day, failureOf(asPromkeepError(error))), behind: [] };
  } finally {
    memory?.release();
  }
}

function firstPart({ left: [{ fromMs, toMs }], points }: RecheckState): TimeRange {
  return { fromMs, toMs: Math.min(toMs, fromMs + (points - 1) * RAW_STEP_MS) };
}

function behindPart(day: RecheckState): RecheckState {
  const [{ toMs }, ...rest] = day.left;
  const done = firstPart(day);
  return { ...day, left: done.toMs < toMs ? [{ fromMs: done.toMs + RAW_STEP_MS, toMs }, ...rest] : rest };
}

function afterFault(day: RecheckState, failure: CollectFailure): Omit<RecheckedPiece, 'behind'> {
  const points = day.left.length > 0 ? countPoints(firstPart(day), RAW_STEP_MS) : 1;
  if (shrinks(failure.error) && points > 1) {
    const state = { ...day, points: Math.floor(points / 2) };
    return { state, isLast: false, ...(failure.transient ? { failure } : {}) };
  }
  // what cannot be compared must not keep the other days from being
  return { state: failure.transient ? day : { ...day, left: [] }, failure, isLast: !failure.transient };
}

/**
 * Writes a part in which the source has other or more samples; what it does not give any more stays, since an archive outlives
 * its source. Rejects with `PromkeepError`, having written nothing.
 */
export async function writeBehind(
  deps: CollectDeps,
  query: Definition,
  range: TimeRange,
  signal: AbortSignal
): Promise<WriteOutcome | undefined> {
  const memory = deps.budget?.open(true);
  try {
    const { write } = await prepareRaw(deps, query, range, { signal, memory });
    return write && (await deps.raw?.writeRaw({ ...write, withdraws: false }, signal));
  } finally {
    memory?.release();
  }
}

/** What is covered within the window, cut into days; ascending. */
async function findDays({ clock, refill, ledger }: RecheckDeps, query: Definition): Promise<TimeRange[]> {
  const keptMs = retentionMs(query.retention) ?? Infinity;
  const oldestMs = ceilToGrid(clock.nowMs() - Math.min(refill.windowMs, keptMs), RAW_STEP_MS);
  const parts: TimeRange[] = [];
  for (const covered of await ledger.coverage(query.name)) {
    for (let fromMs = Math.max(oldestMs, covered.fromMs); fromMs <= covered.toMs;) {
      const toMs = Math.min(covered.toMs, startOfDay(fromMs) + DAY_MS - RAW_STEP_MS);
      parts.push({ fromMs, toMs });
      fromMs = toMs + RAW_STEP_MS;
    }
  }
  return parts;
}

/** A day that has closed since, else the one whose turn it is: from the newest to the oldest and again. */
function beginDay(
  parts: readonly TimeRange[],
  before: RecheckState,
  nowMs: number,
  { dayMs: everyMs, afterDayMs }: RecheckPace
): RecheckState {
  const days = [...new Set(parts.map(({ fromMs }) => startOfDay(fromMs)))];
  const of = (day: number | undefined): TimeRange[] => parts.filter(({ fromMs }) => startOfDay(fromMs) === day);
  const closed = days.filter((day) => day + DAY_MS + afterDayMs <= nowMs);
  const { closedMs, turnMs } = before;
  const fresh = closedMs === undefined ? closed.at(-1) : closed.find((day) => day > closedMs);
  if (fresh !== undefined) {
    return { ...before, left: of(fresh), closedMs: fresh };
  }
  // a process that is started again every few hours must not begin with the same days each time
  const first = days.at(Math.floor(nowMs / everyMs) % Math.max(1, days.length));
  const turn = turnMs === undefined ? first : (days.findLast((day) => day < turnMs) ?? days.at(-1));
  return { ...before, left: of(turn), ...(turn === undefined ? {} : { turnMs: turn }) };
}

/** Grid times as ranges that end where pieces do, as long as may be written at once. */
function joinTimes(
  times: ReadonlySet<number>,
  { range, pieceMs, points }: { range: TimeRange; pieceMs: number; points: number }
): TimeRange[] {
  const joined: TimeRange[] = [];
  for (const timeMs of [...times].sort((a, b) => a - b)) {
    const last = joined.at(-1);
    const toMs = Math.min(range.toMs, nextPieceEnd(timeMs, pieceMs));
    if (last && timeMs <= last.toMs + RAW_STEP_MS && toMs - last.fromMs < points * RAW_STEP_MS) {
      last.toMs = toMs;
    } else {
      joined.push({ fromMs: last ? Math.max(timeMs, last.toMs + RAW_STEP_MS) : timeMs, toMs });
    }
  }
  return joined;
}
