import { PromkeepError } from '../../pkg/core/model/errors';
import { type Archive, type ArchiveStatus, type SourceIdentity } from '../../pkg/core/ports/archive';
import {
  type ArchiveRead,
  type QueryIdentity,
  type RangeWrite,
  type WriteOutcome,
} from '../../pkg/core/ports/sampleStore';
import { type Gap, type LedgerEntry } from '../../pkg/core/ports/ledger';
import { type LeaseState, type LeaseRequest } from '../../pkg/core/ports/lease';
import { type Definition } from '../../pkg/core/ports/definitions';
import { type RollupState } from '../../pkg/core/ports/history';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type Labels, type Series } from '../../pkg/core/model/series';
import { canonicalLabels, splitMetricName } from '../../src/contract/standardRecord';
import { MemoryHistory } from './memoryHistory';
import { MemoryLease } from './memoryLease';
import { MemoryRecorded } from './memoryRecorded';

interface StoredSeries {
  labels: Labels | undefined;
  samples: Map<number, number>;
}

interface StoredQuery {
  identity: QueryIdentity;
  expression: string;
  stepMs: number;
  series: Map<string, StoredSeries>;
  covered: TimeRange[];
  expired: TimeRange[];
  gaps: Gap[];
}

/** The tables that several `MemoryArchive`s share, as several sources share one database. */
export class MemoryTables {
  readonly sources = new Map<string, Map<string, StoredQuery>>();
}

/**
 * An archive in memory, for tests of those who use one: failures and waiting are in the test's hand. It passes
 * `archiveContract.ts`, as the real one does.
 */
export class MemoryArchive implements Archive {
  /** Thrown by every call while set: a database that is down. */
  down: PromkeepError | undefined;
  /** While set, writes wait for it before they commit. */
  hold: Promise<void> | undefined;
  readonly writes: RangeWrite[] = [];
  readonly provisioned: Definition[][] = [];
  readonly lease = new MemoryLease();
  readonly definitions = new MemoryRecorded(() => this.check());
  readonly history = new MemoryHistory(
    (name) => {
      const query = this.queries.get(keyOf({ kind: 'recorded', name }));
      return query && { ...query, series: [...query.series.values()] };
    },
    (signal) => this.check(signal)
  );
  private readonly queries: Map<string, StoredQuery>;
  private kept = 0;

  constructor(source: SourceIdentity = { orgId: 1, name: 'default' }, tables: MemoryTables = new MemoryTables()) {
    const key = JSON.stringify([source.orgId, source.name]);
    this.queries = tables.sources.get(key) ?? new Map<string, StoredQuery>();
    tables.sources.set(key, this.queries);
  }

  /** The gaps of the recorded queries, by name. */
  get gaps(): Map<string, Gap[]> {
    const recorded = [...this.queries.values()].filter(({ identity }) => identity.kind === 'recorded');
    return new Map(recorded.map((query) => [nameOf(query.identity), query.gaps]));
  }

  countSamples(): number {
    return this.allSeries().reduce((sum, one) => sum + one.samples.size, 0);
  }

  async migrate(): Promise<{ from: number; to: number }> {
    this.check();
    return { from: 1, to: 1 };
  }

  async provision(queries: readonly Definition[], epoch?: number): Promise<void> {
    this.check();
    this.lease.check(epoch);
    this.provisioned.push([...queries]);
    this.definitions.provision(queries);
    for (const { name, expression, stepMs } of queries) {
      const query = this.queryOf({ kind: 'recorded', name }, expression, stepMs);
      if (query.expression !== expression || query.stepMs !== stepMs) {
        Object.assign(query, { expression, stepMs, covered: [], expired: [], gaps: [] });
      }
    }
  }

  async writeRange(write: RangeWrite, signal: AbortSignal): Promise<WriteOutcome> {
    this.check(signal);
    await this.hold;
    this.check(signal);
    this.lease.check(write.epoch);
    this.writes.push(write);
    const query = this.queryOf(write.query, write.provenance.expression, write.provenance.stepMs);
    const outcome: WriteOutcome = { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0, refused: [] };
    const seen = new Map<string, Set<number>>();
    for (const series of write.series) {
      writeSeries(query, series, write.queryName, outcome, seen);
    }
    outcome.withdrawn = withdraw(query, write.range, seen);
    query.covered = mergeRanges([...query.covered, ...write.covered], query.stepMs);
    query.gaps = [...query.gaps, ...write.gaps].filter((gap) => !isCovered(query.covered, gap));
    if (write.query.kind === 'kept') {
      this.kept += outcome.inserted;
    }
    return outcome;
  }

  async readSeries(read: ArchiveRead, signal: AbortSignal): Promise<Series[]> {
    this.check(signal);
    const found = [...(this.queries.get(keyOf(read.query))?.series.values() ?? [])];
    return found.flatMap(({ labels, samples }) => {
      const entries = [...samples].filter(([timeMs]) => inRange(read.range, timeMs)).sort(([a], [b]) => a - b);
      const timesMs = Float64Array.from(entries, ([timeMs]) => timeMs);
      const values = Float64Array.from(entries, ([, value]) => value);
      return entries.length === 0 ? [] : [{ labels, timesMs, values }];
    });
  }

  async coverage(name: string): Promise<TimeRange[]> {
    this.check();
    return this.queries.get(keyOf({ kind: 'recorded', name }))?.covered ?? [];
  }

