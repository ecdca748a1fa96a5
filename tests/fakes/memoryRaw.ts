import { compileMatchers, type LabelTest } from '../../pkg/core/matching/matchLabels';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type Chunk, type Label, type RawSeries, rawSpan } from '../../pkg/core/model/rawSeries';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import {
  type KeptSeries,
  type MetricMetadata,
  type RawHistory,
  type RawLabelRead,
  type RawSelect,
  type RawStore,
  type RawWrite,
} from '../../pkg/core/ports/rawSeries';
import { type WriteOutcome } from '../../pkg/core/ports/sampleStore';
import { compareLabels, compareUtf8 } from '../../pkg/remote/labels';
import { type MemoryLedger } from './memoryLedger';
import { chunksOf, isStaleSample, samplesIn, STALE_SAMPLE, type RawSample } from './rawSamples';

interface StoredRaw {
  labels: readonly Label[];
  /** By time. */
  samples: Map<number, RawSample>;
}

/** How far Prometheus looks back for a sample. */
const LOOKBACK_MS = 300_000;

/** Raw series in memory, beside the ledger in memory; writes and metadata that were acknowledged can be looked at. */
export class MemoryRaw implements RawStore, RawHistory {
  readonly writes: RawWrite[] = [];
  readonly known = new Map<string, MetricMetadata>();
  /** By definition, then by labels. */
  private readonly stored = new Map<string, Map<string, StoredRaw>>();

  /** @param check throws what the archive would */
  constructor(
    private readonly ledger: Pick<MemoryLedger, 'rows' | 'list' | 'cover'>,
    private readonly check: (signal?: AbortSignal) => void = () => undefined
  ) {}

  async writeRaw(write: RawWrite, signal: AbortSignal): Promise<WriteOutcome> {
    this.check(signal);
    const { name, range, retention, provenance, covered, gaps, epoch } = write;
    const definition = { name, expression: provenance.expression, stepMs: provenance.stepMs, retention, raw: true };
    // Whoever may not write is refused before anything is stored.
    await this.ledger.cover({ definition, covered: [], gaps: [], epoch });
    const answer: RawSeries[] = [];
    for await (const series of write.series(signal)) {
      answer.push(series);
    }
    this.check(signal);
    const target = this.stored.get(name) ?? new Map<string, StoredRaw>();
    this.stored.set(name, target);
    const outcome = replaceRange(target, answer, { span: rawSpan(range), untrusted: gaps.map(rawSpan) });
    await this.ledger.cover({ definition, covered, gaps, epoch });
    this.writes.push(write);
    return outcome;
  }

  async writeMetadata(metadata: readonly MetricMetadata[]): Promise<void> {
    this.check();
    metadata.forEach((one) => this.known.set(one.metric, one));
  }

  async kept(): Promise<KeptSeries[]> {
    this.check();
    const raw = this.ledger.list().filter((entry) => entry.raw);
    return raw.map(({ name, expression, paused, covered }) => ({
      name,
      selectors: expression.split('\n'),
      paused,
      covered: covered.map(rawSpan),
    }));
  }

  async *select(read: RawSelect, signal: AbortSignal): AsyncIterable<RawSeries> {
    this.check(signal);
    for (const { labels, samples } of this.find(read)) {
      yield { labels, chunks: chunksOf(samples) };
    }
  }

  async seriesLabels(read: RawSelect, signal: AbortSignal): Promise<Array<readonly Label[]>> {
    this.check(signal);
    return this.find(read).map(({ labels }) => labels);
  }

  async labelNames(read: RawLabelRead): Promise<string[]> {
    return this.labelTexts(read, (labels) => labels.map(({ name }) => name));
  }

  async labelValues(read: RawLabelRead & { name: string }): Promise<string[]> {
    return this.labelTexts(read, (labels) => labels.filter(({ name }) => name === read.name).map(({ value }) => value));
  }

  async metadata({ metric, limit }: { metric?: string; limit?: number }): Promise<MetricMetadata[]> {
    this.check();
    const all = [...this.known.values()].sort((a, b) => compareUtf8(a.metric, b.metric));
    return all.filter((one) => metric === undefined || one.metric === metric).slice(0, limit);
  }

  private labelTexts(
    { selectors, range, limit }: RawLabelRead,
    textsOf: (labels: readonly Label[]) => string[]
  ): string[] {
    this.check();
    const wanted = selectors.length > 0 ? selectors : [[]];
    const found = wanted.flatMap((selector) => this.find({ selector, range }));
    return [...new Set(found.flatMap(({ labels }) => textsOf(labels)))].sort(compareUtf8).slice(0, limit);
  }

