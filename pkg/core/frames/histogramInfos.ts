import { type HistogramSamples, type Series } from '../model/series';

/**
 * What should be known about an answer with native histograms: which series are shown twice, and which have buckets that
 * Grafana's heatmap panel leaves empty without a word (grafana#114584).
 */
export function histogramInfos(series: readonly Series[]): string[] {
  const mixed = series.filter(({ histograms, timesMs }) => histograms && timesMs.length > 0).length;
  const undrawn = series.filter(({ histograms }) => histograms && hasUndrawnBuckets(histograms)).length;
  return [
    ...(mixed > 0 ? [`${mixed} series have both floats and native histograms; each is shown as two.`] : []),
    ...(undrawn > 0
      ? [
          `${undrawn} series have histogram buckets below zero or without a bound; Grafana's heatmap panel may not draw them, a table does.`,
        ]
      : []),
  ];
}

/** Negative buckets, and the outermost ones of histograms with custom bounds. */
function hasUndrawnBuckets({ bucketLower, bucketUpper, bucketRule, bucketStart, timesMs }: HistogramSamples): boolean {
  const isZeroBucket = (i: number): boolean => bucketRule[i] === CLOSED_BOTH && bucketUpper[i] === -bucketLower[i];
  for (let i = 0; i < bucketStart[timesMs.length]; i++) {
    if ((bucketLower[i] < 0 && !isZeroBucket(i)) || bucketUpper[i] === Infinity) {
      return true;
    }
  }
  return false;
}

/** Prometheus' rule of the zero bucket, which spans both signs in every exponential histogram with observations near zero. */
const CLOSED_BOTH = 3;
