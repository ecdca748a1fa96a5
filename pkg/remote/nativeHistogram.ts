import { bitsOf, isStale } from './sampleColumns';

/** `length` buckets in a row, `offset` behind the end of the span before (of the first: its index). */
export interface BucketSpan {
  offset: number;
  length: number;
}

/** What is said about a counter reset before this histogram; a gauge has none. */
export type CounterReset = 'unknown' | 'yes' | 'no' | 'gauge';

/**
 * One native histogram as remote read, remote write and chunks hold it; nothing is computed, so that it comes out as it went
 * in. `integer`: counts are whole numbers, and each bucket is the difference to the bucket before it. `float`: counts are
 * floats, and each bucket is its own count.
 */
export interface NativeHistogram {
  kind: 'integer' | 'float';
  timeMs: number;
  reset: CounterReset;
  /** -4 … 8: each power of two in 2^schema buckets; -53: bounds of its own in `customBounds`. */
  schema: number;
  zeroThreshold: number;
  /** Count, count of the zero bucket, sum (`COUNT`, `ZERO_COUNT`, `SUM`): in one array, which keeps the bits of NaN. */
  totals: Float64Array;
  positive: HistogramBuckets;
  negative: HistogramBuckets;
  customBounds: Float64Array;
}

export interface HistogramBuckets {
  spans: BucketSpan[];
  values: Float64Array;
}

export const COUNT = 0;
export const ZERO_COUNT = 1;
export const SUM = 2;

/** The schema of histograms that bring their own bounds. */
export const CUSTOM_BOUNDS_SCHEMA = -53;

/** How many buckets spans name. */
export function countBuckets(spans: readonly BucketSpan[]): number {
  return spans.reduce((sum, { length }) => sum + length, 0);
}

/** Whether a histogram is the end of its series. */
export function isStaleHistogram({ totals }: NativeHistogram): boolean {
  const bits = bitsOf(totals);
  return isStale(bits[2 * SUM], bits[2 * SUM + 1]);
}
