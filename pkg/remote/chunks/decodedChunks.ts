import { type Chunk } from '../../core/model/rawSeries';
import { type NativeHistogram } from '../nativeHistogram';
import { SampleColumns } from '../sampleColumns';
import { decodeHistogramChunk } from './histogramDecoder';
import { chunksOfSeries } from './seriesChunks';
import { decodeXorChunk } from './xorChunk';

/** Samples of the chunks of one series: floats and native histograms, each in the order of the chunks. */
export interface DecodedChunks {
  columns: SampleColumns;
  histograms: NativeHistogram[];
}

/** @throws CodecError when a chunk is damaged, or holds what we cannot hold exactly */
export function decodeChunks(chunks: readonly Chunk[]): DecodedChunks {
  const columns = new SampleColumns();
  const histograms: NativeHistogram[] = [];
  for (const { encoding, data } of chunks) {
    if (encoding === 'xor') {
      decodeXorChunk(data, columns);
    } else {
      for (const histogram of decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data)) {
        histograms.push(histogram);
      }
    }
  }
  return { columns, histograms };
}

/**
 * The chunks themselves where they ascend and none overlaps the next; else their samples in order, in chunks of ours. Of several
 * at one time the first counts.
 * @throws CodecError as `decodeChunks`, in the second case
 */
export function inOrder(chunks: readonly Chunk[]): readonly Chunk[] {
  if (chunks.every(({ minTimeMs }, i) => i === 0 || minTimeMs > chunks[i - 1].maxTimeMs)) {
    return chunks;
  }
  const { columns, histograms } = decodeChunks(chunks);
  const places = firstOfEach(
    Array.from({ length: columns.length }, (_, i) => i),
    (i) => columns.timesMs[i]
  );
  const sorted = new SampleColumns();
  sorted.reserve(places.length);
  places.forEach((i) => sorted.push(columns.timesMs[i], columns.bits[2 * i], columns.bits[2 * i + 1]));
  return chunksOfSeries(
    sorted.samples(),
    firstOfEach(histograms, ({ timeMs }) => timeMs)
  );
}

/** By time, each time once. Sorting is stable. */
function firstOfEach<T>(all: T[], timeOf: (one: T) => number): T[] {
  const sorted = all.sort((a, b) => timeOf(a) - timeOf(b));
  return sorted.filter((one, i) => i === 0 || timeOf(one) > timeOf(sorted[i - 1]));
}
