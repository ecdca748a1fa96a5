import { histogramInfos } from './histogramInfos';
import { type HistogramSamples, type Series } from '../model/series';

/** One histogram; a bucket is [rule, lower, upper]. */
function histogram(...buckets: Array<[number, number, number]>): HistogramSamples {
  return {
    timesMs: Float64Array.of(1_000),
    counts: Float64Array.of(1),
    sums: Float64Array.of(1),
    bucketStart: Uint32Array.of(0, buckets.length),
    bucketRule: Int8Array.from(buckets, ([rule]) => rule),
    bucketLower: Float64Array.from(buckets, ([, lower]) => lower),
    bucketUpper: Float64Array.from(buckets, ([, , upper]) => upper),
    bucketCount: Float64Array.from(buckets, () => 1),
  };
}

function series(histograms?: HistogramSamples, floats: number[] = []): Series {
  return { labels: {}, timesMs: Float64Array.from(floats), values: Float64Array.from(floats), histograms };
}

const NOT_DRAWN = /^1 series have histogram buckets below zero or without a bound/;

describe('what is said of native histograms', () => {
  it('is nothing about positive buckets and the zero bucket, which panels draw', () => {
    expect(histogramInfos([series(undefined, [1]), series(histogram([3, -0.001, 0.001], [0, 1, 2]))])).toEqual([]);
  });

  // [Q7.7]
  it('is that negative buckets may stay invisible', () => {
    expect(histogramInfos([series(histogram([1, -2, -1]))])).toEqual([expect.stringMatching(NOT_DRAWN)]);
  });

  it('is the same for custom bounds, whose outermost buckets have no end', () => {
    expect(histogramInfos([series(histogram([0, -Infinity, 1], [0, 1, 2]))])).toEqual([
      expect.stringMatching(NOT_DRAWN),
    ]);
    expect(histogramInfos([series(histogram([0, 5, Infinity]))])).toEqual([expect.stringMatching(NOT_DRAWN)]);
  });

  it('is that a series with floats, too, is shown as two', () => {
    expect(histogramInfos([series(histogram([0, 1, 2]), [1])])).toEqual([
      '1 series have both floats and native histograms; each is shown as two.',
    ]);
  });
});