  /** Samples of a recorded query up to this time expire; stored rollups speak for them from then on. */
  expire(name: string, untilMs: number, stored: RollupState['stored']): void {
    const query = this.queryOf({ kind: 'recorded', name }, '', 1);
    const { stepMs, covered, expired } = query;
    const gone = covered.filter(({ fromMs }) => fromMs <= untilMs);
    query.expired = [...expired, ...gone.map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, untilMs) }))];
    query.covered = covered.flatMap(({ fromMs, toMs }) =>
      toMs > untilMs ? [{ fromMs: Math.max(fromMs, untilMs + stepMs), toMs }] : []
    );
    this.history.stored = stored;
  }

  async noteGap(name: string, gap: Gap, epoch?: number): Promise<void> {
    this.check();
    this.lease.check(epoch);
    const query = this.queryOf({ kind: 'recorded', name }, '', 1);
    if (!isCovered(query.covered, gap)) {
      query.gaps.push(gap);
    }
  }

  async holdLease(request: LeaseRequest): Promise<LeaseState> {
    this.check();
    return this.lease.hold(request);
  }

  async releaseLease(lease: Pick<LeaseState, 'holder' | 'epoch'>): Promise<void> {
    this.check();
    this.lease.release(lease);
  }

  async currentLease(): Promise<LeaseState> {
    this.check();
    return this.lease.state;
  }

  async ledger(): Promise<LedgerEntry[]> {
    this.check();
    const recorded = [...this.queries.values()].filter(({ identity }) => identity.kind === 'recorded');
    return recorded.map(({ identity, expression, stepMs, covered, gaps }) => ({
      name: nameOf(identity),
      expression,
      stepMs,
      retention: '',
      paused: false,
      covered,
      gaps,
    }));
  }

  async keptToday(): Promise<number> {
    this.check();
    return this.kept;
  }

  async status(): Promise<ArchiveStatus> {
    this.check();
    return {
      schemaVersion: 1,
      serverVersion: '0.0 (in memory)',
      samples: this.countSamples(),
      series: this.allSeries().length,
      bytes: 0,
      pending: [],
      failures: [],
      queries: [...this.queries.values()].map(statusOf),
    };
  }

  async close(): Promise<void> {}

  private check(signal?: AbortSignal): void {
    if (signal?.aborted) {
      throw new PromkeepError('QUERY_CANCELLED', 'The write was cancelled.');
    }
    if (this.down) {
      throw this.down;
    }
  }

  private allSeries(): StoredSeries[] {
    return [...this.queries.values()].flatMap((query) => [...query.series.values()]);
  }

  private queryOf(identity: QueryIdentity, expression: string, stepMs: number): StoredQuery {
    const key = keyOf(identity);
    const nothing = { series: new Map(), covered: [], expired: [], gaps: [] };
    const query = this.queries.get(key) ?? { identity, expression, stepMs, ...nothing };
    this.queries.set(key, query);
    return query;
  }
}

function writeSeries(
  query: StoredQuery,
  series: Series,
  queryName: string,
  outcome: WriteOutcome,
  seen: Map<string, Set<number>>
): void {
  const { metricName, labels } = splitMetricName(series.labels, queryName);
  const stored = { __name__: metricName, ...labels };
  const key = canonicalLabels(stored);
  if (key.includes('\\u0000')) {
    outcome.refused.push({ labels: series.labels, reason: 'A label holds a NUL character.' });
    return;
  }
  const target = query.series.get(key) ?? { labels: series.labels, samples: new Map<number, number>() };
  query.series.set(key, target);
  seen.set(key, new Set(series.timesMs));
  series.timesMs.forEach((timeMs, i) => {
    const before = target.samples.get(timeMs);
    if (before === undefined) {
      outcome.inserted++;
    } else if (Object.is(before, series.values[i])) {
      outcome.unchanged++;
    } else {
      outcome.revised++;
    }
    target.samples.set(timeMs, series.values[i]);
  });
}

function withdraw(query: StoredQuery, range: TimeRange, seen: Map<string, Set<number>>): number {
  let count = 0;
  for (const [key, { samples }] of query.series) {
    for (const timeMs of samples.keys()) {
      if (inRange(range, timeMs) && !seen.get(key)?.has(timeMs)) {
        samples.delete(timeMs);
        count++;
      }
    }
  }
  return count;
}

function keyOf(query: QueryIdentity): string {
  return query.kind === 'recorded'
    ? JSON.stringify(['recorded', query.name])
    : JSON.stringify(['kept', query.expression, query.stepMs, query.phaseMs]);
}

function nameOf(query: QueryIdentity): string {
  return query.kind === 'recorded' ? query.name : query.expression;
}

function inRange(range: TimeRange, timeMs: number): boolean {
  return range.fromMs <= timeMs && timeMs <= range.toMs;
}

function isCovered(covered: readonly TimeRange[], gap: TimeRange): boolean {
  return covered.some(({ fromMs, toMs }) => fromMs <= gap.fromMs && gap.toMs <= toMs);
}

/** Ranges of grid points: two are one when no grid point lies between them. */
function mergeRanges(ranges: TimeRange[], stepMs: number): TimeRange[] {
  const merged: TimeRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged[merged.length - 1];
    if (last && range.fromMs <= last.toMs + stepMs) {
      merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, range.toMs) };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

function statusOf(query: StoredQuery): ArchiveStatus['queries'][number] {
  const { identity, expression, stepMs, series, covered, gaps } = query;
  const times = [...series.values()].flatMap(({ samples }) => [...samples.keys()]);
  return {
    name: nameOf(identity),
    kind: identity.kind,
    expression,
    stepMs,
    newestMs: times.length > 0 ? times.reduce((a, b) => Math.max(a, b)) : undefined,
    coveredMs: covered.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
    gaps,
  };
}
