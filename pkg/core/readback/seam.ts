import { type TimeGrid, type TimeRange } from '../model/timeRange';

/** Times of a grid; 0 when it ends before it begins. */
export function countTimes({ startMs, endMs, stepMs }: TimeGrid): number {
  return Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1);
}

/** The smallest multiple of the recorded step that is no shorter than the asked one: times in between are not recorded. */
export function fitStep(stepMs: number, recordedStepMs: number): number {
  return Math.max(1, Math.ceil(stepMs / recordedStepMs)) * recordedStepMs;
}

/** The part of a range that falls on the grid, with both ends on it; `undefined` when no time does. */
export function clipToGrid({ fromMs, toMs }: TimeRange, { startMs, endMs, stepMs }: TimeGrid): TimeRange | undefined {
  const first = startMs + Math.max(0, Math.ceil((fromMs - startMs) / stepMs)) * stepMs;
  const last = startMs + Math.floor((Math.min(toMs, endMs) - startMs) / stepMs) * stepMs;
  return first <= last ? { fromMs: first, toMs: last } : undefined;
}

/**
 * Splits the times of a grid into those a range holds and the others; both as ranges with their ends on the grid, ascending,
 * neighbours joined.
 *
 * @param ranges ascending and disjoint
 */
export function splitGrid(grid: TimeGrid, ranges: readonly TimeRange[]): { inside: TimeRange[]; outside: TimeRange[] } {
  const inside: TimeRange[] = [];
  const outside: TimeRange[] = [];
  const { stepMs } = grid;
  let next = grid.startMs;
  for (const range of ranges) {
    const part = clipToGrid(range, { ...grid, startMs: next });
    if (!part) {
      continue;
    }
    const last = inside.at(-1);
    if (part.fromMs > next) {
      outside.push({ fromMs: next, toMs: part.fromMs - stepMs });
    }
    if (last && last.toMs + stepMs === part.fromMs) {
      last.toMs = part.toMs;
    } else {
      inside.push(part);
    }
    next = part.toMs + stepMs;
  }
  const rest = clipToGrid({ fromMs: next, toMs: grid.endMs }, { ...grid, startMs: next });
  return { inside, outside: rest ? [...outside, rest] : outside };
}

/** Fewer and longer ranges: those with the least between them are joined until there are at most `most`. */
export function joinRanges(ranges: readonly TimeRange[], most: number): TimeRange[] {
  const joined = ranges.map((range) => ({ ...range }));
  while (joined.length > Math.max(1, most)) {
    let best = 1;
    for (let i = 2; i < joined.length; i++) {
      if (distance(joined, i) < distance(joined, best)) {
        best = i;
      }
    }
    joined[best - 1].toMs = joined[best].toMs;
    joined.splice(best, 1);
  }
  return joined;
}

/** Of ascending, disjoint ranges, the last time at or before `timeMs` on a grid from the epoch; `undefined`: there is none. */
export function lastTimeWithin(ranges: readonly TimeRange[], timeMs: number, stepMs: number): number | undefined {
  const range = ranges.findLast(({ fromMs }) => fromMs <= timeMs);
  return range && Math.floor(Math.min(range.toMs, timeMs) / stepMs) * stepMs;
}

function distance(ranges: readonly TimeRange[], i: number): number {
  return ranges[i].fromMs - ranges[i - 1].toMs;
}
