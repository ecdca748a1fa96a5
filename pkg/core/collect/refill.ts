import {
  collectRange,
  judgeFailure,
  newestDueMs,
  type CollectFailure,
  type CollectProgress,
  type WrittenRange,
} from '../collect';
import { type CollectDeps } from './fetchRange';
import { countPoints, findHoles } from './collectGrid';
import { asPromkeepError } from '../model/errors';
import { type RecordedQuery, type TimeRange } from '../ports/ports';
import { retentionMs } from '../model/retention';

/** How often each hole was asked for in vain, by the hole's start; lives as long as the process. */
export type RefillMemory = ReadonlyMap<number, { attempts: number; notBeforeMs: number }>;

export interface RefillSettings {
  /** Holes older than this are left: the source has dropped them. Prometheus keeps 15 days unless told otherwise. */
  windowMs: number;
  /** Wait after the first vain attempt; doubles up to `maxBackoffMs`. */
  backoffMs: number;
  maxBackoffMs: number;
}

export const REFILL_DEFAULTS: RefillSettings = {
  windowMs: 15 * 86_400_000,
  backoffMs: 5 * 60_000,
  maxBackoffMs: 6 * 3_600_000,
};

export interface RefillStep {
  memory: RefillMemory;
  /** Absent when no hole is to be tried now. */
  range?: TimeRange;
  write?: WrittenRange;
  failure?: CollectFailure;
}

/**
 * Asks again for the newest hole that may be tried now. After a vain attempt the next one asks for half as much, newest part
 * first, so that one bad minute does not keep the rest of its hole from being filled.
 */
export async function refillNext(
  deps: CollectDeps & { refill: RefillSettings },
  query: RecordedQuery,
  progress: CollectProgress,
  memory: RefillMemory,
  signal: AbortSignal
): Promise<RefillStep> {
  const nowMs = deps.clock.nowMs();
  const holes = await findRefills(deps, query, progress, nowMs);
  const starts = new Set(holes.map((hole) => hole.fromMs));
  const kept = new Map([...memory].filter(([fromMs]) => starts.has(fromMs)));
  const hole = holes.find(({ fromMs }) => (kept.get(fromMs)?.notBeforeMs ?? 0) <= nowMs);
  if (!hole) {
    return { memory: kept };
  }
  const attempts = kept.get(hole.fromMs)?.attempts ?? 0;
  const range = newestPart(hole, query.stepMs, Math.min(progress.maxPoints, shrink(hole, query.stepMs, attempts)));
  const vain = (): RefillMemory => {
    const waitMs = Math.min(deps.refill.maxBackoffMs, deps.refill.backoffMs * 2 ** attempts);
    return kept.set(hole.fromMs, { attempts: attempts + 1, notBeforeMs: nowMs + waitMs });
  };
  try {
    const write = await collectRange(deps, query, range, signal);
    if (write.coveredPoints > 0) {
      kept.delete(hole.fromMs);
      return { memory: kept, range, write };
    }
    return { memory: vain(), range, write };
  } catch (error) {
    signal.throwIfAborted();
    const failure = judgeFailure(asPromkeepError(error));
    // A source or archive that is down says nothing about the hole.
    return { memory: failure.transient ? kept : vain(), range, failure };
  }
}

/** Holes up to the frontier and inside the window, newest first. */
async function findRefills(
  deps: CollectDeps & { refill: RefillSettings },
  query: RecordedQuery,
  progress: CollectProgress,
  nowMs: number
): Promise<TimeRange[]> {
  const window = {
    // What has expired must not be fetched again.
    fromMs: Math.max(
      progress.historyStartMs,
      nowMs - Math.min(deps.refill.windowMs, retentionMs(query.retention) ?? Infinity)
    ),
    toMs: Math.min(progress.frontierMs, newestDueMs(deps, query)),
  };
  return findHoles(window, await deps.archive.coverage(query.name), query.stepMs).reverse();
}

function shrink(hole: TimeRange, stepMs: number, attempts: number): number {
  return Math.max(1, Math.floor(countPoints(hole, stepMs) / 2 ** Math.min(attempts, 30)));
}

function newestPart(hole: TimeRange, stepMs: number, points: number): TimeRange {
  return { fromMs: Math.max(hole.fromMs, hole.toMs - (points - 1) * stepMs), toMs: hole.toMs };
}