  /** Series with samples in the range, in order, each once; several definitions may have parts of one. */
  private find({
    selector,
    range,
    maxSeries,
    definition,
  }: RawSelect): Array<{ labels: readonly Label[]; samples: RawSample[] }> {
    const holds = compileMatchers(selector);
    const merged = new Map<string, StoredRaw & { definitions: string[] }>();
    for (const [name, series] of this.stored) {
      if ((definition ?? name) === name) {
        mergeMatching(merged, { name, series, holds });
      }
    }
    const found = [...merged.values()]
      .map(({ labels, samples, definitions }) => ({
        labels,
        samples: inOrder([...samples.values(), ...(definition ? [] : this.endings(definitions, samples))], range),
      }))
      .filter(({ samples }) => samples.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
    if (found.length > (maxSeries ?? Infinity)) {
      throw new PromkeepError('LIMIT_EXCEEDED', `There are more than ${maxSeries} series.`);
    }
    return found;
  }

  /** Stale markers where the archive lacks what the source had. */
  private endings(definitions: readonly string[], samples: ReadonlyMap<number, RawSample>): RawSample[] {
    const gaps = definitions.flatMap((name) => this.ledger.rows.get(name)?.gaps ?? []);
    const lost = gaps.filter(({ reason }) => reason !== 'source-had-no-data');
    return lost.flatMap(({ fromMs }) => {
      const before = [...samples.values()].filter(({ timeMs }) => timeMs < fromMs && timeMs >= fromMs - LOOKBACK_MS);
      const last = inOrder(before, { fromMs: 0, toMs: fromMs }).at(-1);
      return last && !isStaleSample(last) && !samples.has(fromMs) ? [{ ...STALE_SAMPLE, timeMs: fromMs }] : [];
    });
  }
}

function mergeMatching(
  merged: Map<string, StoredRaw & { definitions: string[] }>,
  { name, series, holds }: { name: string; series: ReadonlyMap<string, StoredRaw>; holds: LabelTest }
): void {
  for (const [key, { labels, samples }] of series) {
    if (holds(Object.fromEntries(labels.map((label) => [label.name, label.value])))) {
      const before = merged.get(key);
      const definitions = [...(before?.definitions ?? []), name];
      merged.set(key, { labels, definitions, samples: new Map([...samples, ...(before?.samples ?? [])]) });
    }
  }
}

function replaceRange(
  target: Map<string, StoredRaw>,
  answer: readonly RawSeries[],
  { span, untrusted }: { span: TimeRange; untrusted: readonly TimeRange[] }
): WriteOutcome {
  const outcome: WriteOutcome = { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0, refused: [] };
  const seen = new Map<string, Set<number>>();
  for (const { labels, chunks } of answer) {
    const key = JSON.stringify(labels);
    if (key.includes('\\u0000')) {
      const asRecord = Object.fromEntries(labels.map(({ name, value }) => [name, value]));
      outcome.refused.push({ labels: asRecord, reason: 'A label holds a NUL character.' });
    } else if (!seen.has(key)) {
      const one = target.get(key) ?? { labels, samples: new Map<number, RawSample>() };
      target.set(key, one);
      seen.set(key, new Set(addSamples(one.samples, samplesOfChunks(chunks, span), outcome)));
    }
  }
  for (const [key, { samples }] of target) {
    for (const timeMs of samples.keys()) {
      // Where the answer is not to be trusted, it only adds.
      const isTrusted = isWithin(span, timeMs) && !untrusted.some((part) => isWithin(part, timeMs));
      if (isTrusted && !seen.get(key)?.has(timeMs)) {
        samples.delete(timeMs);
        outcome.withdrawn++;
      }
    }
  }
  return outcome;
}

function addSamples(samples: Map<number, RawSample>, added: readonly RawSample[], outcome: WriteOutcome): number[] {
  return added.map((sample) => {
    const before = samples.get(sample.timeMs);
    outcome[before === undefined ? 'inserted' : before.content === sample.content ? 'unchanged' : 'revised']++;
    samples.set(sample.timeMs, sample);
    return sample.timeMs;
  });
}

function samplesOfChunks(chunks: readonly Chunk[], span: TimeRange): RawSample[] {
  return inOrder(chunks.flatMap(samplesIn), span);
}

function inOrder(samples: readonly RawSample[], range: TimeRange): RawSample[] {
  return samples.filter(({ timeMs }) => isWithin(range, timeMs)).sort((a, b) => a.timeMs - b.timeMs);
}

function isWithin({ fromMs, toMs }: TimeRange, timeMs: number): boolean {
  return fromMs <= timeMs && timeMs <= toMs;
}
