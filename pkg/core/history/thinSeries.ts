import { type HistorySeries } from '../../../src/contract/archivePage';
import { type TimeRange } from '../model/timeRange';
import { type Series } from '../model/series';

/**
 * The time one point stands for, so that at most `points` lie in the range: a multiple of the step, at least the step.
 */
export function bucketFor({ fromMs, toMs }: TimeRange, stepMs: number, points: number): number {
  const least = (toMs - fromMs) / Math.max(1, points);
  return Math.max(1, Math.ceil(least / stepMs)) * stepMs;
}

/**
 * Mean, lowest and highest value of each bucket that has samples; buckets lie on the epoch grid of `bucketMs`, and their time is
 * their beginning. A bucket without any finite value is `null`, so that it breaks a line.
 */
export function thinSeries({ labels, timesMs, values }: Series, bucketMs: number, stepMs: number): HistorySeries {
  const named = { ...labels };
  if (bucketMs <= stepMs) {
    return { labels: named, timesMs: Array.from(timesMs), values: Array.from(values, finiteOrNull) };
  }
  const thin: Required<HistorySeries> = { labels: named, timesMs: [], values: [], min: [], max: [] };
  let [sum, count, low, high] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < timesMs.length; i++) {
    const value = values[i];
    if (Number.isFinite(value)) {
      sum += value;
      count++;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    const startMs = Math.floor(timesMs[i] / bucketMs) * bucketMs;
    if (i + 1 === timesMs.length || timesMs[i + 1] >= startMs + bucketMs) {
      thin.timesMs.push(startMs);
      thin.values.push(count > 0 ? sum / count : null);
      thin.min.push(count > 0 ? low : null);
      thin.max.push(count > 0 ? high : null);
      [sum, count, low, high] = [0, 0, Infinity, -Infinity];
    }
  }
  return thin;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
