import { splitGrid } from '../readback/seam';
import { type TimeRange } from '../model/timeRange';

/**
 * Times on the epoch-aligned grid of a step. Collecting works on grid times only, so every range here starts and ends on
 * the grid, and two ranges that are one step apart touch each other.
 */

/** The last grid time at or before `timeMs`. */
export function floorToGrid(timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs;
}

/** The first grid time at or after `timeMs`. */
export function ceilToGrid(timeMs: number, stepMs: number): number {
  return Math.ceil(timeMs / stepMs) * stepMs;
}

/** Number of grid times in a range on the grid; 0 when it is empty (`toMs < fromMs`). */
export function countPoints(range: TimeRange, stepMs: number): number {
  return Math.max(0, Math.floor((range.toMs - range.fromMs) / stepMs) + 1);
}

/** The same of several ranges together. */
export function countAllPoints(ranges: readonly TimeRange[], stepMs: number): number {
  return ranges.reduce((sum, range) => sum + countPoints(range, stepMs), 0);
}

/**
 * The grid times of `window` that no range of `covered` holds, as ranges on the grid, ascending.
 *
 * @param covered ascending and disjoint, not necessarily on the grid
 */
export function findGaps(window: TimeRange, covered: readonly TimeRange[], stepMs: number): TimeRange[] {
  return splitGrid({ startMs: ceilToGrid(window.fromMs, stepMs), endMs: window.toMs, stepMs }, covered).outside;
}

/** Splits a range on the grid by a predicate over its times: runs of equal answers, ascending. */
export function splitByTime(
  range: TimeRange,
  stepMs: number,
  holds: (timeMs: number) => boolean
): { yes: TimeRange[]; no: TimeRange[] } {
  const parts = { yes: [] as TimeRange[], no: [] as TimeRange[] };
  let fromMs = range.fromMs;
  let current = holds(fromMs);
  for (let timeMs = fromMs + stepMs; timeMs <= range.toMs; timeMs += stepMs) {
    const now = holds(timeMs);
    if (now !== current) {
      pushRange(current ? parts.yes : parts.no, fromMs, timeMs - stepMs);
      fromMs = timeMs;
      current = now;
    }
  }
  pushRange(current ? parts.yes : parts.no, fromMs, range.toMs);
  return parts;
}

function pushRange(ranges: TimeRange[], fromMs: number, toMs: number): void {
  if (fromMs <= toMs) {
    ranges.push({ fromMs, toMs });
  }
}
