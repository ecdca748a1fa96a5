import { type ArchiveHistory, type ArchiveGap, type HistorySeries } from '../../contract/archivePage';
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
  gap?: ArchiveGap;
}

/** What the chart says at a time: values, or, within a gap, why there are none (also where a wide bucket reaches into it). */
export function readAt({ series, gaps, bucketMs, stepMs }: ArchiveHistory, timeMs: number): CursorReading {
  const gap = gaps.find(({ fromMs, toMs }) => timeMs >= fromMs - stepMs / 2 && timeMs <= toMs + stepMs / 2);
  const isMissing = gap !== undefined && timeMs >= gap.fromMs && timeMs <= gap.toMs;
  return { timeMs, values: series.map((one) => (isMissing ? undefined : valueAt(one, bucketMs, timeMs))), gap };
}

function valueAt(series: HistorySeries, bucketMs: number, timeMs: number): CursorReading['values'][number] {
  const { timesMs, values, min, max } = series;
  const i = nearestStop(timesMs, timeMs - bucketMiddle(series, bucketMs));
  const value = i < 0 ? null : values[i];
  const isThere = value !== null && Math.abs(timesMs[i] + bucketMiddle(series, bucketMs) - timeMs) <= bucketMs / 2;
  return isThere ? { value, min: min?.[i], max: max?.[i] } : undefined;
}
