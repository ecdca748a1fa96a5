import { type Chunk } from '../../core/model/rawSeries';
import { decodeHistogramChunk } from '../../remote/chunks/histogramDecoder';
import { chunksOfHistograms, chunksOfSamples } from '../../remote/chunks/seriesChunks';
import { decodeXorChunk } from '../../remote/chunks/xorChunk';
import { CodecError } from '../../remote/codecError';
import { type NativeHistogram } from '../../remote/nativeHistogram';
import { bitsOf, SampleColumns } from '../../remote/sampleColumns';

/** Decoded samples of one series: times and bits of floats; at places of `histograms` the bits mean nothing. */
export class RawColumns {
  readonly floats = new SampleColumns();
  readonly histograms = new Map<number, NativeHistogram>();

  get length(): number {
    return this.floats.length;
  }

  get timesMs(): Float64Array {
    return this.floats.timesMs;
  }

  /** Appends a chunk's samples. Throws `CodecError` when it is damaged. */
  decode({ encoding, data }: Chunk): void {
    if (encoding === 'xor') {
      decodeXorChunk(data, this.floats);
      return;
    }
    for (const histogram of decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data)) {
      this.pushHistogram(histogram);
    }
  }

  pushHistogram(histogram: NativeHistogram): void {
    this.histograms.set(this.floats.length, histogram);
    this.floats.push(histogram.timeMs, 0, 0);
  }

  /** @param isNext the sample before it is the one that it had before it where it comes from; see `withoutPredecessor` */
  pushFrom(from: RawColumns, at: number, isNext: boolean): void {
    const histogram = from.histograms.get(at);
    if (histogram !== undefined) {
      this.pushHistogram(isNext ? histogram : withoutPredecessor(histogram));
    } else {
      this.floats.push(from.timesMs[at], from.floats.bits[2 * at], from.floats.bits[2 * at + 1]);
    }
  }

  /** Whether two samples are the same; of what is known of counter resets only counts whether it is a gauge. */
  isSame(at: number, other: RawColumns, otherAt: number): boolean {
    const [mine, theirs] = [this.histograms.get(at), other.histograms.get(otherAt)];
    if (mine !== undefined || theirs !== undefined) {
      return mine !== undefined && theirs !== undefined && sameHistogram(mine, theirs);
    }
    const [a, b] = [this.floats.bits, other.floats.bits];
    return a[2 * at] === b[2 * otherAt] && a[2 * at + 1] === b[2 * otherAt + 1];
  }

  /** Forgets all, and keeps the memory. */
  clear(): void {
    this.floats.length = 0;
    this.histograms.clear();
  }

  /** Throws `CodecError` unless every time lies behind the one before it. */
  requireAscending(): void {
    const { timesMs, length } = this;
    for (let i = 1; i < length; i++) {
      if (!(timesMs[i] > timesMs[i - 1])) {
        throw new CodecError('broken', 'the times of a chunk do not ascend');
      }
    }
  }

  /** Samples `start … end` (exclusive) as chunks; the first says nothing of a counter reset unless it is the first of all. */
  encode(start: number, end: number): Chunk[] {
    const chunks: Chunk[] = [];
    for (let at = start; at < end;) {
      let next = at + 1;
      while (next < end && this.histograms.has(next) === this.histograms.has(at)) {
        next++;
      }
      const run = this.histograms.has(at)
        ? chunksOfHistograms(this.histogramsFrom(at, next, start > 0 && at === start))
        : chunksOfSamples(this.floatsFrom(at, next));
      chunks.push(...run);
      at = next;
    }
    return chunks;
  }

  private floatsFrom(start: number, end: number): { timesMs: Float64Array; values: Float64Array } {
    const { timesMs, bits } = this.floats;
    return {
      timesMs: timesMs.subarray(start, end),
      values: new Float64Array(bits.buffer, bits.byteOffset + 8 * start, end - start),
    };
  }

  private histogramsFrom(start: number, end: number, isCut: boolean): NativeHistogram[] {
    const all: NativeHistogram[] = [];
    for (let at = start; at < end; at++) {
      const histogram = this.histograms.get(at);
      if (histogram !== undefined) {
        all.push(isCut && at === start ? withoutPredecessor(histogram) : histogram);
      }
    }
    return all;
  }
}

/** A histogram in front of which another one was left out: whether there was a counter reset between is not known any more. */
export function withoutPredecessor(histogram: NativeHistogram): NativeHistogram {
  return histogram.reset === 'gauge' ? histogram : { ...histogram, reset: 'unknown' };
}

function sameHistogram(a: NativeHistogram, b: NativeHistogram): boolean {
  return (
    a.kind === b.kind &&
    a.schema === b.schema &&
    (a.reset === 'gauge') === (b.reset === 'gauge') &&
    sameBuckets(a.positive, b.positive) &&
    sameBuckets(a.negative, b.negative) &&
    sameBits(a.totals, b.totals) &&
    sameBits(a.customBounds, b.customBounds) &&
    Object.is(a.zeroThreshold, b.zeroThreshold)
  );
}

function sameBuckets(a: NativeHistogram['positive'], b: NativeHistogram['positive']): boolean {
  return (
    a.spans.length === b.spans.length &&
    a.spans.every(({ offset, length }, i) => offset === b.spans[i].offset && length === b.spans[i].length) &&
    sameBits(a.values, b.values)
  );
}

function sameBits(a: Float64Array, b: Float64Array): boolean {
  const [left, right] = [bitsOf(a), bitsOf(b)];
  return left.length === right.length && left.every((half, i) => half === right[i]);
}
