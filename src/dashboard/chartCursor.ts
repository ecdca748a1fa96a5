import { type ArchiveHistory, type ArchiveHole } from '../contract/archivePage';
import { bucketMiddle } from './chartPaths';

/** The times at which a chart has something to tell, ascending: those of its values, and the beginning of each gap. */
export function cursorStops({ series, gaps, fromMs, toMs, bucketMs }: ArchiveHistory): number[] {
  const times = series.flatMap((one) => one.timesMs.map((timeMs) => timeMs + bucketMiddle(one, bucketMs)));
  const starts = gaps.map((gap) => Math.max(gap.fromMs, fromMs));
  return [...new Set([...times, ...starts])].filter((time) => time >= fromMs && time <= toMs).sort((a, b) => a - b);
}

/** The position of the stop that is nearest to a time; -1 without stops. */
export function nearestStop(stops: readonly number[], timeMs: number): number {
  let [low, high] = [0, stops.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stops[middle] < timeMs) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low > 0 && timeMs - stops[low - 1] < stops[low] - timeMs ? low - 1 : Math.min(low, stops.length - 1);
}

export interface CursorReading {
  timeMs: number;
  /** Of each series at that time; `undefined` where it has none. */
  values: Array<{ value: number; min?: number | null; max?: number | null } | undefined>;
  gap?: ArchiveHole;
}

/** What the chart says at a time. */
export function readAt({ series, gaps, bucketMs, stepMs }: ArchiveHistory, timeMs: number): CursorReading {
  return {
    timeMs,
    values: series.map((one) => {
      const i = one.timesMs.length > 0 ? nearestStop(one.timesMs, timeMs - bucketMiddle(one, bucketMs)) : -1;
      const value = i < 0 ? null : one.values[i];
      const isThere = value !== null && Math.abs(one.timesMs[i] + bucketMiddle(one, bucketMs) - timeMs) <= bucketMs / 2;
      return isThere ? { value, min: one.min?.[i], max: one.max?.[i] } : undefined;
    }),
    gap: gaps.find((gap) => timeMs >= gap.fromMs - stepMs / 2 && timeMs <= gap.toMs + stepMs / 2),
  };
}
