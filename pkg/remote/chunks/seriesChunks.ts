import { type Samples } from '../../core/model/series';
import { type Chunk } from '../../core/model/rawSeries';
import { type NativeHistogram } from '../nativeHistogram';
import { encodeHistogramChunk, mayFollow } from './histogramEncoder';
import { encodeXorChunk } from './xorChunk';

/** As many as Prometheus puts into one; readers allocate by it. */
export const MAX_CHUNK_SAMPLES = 120;

/** Float samples as chunks. @throws CodecError when times are not whole milliseconds that ascend */
export function chunksOfSamples(samples: Samples): Chunk[] {
  const { timesMs } = samples;
  const chunks: Chunk[] = [];
  for (let start = 0; start < timesMs.length; start += MAX_CHUNK_SAMPLES) {
    const end = Math.min(start + MAX_CHUNK_SAMPLES, timesMs.length);
    chunks.push({
      minTimeMs: timesMs[start],
      maxTimeMs: timesMs[end - 1],
      encoding: 'xor',
      data: encodeXorChunk(samples, start, end),
    });
  }
  return chunks;
}

/** Native histograms as chunks; another begins wherever one could not say the next histogram as it is. */
export function chunksOfHistograms(histograms: readonly NativeHistogram[]): Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  for (let end = 1; end <= histograms.length; end++) {
    const goes =
      end < histograms.length && end - start < MAX_CHUNK_SAMPLES && mayFollow(histograms[end - 1], histograms[end]);
    if (!goes) {
      chunks.push(histogramChunk(histograms.slice(start, end)));
      start = end;
    }
  }
  return chunks;
}

/** Floats and native histograms of one series as chunks, in the order of their times. */
export function chunksOfSeries(samples: Samples, histograms: readonly NativeHistogram[]): Chunk[] {
  const { timesMs, values } = samples;
  const chunks: Chunk[] = [];
  let floats = 0;
  const addFloats = (until: (timeMs: number) => boolean): void => {
    const start = floats;
    while (floats < timesMs.length && until(timesMs[floats])) {
      floats++;
    }
    const part = { timesMs: timesMs.subarray(start, floats), values: values.subarray(start, floats) };
    chunks.push(...chunksOfSamples(part));
  };
  for (let start = 0, end = 0; start < histograms.length; start = end) {
    addFloats((timeMs) => timeMs < histograms[start].timeMs);
    while (end < histograms.length && (floats === timesMs.length || histograms[end].timeMs <= timesMs[floats])) {
      end++;
    }
    chunks.push(...chunksOfHistograms(histograms.slice(start, end)));
  }
  addFloats(() => true);
  return chunks;
}

function histogramChunk(histograms: NativeHistogram[]): Chunk {
  return {
    minTimeMs: histograms[0].timeMs,
    maxTimeMs: histograms[histograms.length - 1].timeMs,
    encoding: histograms[0].kind === 'integer' ? 'histogram' : 'floatHistogram',
    data: encodeHistogramChunk(histograms),
  };
}
