import { canonicalLabels } from '../../../src/contract/standardRecord';
import { type BucketRead } from '../ports/history';
import { type Labels, type Series } from '../model/series';

interface Bucket {
  endMs: number;
  min: number;
  max: number;
  sum: number;
  count: number;
  last: number;
}

interface Tallied {
  labels: Labels | undefined;
  buckets: Bucket[];
}

const VALUES: Readonly<Record<BucketRead['aggregate'], (bucket: Bucket) => number>> = {
  min: ({ min }) => min,
  max: ({ max }) => max,
  avg: ({ sum, count }) => sum / count,
  sum: ({ sum }) => sum,
  count: ({ count }) => count,
  last: ({ last }) => last,
};

/**
 * Samples counted into buckets `(end - width, end]` from the epoch, as the archive's rollups count them (`metrics_rollup`): NaN
 * is above all numbers, a minimum is NaN only where there is nothing else, and values beyond 1e300 count as infinite in sums.
 */
export class BucketTally {
  private readonly tallied = new Map<string, Tallied>();

  constructor(private readonly widthMs: number) {}

  /** Later calls bring later samples. */
  add(series: readonly Series[]): void {
    for (const { labels, timesMs, values } of series) {
      const key = labels === undefined ? '' : canonicalLabels(labels);
      const { buckets } = this.tallied.get(key) ?? this.begin(key, labels);
      timesMs.forEach((timeMs, i) => {
        const endMs = Math.ceil(timeMs / this.widthMs) * this.widthMs;
        const bucket = buckets.at(-1);
        if (bucket?.endMs === endMs) {
          count(bucket, values[i]);
        } else {
          buckets.push(first(endMs, values[i]));
        }
      });
    }
  }

  /** One sample for each bucket that `keeps` accepts; series without any are left out. */
  series(aggregate: BucketRead['aggregate'], keeps: (endMs: number) => boolean): Series[] {
    return [...this.tallied.values()].flatMap(({ labels, buckets }) => {
      const kept = buckets.filter(({ endMs }) => keeps(endMs));
      const timesMs = Float64Array.from(kept, ({ endMs }) => endMs);
      return kept.length === 0 ? [] : [{ labels, timesMs, values: Float64Array.from(kept, VALUES[aggregate]) }];
    });
  }

  private begin(key: string, labels: Labels | undefined): Tallied {
    const begun = { labels, buckets: [] };
    this.tallied.set(key, begun);
    return begun;
  }
}

function first(endMs: number, value: number): Bucket {
  return { endMs, min: value, max: value, sum: summable(value), count: 1, last: value };
}

function count(bucket: Bucket, value: number): void {
  bucket.min = value < bucket.min || Number.isNaN(bucket.min) ? value : bucket.min;
  bucket.max = value > bucket.max || Number.isNaN(value) ? value : bucket.max;
  bucket.sum += summable(value);
  bucket.count++;
  bucket.last = value;
}

function summable(value: number): number {
  return Math.abs(value) > 1e300 ? value * Infinity : value;
}
