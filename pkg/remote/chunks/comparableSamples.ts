import { type Chunk, type RawSamples } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { type HistogramBuckets, type NativeHistogram } from '../nativeHistogram';
import { bitsOf, SampleColumns } from '../sampleColumns';
import { decodeChunks } from './decodedChunks';

/**
 * The samples of a series within a range, floats and native histograms in one order of time.
 * @throws CodecError when a chunk is damaged, or holds what we cannot hold exactly
 */
export function comparableSamples(chunks: readonly Chunk[], { fromMs, toMs }: TimeRange): RawSamples {
  const within = ({ minTimeMs, maxTimeMs }: Chunk): boolean => minTimeMs <= toMs && maxTimeMs >= fromMs;
  const { columns, histograms } = decodeChunks(chunks.filter(within));
  const all = new SampleColumns();
  const texts = new Map<number, string>();
  let next = 0;
  const addHistograms = (untilMs: number): void => {
    for (; next < histograms.length && histograms[next].timeMs < untilMs; next++) {
      const { timeMs } = histograms[next];
      if (timeMs >= fromMs && timeMs <= toMs) {
        texts.set(all.length, textOf(histograms[next]));
        all.push(timeMs, 0, 0);
      }
    }
  };
  for (let i = 0; i < columns.length; i++) {
    const timeMs = columns.timesMs[i];
    addHistograms(timeMs);
    if (timeMs >= fromMs && timeMs <= toMs) {
      all.push(timeMs, columns.bits[2 * i], columns.bits[2 * i + 1]);
    }
  }
  addHistograms(Infinity);
  return { ...all.samples(), histograms: texts };
}

/**
 * What a histogram says: without its word on resets, which depends on what came before it in its chunk, and without empty
 * buckets, which a chunk has for the sake of others in it.
 */
function textOf({
  kind,
  reset,
  schema,
  zeroThreshold,
  totals,
  positive,
  negative,
  customBounds,
}: NativeHistogram): string {
  return JSON.stringify([
    kind,
    reset === 'gauge' ? 'gauge' : 'counter',
    schema,
    zeroThreshold,
    [...bitsOf(totals)],
    filledBuckets(kind, positive),
    filledBuckets(kind, negative),
    [...customBounds],
  ]);
}

/** Index and count of each bucket that is not empty; counts of floats by their bits. */
function filledBuckets(kind: NativeHistogram['kind'], { spans, values }: HistogramBuckets): number[][] {
  const filled: number[][] = [];
  const bits = bitsOf(values);
  let index = 0;
  let at = 0;
  let count = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, at++) {
      count = kind === 'integer' ? count + values[at] : values[at];
      if (count !== 0) {
        filled.push(kind === 'integer' ? [index, count] : [index, bits[2 * at], bits[2 * at + 1]]);
      }
    }
  }
  return filled;
}
