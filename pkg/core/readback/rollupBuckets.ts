import { splitGrid } from './seam';
import { type RollupState } from '../ports/history';
import { type TimeGrid, type TimeRange } from '../model/timeRange';

const HOUR_MS = 3_600_000;
/** Rollups count buckets in whole seconds. */
const SECOND_MS = 1_000;

/**
 * Splits the ends of buckets `(end - widthMs, end]` into those whose recorded times are all covered and the others. A bucket
 * with a hole may hold samples of partial answers or of an older expression, which stored rollups cannot tell apart.
 *
 * @param covered recorded times, ascending and disjoint; their borders may lie between recorded times
 */
export function splitBuckets(
  grid: TimeGrid,
  covered: readonly TimeRange[],
  widthMs: number,
  recordedMs: number
): { inside: TimeRange[]; outside: TimeRange[] } {
  const ends = covered.flatMap(({ fromMs, toMs }): TimeRange[] => {
    const first = Math.ceil(fromMs / recordedMs) * recordedMs - recordedMs + widthMs;
    const last = Math.floor(toMs / recordedMs) * recordedMs + recordedMs - 1;
    return first <= last ? [{ fromMs: first, toMs: last }] : [];
  });
  return splitGrid(grid, ends);
}

/**
 * The times of which rollups of this width speak. Where samples have expired only stored buckets are left: multiples of a
 * stored width, from the first one that has a value on: what lies before may have been dropped.
 */
export function servedTimes({ covered, expired, stored }: RollupState, widthMs: number): TimeRange[] {
  const last = expired.at(-1);
  if (!last) {
    return covered;
  }
  const serving = stored.findLast((one) => widthMs % one.widthMs === 0);
  const afterMs = Math.min(serving?.fromMs ?? Infinity, last.toMs);
  return covered.flatMap(({ fromMs, toMs }) =>
    toMs <= afterMs ? [] : [{ fromMs: Math.max(fromMs, afterMs + 1), toMs }]
  );
}

/** The expired part of a range; `undefined`: there is none. */
export function expiredWithin({ expired }: RollupState, { fromMs, toMs }: TimeRange): TimeRange | undefined {
  const parts = expired.filter((one) => one.fromMs <= toMs && one.toMs >= fromMs);
  return parts.length === 0
    ? undefined
    : { fromMs: Math.max(fromMs, parts[0].fromMs), toMs: Math.min(toMs, parts[parts.length - 1].toMs) };
}

/**
 * Which stored width answers for expired times from `fromMs` on: the widest that is at most half the step (fewer buckets to
 * read, and the step grows by less than half), else the narrowest; of those that reach back as far.
 */
export function chooseWidth({ stored }: RollupState, fromMs: number, stepMs: number): number | undefined {
  const reaching = stored.filter((one) => one.fromMs <= fromMs + HOUR_MS || isKept(one.fromMs, stored));
  const candidates = reaching.length > 0 ? reaching : stored.slice(-1);
  return (candidates.findLast(({ widthMs }) => 2 * widthMs <= stepMs) ?? candidates.at(0))?.widthMs;
}

/** Steps that both are made of: recorded times, and ends of buckets. */
export function commonStep(recordedMs: number, widthMs = SECOND_MS): number {
  return (recordedMs / greatestDivisor(recordedMs, widthMs)) * widthMs;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Wider buckets begin up to an hour earlier with the same first sample; what begins later than that has expired itself. */
function isKept(fromMs: number, stored: RollupState['stored']): boolean {
  return fromMs <= Math.min(...stored.map((one) => one.fromMs)) + HOUR_MS;
}
