import { PromkeepError } from '../../pkg/core/model/errors';
import { type Archive, type ArchiveStatus } from '../../pkg/core/ports/archive';
import { type Gap, type LedgerEntry } from '../../pkg/core/ports/ledger';
import { type LeaseState, type LeaseRequest } from '../../pkg/core/ports/lease';
import { type RangeWrite, type WriteOutcome } from '../../pkg/core/ports/sampleStore';
import { type Definition } from '../../pkg/core/ports/definitions';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { MemoryHistory } from './memoryHistory';
import { MemoryLease } from './memoryLease';
import { MemoryRecorded } from './memoryRecorded';

/**
 * An archive in memory, for tests of those who use one: time and failures are in the test's hand. Coverage is kept per
 * millisecond range as written, like the ledger's multirange.
 */
export class LedgerArchive implements Archive {
  readonly writes: RangeWrite[] = [];
  readonly provisioned: Definition[][] = [];
  readonly gaps = new Map<string, Gap[]>();
  /** Thrown by every call while set. */
  down: PromkeepError | undefined;
  readonly lease = new MemoryLease();
  readonly definitions = new MemoryRecorded(() => this.check());
  readonly history = new MemoryHistory(() => undefined);
  private readonly covered = new Map<string, TimeRange[]>();
  /** series text → time → value */
  private readonly samples = new Map<string, Map<number, number>>();

  async migrate(): Promise<{ from: number; to: number }> {
    this.check();
    return { from: 1, to: 1 };
  }

  async provision(queries: readonly Definition[], epoch?: number): Promise<void> {
    this.check();
    this.lease.check(epoch);
    this.provisioned.push([...queries]);
    this.definitions.provision(queries);
  }

  async writeRange(write: RangeWrite): Promise<WriteOutcome> {
    this.check();
    this.lease.check(write.epoch);
    const name = nameOf(write);
    this.refuseOutdated(name, write);
    this.writes.push(write);
    const outcome = { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0, refused: [] };
    for (const series of write.series) {
      const key = `${name} ${JSON.stringify(series.labels ?? {})}`;
      const stored = this.samples.get(key) ?? new Map<number, number>();
      series.timesMs.forEach((timeMs, i) => {
        outcome[
          !stored.has(timeMs) ? 'inserted' : Object.is(stored.get(timeMs), series.values[i]) ? 'unchanged' : 'revised'
        ]++;
        stored.set(timeMs, series.values[i]);
      });
      this.samples.set(key, stored);
    }
    this.covered.set(name, merge([...(this.covered.get(name) ?? []), ...write.covered], write.provenance.stepMs));
    this.gaps.set(name, [...(this.gaps.get(name) ?? []), ...write.gaps]);
    return outcome;
  }

  async coverage(name: string): Promise<TimeRange[]> {
    this.check();
    return this.covered.get(name) ?? [];
  }

  async noteGap(name: string, gap: Gap, epoch?: number): Promise<void> {
    this.check();
    this.lease.check(epoch);
    this.gaps.set(name, [...(this.gaps.get(name) ?? []), gap]);
  }

  async status(): Promise<ArchiveStatus> {
    this.check();
    const names = new Set([...this.gaps.keys(), ...this.covered.keys()]);
    const queries = [...names].map((name) => ({
      name,
      kind: 'recorded' as const,
      expression: '',
      stepMs: 1,
      coveredMs: 0,
      gaps: this.gaps.get(name) ?? [],
    }));
    return {
      schemaVersion: 1,
      serverVersion: 'memory',
      samples: this.countSamples(),
      series: this.samples.size,
      bytes: 0,
      pending: [],
      failures: [],
      queries,
    };
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
    const { queries } = await this.status();
    return queries.map(({ name, gaps }) => ({
      name,
      expression: this.lastWrite(name)?.provenance.expression ?? '',
      stepMs: this.lastWrite(name)?.provenance.stepMs ?? 1,
      retention: '',
      paused: false,
      covered: this.covered.get(name) ?? [],
      gaps,
    }));
  }

  async readSeries(): Promise<never[]> {
    return [];
  }

  async keptToday(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}

  countSamples(): number {
    return [...this.samples.values()].reduce((sum, one) => sum + one.size, 0);
  }

  private lastWrite(name: string): RangeWrite | undefined {
    return this.writes.findLast((write) => nameOf(write) === name);
  }

  /** Where the test defined the query, what is written must be of that definition. */
  private refuseOutdated(name: string, { provenance }: RangeWrite): void {
    const known = this.definitions.queries.get(name);
    if (known && (known.expression !== provenance.expression || known.stepMs !== provenance.stepMs)) {
      throw new PromkeepError('ARCHIVE_QUERY_CHANGED', `The recorded query ${name} was changed.`);
    }
  }

  private check(): void {
    if (this.down) {
      throw this.down;
    }
  }
}

function nameOf(write: RangeWrite): string {
  if (write.query.kind !== 'recorded') {
    throw new PromkeepError('INTERNAL', 'The memory archive knows recorded queries only.');
  }
  return write.query.name;
}

function merge(ranges: TimeRange[], stepMs: number): TimeRange[] {
  const merged: TimeRange[] = [];
  for (const range of ranges.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last && range.fromMs <= last.toMs + stepMs) {
      last.toMs = Math.max(last.toMs, range.toMs);
    } else {
      merged.push({ ...range });
    }
  }
  return merged;
}
