import { compileMatchers, type LabelTest } from '../../pkg/core/matching/matchLabels';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type Chunk, type Label, RAW_STEP_MS, type RawSeries, rawSpan } from '../../pkg/core/model/rawSeries';
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
import { joinRanges, type MemoryLedger } from './memoryLedger';
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
    const { withdraws = true } = write;
    const outcome = replaceRange(target, answer, { span: rawSpan(range), untrusted: gaps.map(rawSpan), withdraws });
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
      if ((definition ?? name) === name && !this.ledger.rows.get(name)?.deleted) {
        mergeMatching(merged, { name, series, holds });
      }
    }
    const found = [...merged.values()]
      .map(({ labels, samples, definitions }) => ({
        labels,
        samples: cutOff([...samples.values(), ...(definition ? [] : this.endings(definitions, samples))], range),
      }))
      .filter(({ samples }) => samples.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
    if (found.length > (maxSeries ?? Infinity)) {
      throw new PromkeepError('LIMIT_EXCEEDED', `There are more than ${maxSeries} series.`);
    }
    return found;
  }

  /** Stale markers where the archive lacks what the source had: where coverage ends, unless the source had nothing then. */
  private endings(definitions: readonly string[], samples: ReadonlyMap<number, RawSample>): RawSample[] {
    const rows = definitions.flatMap((name) => this.ledger.rows.get(name) ?? []);
    const gaps = rows.flatMap((row) => row.gaps);
    const covered = joinRanges(
      rows.flatMap((row) => row.covered.map((part) => ({ ...part }))),
      RAW_STEP_MS
    );
    return covered.flatMap(({ toMs }, i) => {
      const endMs = toMs + RAW_STEP_MS;
      const here = gaps.filter((gap) => isWithin(gap, endMs));
      const isEnd = i < covered.length - 1 || here.length > 0;
      const last = inOrder([...samples.values()], { fromMs: endMs - LOOKBACK_MS, toMs: endMs - 1 }).at(-1);
      const goesOn = isEnd && last !== undefined && !isStaleSample(last) && !samples.has(endMs);
      return goesOn && !here.some(({ reason }) => reason === 'source-had-no-data')
        ? [{ ...STALE_SAMPLE, timeMs: endMs }]
        : [];
    });
  }
}

/** As a store without NUL and with an index on names would; `undefined`: it can be stored. */
function refusalOf(labels: readonly Label[]): string | undefined {
  if (labels.some(({ name, value }) => name.includes('\0') || value.includes('\0'))) {
    return 'A label holds a NUL character.';
  }
  if (labels.some(({ name, value }) => /\p{Cs}/u.test(name + value))) {
    return 'A label holds half of a surrogate pair.';
  }
  return labels.some(({ name }) => name.length > 1_000)
    ? 'The name of a label has more than 1000 characters.'
    : undefined;
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
  { span, untrusted, withdraws }: { span: TimeRange; untrusted: readonly TimeRange[]; withdraws: boolean }
): WriteOutcome {
  const outcome: WriteOutcome = { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0, refused: [] };
  const seen = new Map<string, Set<number>>();
  const isTrusted = (timeMs: number): boolean =>
    isWithin(span, timeMs) && !untrusted.some((part) => isWithin(part, timeMs));
  for (const { labels: given, chunks } of answer) {
    const labels = given.filter(({ value }) => value !== '');
    const key = JSON.stringify(labels);
    const reason = refusalOf(labels);
    if (reason !== undefined) {
      const asRecord = Object.fromEntries(labels.map(({ name, value }) => [name, value]));
      outcome.refused.push({ labels: asRecord, reason });
    } else if (!seen.has(key)) {
      const one = target.get(key) ?? { labels, samples: new Map<number, RawSample>() };
      target.set(key, one);
      const added = samplesOfChunks(chunks, span);
      added.forEach((sample) => addSample(one.samples, sample, { outcome, isTrusted }));
      seen.set(key, new Set(added.map(({ timeMs }) => timeMs)));
    }
  }
  for (const [key, { samples }] of target) {
    for (const timeMs of samples.keys()) {
      if (withdraws && isTrusted(timeMs) && !seen.get(key)?.has(timeMs)) {
        samples.delete(timeMs);
        outcome.withdrawn++;
      }
    }
  }
  return outcome;
}

/** Where the answer is not to be trusted, it only adds. */
function addSample(
  samples: Map<number, RawSample>,
  sample: RawSample,
  { outcome, isTrusted }: { outcome: WriteOutcome; isTrusted(timeMs: number): boolean }
): void {
  const before = samples.get(sample.timeMs);
  const stays = before && (before.content === sample.content || !isTrusted(sample.timeMs));
  outcome[before === undefined ? 'inserted' : stays ? 'unchanged' : 'revised']++;
  samples.set(sample.timeMs, stays ? before : sample);
}

/** Of several at one time the first counts. */
function samplesOfChunks(chunks: readonly Chunk[], span: TimeRange): RawSample[] {
  const sorted = inOrder(chunks.flatMap(samplesIn), span);
  return sorted.filter(({ timeMs }, i) => i === 0 || timeMs > sorted[i - 1].timeMs);
}

/** What follows one that is left out cannot say whether there was a reset. */
function cutOff(samples: readonly RawSample[], range: TimeRange): RawSample[] {
  const [first, ...rest] = inOrder(samples, range);
  const isCut = samples.some(({ timeMs }) => timeMs < range.fromMs);
  return first?.histogram && isCut && first.histogram.reset !== 'gauge'
    ? [{ ...first, histogram: { ...first.histogram, reset: 'unknown' } }, ...rest]
    : first
      ? [first, ...rest]
      : [];
}

function inOrder(samples: readonly RawSample[], range: TimeRange): RawSample[] {
  return samples.filter(({ timeMs }) => isWithin(range, timeMs)).sort((a, b) => a.timeMs - b.timeMs);
}

function isWithin({ fromMs, toMs }: TimeRange, timeMs: number): boolean {
  return fromMs <= timeMs && timeMs <= toMs;
}
