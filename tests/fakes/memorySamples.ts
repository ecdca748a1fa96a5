import { PromkeepError } from '../../pkg/core/model/errors';
import { type Labels, type Series } from '../../pkg/core/model/series';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type Coverage, type Ledger } from '../../pkg/core/ports/ledger';
import {
  type ArchiveRead,
  type QueryIdentity,
  type RangeWrite,
  type SampleStore,
  type WriteOutcome,
} from '../../pkg/core/ports/sampleStore';
import { canonicalLabels, splitMetricName } from '../../src/contract/standardRecord';

export interface StoredSeries {
  labels: Labels | undefined;
  /** By time. */
  samples: Map<number, number>;
}

export interface StoredQuery {
  identity: QueryIdentity;
  expression: string;
  stepMs: number;
  /** By labels. */
  series: Map<string, StoredSeries>;
}

/** Samples in memory, beside any ledger: a time counts as covered only once its samples are here. */
export class MemorySamples implements SampleStore {
  /** While set, writes wait for it before they are made. */
  hold: Promise<void> | undefined;
  /** Those that were acknowledged. */
  readonly writes: RangeWrite[] = [];
  readonly queries = new Map<string, StoredQuery>();
  private kept = 0;

  /** @param check throws what the store would */
  constructor(
    private readonly ledger: Pick<Ledger, 'cover'>,
    private readonly check: (signal: AbortSignal) => void = refuseAborted
  ) {}

  async writeRange(write: RangeWrite, signal: AbortSignal): Promise<WriteOutcome> {
    this.check(signal);
    await this.hold;
    this.check(signal);
    // Whoever may not write is refused before anything is stored.
    await this.tellLedger(write, { covered: [], gaps: [] });
    const outcome = replaceRange(this.queryOf(write), write);
    await this.tellLedger(write, write);
    this.writes.push(write);
    this.kept += write.query.kind === 'kept' ? outcome.inserted : 0;
    return outcome;
  }

  async readSeries({ query, range }: ArchiveRead, signal: AbortSignal): Promise<Series[]> {
    this.check(signal);
    return this.seriesOf(query).flatMap(({ labels, samples }) => {
      const entries = [...samples].filter(([timeMs]) => isWithin(range, timeMs)).sort(([a], [b]) => a - b);
      const timesMs = Float64Array.from(entries, ([timeMs]) => timeMs);
      const values = Float64Array.from(entries, ([, value]) => value);
      return entries.length === 0 ? [] : [{ labels, timesMs, values }];
    });
  }

  async keptToday(): Promise<number> {
    this.check(new AbortController().signal);
    return this.kept;
  }

  seriesOf(query: QueryIdentity): StoredSeries[] {
    return [...(this.queries.get(keyOf(query))?.series.values() ?? [])];
  }

  count(): number {
    const series = [...this.queries.values()].flatMap((query) => [...query.series.values()]);
    return series.reduce((sum, { samples }) => sum + samples.size, 0);
  }

  private async tellLedger(
    { query, retention, provenance: { expression, stepMs }, epoch }: RangeWrite,
    { covered, gaps }: Pick<Coverage, 'covered' | 'gaps'>
  ): Promise<void> {
    if (query.kind === 'recorded') {
      await this.ledger.cover({
        definition: { name: query.name, expression, stepMs, retention },
        covered,
        gaps,
        epoch,
      });
    }
  }

  private queryOf({ query: identity, provenance: { expression, stepMs } }: RangeWrite): StoredQuery {
    const key = keyOf(identity);
    const query = this.queries.get(key) ?? { identity, expression, stepMs, series: new Map<string, StoredSeries>() };
    this.queries.set(key, query);
    return query;
  }
}

export function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new PromkeepError('QUERY_CANCELLED', 'The write was cancelled.');
  }
}

function replaceRange({ series }: StoredQuery, write: RangeWrite): WriteOutcome {
  const outcome: WriteOutcome = { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0, refused: [] };
  const seen = new Map<string, Set<number>>();
  for (const { labels, timesMs, values } of write.series) {
    const split = splitMetricName(labels, write.queryName);
    const key = canonicalLabels({ __name__: split.metricName, ...split.labels });
    if (key.includes('\\u0000')) {
      outcome.refused.push({ labels, reason: 'A label holds a NUL character.' });
      continue;
    }
    const target = series.get(key) ?? { labels, samples: new Map<number, number>() };
    series.set(key, target);
    const { samples } = target;
    seen.set(key, new Set(timesMs));
    timesMs.forEach((timeMs, i) => {
      const before = samples.get(timeMs);
      outcome[before === undefined ? 'inserted' : Object.is(before, values[i]) ? 'unchanged' : 'revised']++;
      samples.set(timeMs, values[i]);
    });
  }
  for (const [key, { samples }] of series) {
    for (const timeMs of samples.keys()) {
      // Where the answer is not to be trusted, it only adds.
      const isTrusted = isWithin(write.range, timeMs) && !write.gaps.some((gap) => isWithin(gap, timeMs));
      if (isTrusted && !seen.get(key)?.has(timeMs)) {
        samples.delete(timeMs);
        outcome.withdrawn++;
      }
    }
  }
  return outcome;
}

function keyOf(query: QueryIdentity): string {
  return query.kind === 'recorded'
    ? JSON.stringify(['recorded', query.name])
    : JSON.stringify(['kept', query.expression, query.stepMs, query.phaseMs]);
}

function isWithin(range: TimeRange, timeMs: number): boolean {
  return range.fromMs <= timeMs && timeMs <= range.toMs;
}
