import { type Chunk, type Label } from '../../pkg/core/model/rawSeries';
import { type Samples } from '../../pkg/core/model/series';
import { decodeXorChunk } from '../../pkg/remote/chunks/xorChunk';
import { SampleColumns } from '../../pkg/remote/sampleColumns';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';

export const DAY_MS = 86_400_000;

export interface DaySeries {
  labels: Label[];
  samples: Samples;
}

/**
 * Everything a Prometheus has scraped in its last day, by its remote read, moved so that it begins at `dayMs`: real values at their
 * real distances. Native histograms and series with less than three samples are left out.
 */
export async function scrapedDay(url: string, dayMs: number): Promise<DaySeries[]> {
  const source = createPrometheusSource(plainPrometheusSettings(url, {}));
  const range = { fromMs: Date.now() - DAY_MS, toMs: Date.now() };
  const selectors = [[{ name: '__name__', operator: '=~', value: '.+' } as const]];
  const day: DaySeries[] = [];
  for await (const { labels, chunks } of source.readRaw(
    { selectors, range },
    { signal: AbortSignal.timeout(600_000) }
  )) {
    const samples = decode(chunks);
    if (samples.timesMs.length > 2) {
      day.push({ labels: [...labels], samples });
    }
  }
  await source.close();
  const beginMs = Math.min(...day.map(({ samples }) => samples.timesMs[0]));
  return day.map(({ labels, samples }) => ({ labels, samples: moved(samples, dayMs - beginMs) }));
}

/** The same samples so much later. */
export function moved({ timesMs, values }: Samples, byMs: number): Samples {
  return { timesMs: timesMs.map((timeMs) => timeMs + byMs), values };
}

function decode(chunks: readonly Chunk[]): Samples {
  const columns = new SampleColumns();
  for (const { encoding, data } of chunks) {
    if (encoding === 'xor') {
      decodeXorChunk(data, columns);
    }
  }
  return columns.samples();
}
