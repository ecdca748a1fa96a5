import { histogramBytes } from '../../../core/memory/answerMemory';
import { type HistogramSamples } from '../../../core/model/series';

/** One bucket as Prometheus sends it: boundary rule, lower and upper bound, count. */
export type Bucket = [rule: number, lower: number, upper: number, count: number];

/** Native histograms of the series being read. */
export class HistogramBuffer {
  private timesMs: number[] = [];
  private counts: number[] = [];
  private sums: number[] = [];
  private bucketStart: number[] = [0];
  private rules: number[] = [];
  private lower: number[] = [];
  private upper: number[] = [];
  private bucketCounts: number[] = [];

  get memoryBytes(): number {
    return histogramBytes(this.timesMs.length, this.rules.length);
  }

  pushBucket([rule, lower, upper, count]: Bucket): void {
    this.rules.push(rule);
    this.lower.push(lower);
    this.upper.push(upper);
    this.bucketCounts.push(count);
  }

  /** Ends the histogram whose buckets were pushed. */
  push(timeMs: number, count: number, sum: number): void {
    this.timesMs.push(timeMs);
    this.counts.push(count);
    this.sums.push(sum);
    this.bucketStart.push(this.rules.length);
  }

  /** The histograms, or `undefined` if there are none; the buffer is empty afterwards. */
  take(): HistogramSamples | undefined {
    if (this.timesMs.length === 0) {
      return undefined;
    }
    const taken: HistogramSamples = {
      timesMs: Float64Array.from(this.timesMs),
      counts: Float64Array.from(this.counts),
      sums: Float64Array.from(this.sums),
      bucketStart: Uint32Array.from(this.bucketStart),
      bucketRule: Int8Array.from(this.rules),
      bucketLower: Float64Array.from(this.lower),
      bucketUpper: Float64Array.from(this.upper),
      bucketCount: Float64Array.from(this.bucketCounts),
    };
    this.timesMs = [];
    this.counts = [];
    this.sums = [];
    this.bucketStart = [0];
    this.rules = [];
    this.lower = [];
    this.upper = [];
    this.bucketCounts = [];
    return taken;
  }
}
