import { type Chunk } from '../../pkg/core/model/rawSeries';
import { decodeHistogramChunk } from '../../pkg/remote/chunks/histogramDecoder';
import { chunksOfHistograms, chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { decodeXorChunk } from '../../pkg/remote/chunks/xorChunk';
import { isStaleHistogram, type NativeHistogram } from '../../pkg/remote/nativeHistogram';
import { bitsOf, isStale, SampleColumns } from '../../pkg/remote/sampleColumns';

/** One sample of a raw series; two are the same where `content` is. */
export interface RawSample {
  timeMs: number;
  /** Of a float: its bits, low half first. */
  bits: [low: number, high: number];
  histogram?: NativeHistogram;
  content: string;
}

export const STALE_SAMPLE: Omit<RawSample, 'timeMs'> = { bits: [2, 0x7ff00000], content: '2,2146435072' };

/** Float samples as a chunk holds them would be. */
export function floatSample(timeMs: number, value: number): RawSample {
  const [low, high] = bitsOf(Float64Array.of(value));
  return { timeMs, bits: [low, high], content: `${low},${high}` };
}

export function isStaleSample({ bits, histogram }: RawSample): boolean {
  return histogram ? isStaleHistogram(histogram) : isStale(bits[0], bits[1]);
}

export function samplesIn({ encoding, data }: Chunk): RawSample[] {
  if (encoding === 'xor') {
    const columns = new SampleColumns();
    decodeXorChunk(data, columns);
    const [bits, times] = [columns.bits, columns.timesMs.subarray(0, columns.length)];
    return Array.from(times, (timeMs, i) => {
      const [low, high] = [bits[2 * i], bits[2 * i + 1]];
      return { timeMs, bits: [low, high], content: `${low},${high}` };
    });
  }
  const histograms = decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data);
  return Array.from(histograms, (histogram) => ({
    timeMs: histogram.timeMs,
    bits: [0, 0],
    histogram,
    content: contentOf(histogram),
  }));
}

/** As chunks again: floats and histograms in turn, as they follow each other. */
export function chunksOf(samples: readonly RawSample[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0, end = 1; start < samples.length; start = end, end++) {
    const isFloat = !samples[start].histogram;
    while (end < samples.length && !samples[end].histogram === isFloat) {
      end++;
    }
    const run = samples.slice(start, end);
    const histograms = run.flatMap(({ histogram }) => histogram ?? []);
    chunks.push(...(isFloat ? floatChunks(run) : chunksOfHistograms(histograms)));
  }
  return chunks;
}

function floatChunks(samples: readonly RawSample[]): Chunk[] {
  const values = new Float64Array(samples.length);
  samples.forEach(({ bits }, i) => bitsOf(values).set(bits, 2 * i));
  return chunksOfSamples({ timesMs: Float64Array.from(samples, ({ timeMs }) => timeMs), values });
}

/** Without the word on resets, which depends on the chunk it lay in. */
function contentOf({ reset, totals, ...rest }: NativeHistogram): string {
  return JSON.stringify([reset === 'gauge', [...bitsOf(totals)], rest], (_, value: unknown) =>
    value instanceof Float64Array ? [...bitsOf(value)] : value
  );
}
