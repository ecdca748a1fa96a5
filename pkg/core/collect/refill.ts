import { collectRange } from '../collect';
import { failureOf, type CollectFailure } from './failures';
import { newestDueMs, type CollectDeps, type CollectProgress, type WrittenRange } from './progress';
import { countPoints, findGaps } from './collectGrid';
import { withinLastDay } from './raw/rawPieces';
import { asPromkeepError } from '../model/errors';
import { type Definition } from '../ports/definitions';
import { type TimeRange } from '../model/timeRange';
import { retentionMs } from '../model/retention';

/** How often each gap was asked for in vain, by the gap's start; lives as long as the process. */
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
  /** Absent when no gap is to be tried now. */
  range?: TimeRange;
  write?: WrittenRange;
  failure?: CollectFailure;
}

/**
 * Asks again for the newest gap that may be tried now. After a vain attempt the next one asks for half as much, newest part
 * first, so that one bad minute does not keep the rest of its gap from being filled.
 */
export async function refillNext(
  deps: CollectDeps & { refill: RefillSettings },
  query: Definition,
  { progress, memory }: { progress: CollectProgress; memory: RefillMemory },
  signal: AbortSignal
): Promise<RefillStep> {
  const nowMs = deps.clock.nowMs();
  const gaps = await findRefills(deps, query, progress, nowMs);
  const starts = new Set(gaps.map((gap) => gap.fromMs));
  const kept = new Map([...memory].filter(([fromMs]) => starts.has(fromMs)));
  const gap = gaps.find(({ fromMs }) => (kept.get(fromMs)?.notBeforeMs ?? 0) <= nowMs);
  if (!gap) {
    return { memory: kept };
  }
  const attempts = kept.get(gap.fromMs)?.attempts ?? 0;
  const part = newestPart(gap, query.stepMs, Math.min(progress.maxPoints, shrink(gap, query.stepMs, attempts)));
  const range = query.raw ? withinLastDay(part) : part;
  const vain = (): RefillMemory => {
    const waitMs = Math.min(deps.refill.maxBackoffMs, deps.refill.backoffMs * 2 ** attempts);
    return kept.set(gap.fromMs, { attempts: attempts + 1, notBeforeMs: nowMs + waitMs });
  };
  try {
    const write = await collectRange(deps, query, { range, begun: true }, signal);
    if (write.coveredPoints > 0) {
      kept.delete(gap.fromMs);
      return { memory: kept, range, write };
    }
    return { memory: vain(), range, write };
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(asPromkeepError(error));
    // A source or archive that is down says nothing about the gap.
    return { memory: failure.transient ? kept : vain(), range, failure };
  }
}

/** Holes up to the frontier and inside the window, newest first. */
async function findRefills(
  deps: CollectDeps & { refill: RefillSettings },
  query: Definition,
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
  return findGaps(window, await deps.ledger.coverage(query.name), query.stepMs).reverse();
}

function shrink(gap: TimeRange, stepMs: number, attempts: number): number {
  return Math.max(1, Math.floor(countPoints(gap, stepMs) / 2 ** Math.min(attempts, 30)));
}

function newestPart(gap: TimeRange, stepMs: number, points: number): TimeRange {
  return { fromMs: Math.max(gap.fromMs, gap.toMs - (points - 1) * stepMs), toMs: gap.toMs };
}
