import { type PromkeepError } from '../../pkg/core/model/errors';
import { type Archive, type ArchiveStatus, type PoolUse } from '../../pkg/core/ports/archive';
import { MemoryDefinitions } from './memoryDefinitions';
import { MemoryHistory } from './memoryHistory';
import { MemoryLease } from './memoryLease';
import { MemoryLedger } from './memoryLedger';
import { MemoryRaw } from './memoryRaw';
import { MemorySamples, refuseAborted, type StoredQuery } from './memorySamples';

/**
 * The archive of one source in memory, for tests of those who use one: failures and waiting are in the test's hand. Each role
 * passes the contract suite of its port, as the real one does.
 */
export class MemoryArchive implements Archive {
  /** Thrown by every call while set: a database that is down. */
  down: PromkeepError | undefined;
  readonly lease = new MemoryLease(() => this.check());
  readonly ledger = new MemoryLedger((epoch) => this.check(epoch));
  readonly samples = new MemorySamples(this.ledger, (signal) => this.checkCall(signal));
  readonly definitions = new MemoryDefinitions(this.ledger, (epoch) => this.check(epoch));
  readonly raw = new MemoryRaw(this.ledger, (signal) => (signal ? this.checkCall(signal) : this.check()));
  readonly history = new MemoryHistory(this.ledger, this.samples, (signal) => this.checkCall(signal));

  async migrate(): Promise<{ from: number; to: number }> {
    this.check();
    return { from: 2, to: 2 };
  }

  async status(): Promise<ArchiveStatus> {
    this.check();
    const stored = [...this.samples.queries.values()];
    const recorded = this.ledger.list().map(({ name, expression, stepMs, covered, gaps }) => ({
      ...{ name, kind: 'recorded' as const, expression, stepMs, gaps },
      newestMs: newestOf(stored.find(({ identity }) => identity.kind === 'recorded' && identity.name === name)),
      coveredMs: covered.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
    }));
    const kept = stored.filter(({ identity }) => identity.kind === 'kept');
    return {
      ...{ schemaVersion: 1, serverVersion: '0.0 (in memory)', bytes: 0, pending: [], failures: [] },
      samples: this.samples.count(),
      series: stored.reduce((sum, { series }) => sum + series.size, 0),
      queries: [
        ...recorded,
        ...kept.map((query) => ({
          ...{ name: query.expression, kind: 'kept' as const, expression: query.expression, stepMs: query.stepMs },
          ...{ newestMs: newestOf(query), coveredMs: 0, gaps: [] },
        })),
      ],
    };
  }

  poolUse(): PoolUse {
    return { busy: 0, idle: 0, waiting: 0, limit: 0 };
  }

  async close(): Promise<void> {}

  private check(epoch?: number): void {
    if (this.down) {
      throw this.down;
    }
    this.lease.require(epoch);
  }

  private checkCall(signal: AbortSignal): void {
    refuseAborted(signal);
    this.check();
  }
}

function newestOf(query: StoredQuery | undefined): number | undefined {
  const times = [...(query?.series.values() ?? [])].flatMap(({ samples }) => [...samples.keys()]);
  return times.length > 0 ? times.reduce((a, b) => Math.max(a, b)) : undefined;
}
