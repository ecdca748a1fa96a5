import { compileMatchers } from '../../pkg/core/matching/matchLabels';
import { type Label, type RawSeries } from '../../pkg/core/model/rawSeries';
import {
  type MetricMetadata,
  type RawHoldings,
  type RawRead,
  type RawSource,
  type Selector,
} from '../../pkg/core/ports/rawSeries';
import { compareLabels, compareUtf8 } from '../../pkg/remote/labels';
import { chunksOf, floatSample, type RawSample } from './rawSamples';

/** A source of raw series that holds what the test says. */
export class MemoryRawSource implements RawSource {
  readonly asked: RawRead[] = [];
  told: RawHoldings = { by: 'chunks', readsOthers: 'no', externalLabels: [] };
  readonly series: Array<{ labels: Label[]; samples: RawSample[] }> = [];
  known: MetricMetadata[] = [];
  /** Thrown after the first series while set. */
  broken: Error | undefined;

  /** A float every so often, from and to including; the time in seconds as value. */
  add(labels: Record<string, string>, { fromMs, toMs, everyMs = 15_000 }: AddedSamples): RawSample[] {
    const sorted = Object.entries(labels)
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => compareUtf8(a.name, b.name));
    const samples: RawSample[] = [];
    for (let timeMs = fromMs; timeMs <= toMs; timeMs += everyMs) {
      samples.push(floatSample(timeMs, timeMs / 1_000));
    }
    this.series.push({ labels: sorted, samples });
    return samples;
  }

  async holdings(): Promise<RawHoldings> {
    return this.told;
  }

  async metadata(): Promise<MetricMetadata[]> {
    return this.known;
  }

  async *readRaw(read: RawRead): AsyncIterable<RawSeries> {
    this.asked.push(read);
    for (const selector of read.selectors) {
      for (const series of this.find(selector, read)) {
        yield series;
        if (this.broken) {
          throw this.broken;
        }
      }
    }
  }

  private find(selector: Selector, { range: { fromMs, toMs } }: RawRead): RawSeries[] {
    const holds = compileMatchers(selector);
    return this.series
      .filter(({ labels }) => holds(Object.fromEntries(labels.map(({ name, value }) => [name, value]))))
      .map(({ labels, samples }) => ({
        labels,
        chunks: chunksOf(samples).filter(({ minTimeMs, maxTimeMs }) => minTimeMs <= toMs && maxTimeMs >= fromMs),
      }))
      .filter(({ chunks }) => chunks.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
  }
}

interface AddedSamples {
  fromMs: number;
  toMs: number;
  everyMs?: number;
}
