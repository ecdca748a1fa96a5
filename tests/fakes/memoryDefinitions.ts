import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { PromkeepError } from '../../pkg/core/model/errors';
import { samplesPerDay } from '../../pkg/core/manage/recordingQuota';
import {
  type StoredDefinition,
  type DefinitionChange,
  type DefinitionEdit,
  type Definition,
  type Definitions,
} from '../../pkg/core/ports/definitions';
import { type PendingDeletion } from '../../pkg/core/ports/upkeep';
import { type MemoryLedger, requireKind } from './memoryLedger';

/** Definitions of recorded queries in memory, as the archive keeps them. */
export class MemoryDefinitions implements Definitions {
  readonly queries = new Map<string, StoredDefinition>();
  readonly waiting: PendingDeletion[] = [];
  private readonly removed = new Map<string, StoredDefinition>();
  nowMs = 0;

  /** What was provisioned, by call. */
  readonly provisioned: Definition[][] = [];

  /**
   * @param ledger told what is recorded
   * @param check throws what the archive would, also for an epoch that is outdated
   */
  constructor(
    private readonly ledger: Pick<MemoryLedger, 'define' | 'delete'>,
    private readonly check: (epoch?: number) => void = () => undefined
  ) {}

  async provision(queries: readonly Definition[], epoch?: number): Promise<void> {
    this.check(epoch);
    queries.forEach((query) => this.requireKind(query));
    this.provisioned.push([...queries]);
    for (const query of this.queries.values()) {
      if (query.provisioned && !query.paused && !queries.some(({ name }) => name === query.name)) {
        this.put({ ...query, paused: true, revision: query.revision + 1 });
      }
    }
    for (const query of queries) {
      const known = this.queries.get(query.name);
      if (!known) {
        this.put(this.made(query, true));
      } else if (known.paused || !known.provisioned || !isSame(known, query)) {
        this.put({ ...changed(known, query), provisioned: true, paused: false });
      }
    }
  }

  async list(): Promise<StoredDefinition[]> {
    this.check();
    return [...this.queries.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((query) => ({ ...query }));
  }

  async create(query: Definition, by: string): Promise<StoredDefinition> {
    this.check();
    this.requireKind(query);
    if (this.queries.has(query.name)) {
      throw new PromkeepError('CONFLICT', `There is a recorded query ${query.name} already.`);
    }
    const made = { ...this.made(query, false), createdBy: by, updatedBy: by };
    return this.put(made);
  }

  async change(edit: DefinitionEdit, change: DefinitionChange): Promise<StoredDefinition> {
    const next = changed(this.forEdit(edit), change);
    return this.put({ ...next, updatedBy: edit.by, updatedAtMs: this.nowMs });
  }

  async remove(edit: DefinitionEdit, withData: boolean): Promise<void> {
    this.removed.set(edit.name, this.forEdit(edit));
    this.queries.delete(edit.name);
    this.ledger.delete(edit.name);
    if (withData) {
      const asked = { by: `grafana:${edit.by}`, askedAtMs: this.nowMs, atMs: this.nowMs + 7 * 86_400_000 };
      this.waiting.push({ what: 'data', query: edit.name, wanted: 'deleted', ...asked });
    }
  }

  async pending(): Promise<PendingDeletion[]> {
    this.check();
    return [...this.waiting];
  }

  async takeBack(name: string): Promise<void> {
    this.endWaiting(name);
    const query = this.removed.get(name);
    if (query) {
      this.put(query);
    }
  }

  async carryOut(name: string): Promise<boolean> {
    this.endWaiting(name);
    return true;
  }

  private endWaiting(name: string): void {
    this.check();
    const at = this.waiting.findIndex(({ query }) => query === name);
    if (at < 0) {
      throw new PromkeepError('NOT_FOUND', `No deletion waits for ${name}.`);
    }
    this.waiting.splice(at, 1);
  }

  /** As if each query had one series. */
  async use(): Promise<RecordingAmounts> {
    this.check();
    const running = [...this.queries.values()].filter(({ paused }) => !paused);
    const samples = running.reduce((sum, { stepMs }) => sum + samplesPerDay(1, stepMs), 0);
    const amount = { queries: this.queries.size, series: running.length, samplesPerDay: samples };
    return { source: amount, organisation: amount };
  }

  private requireKind(query: Definition): void {
    const known = this.queries.get(query.name) ?? this.removed.get(query.name);
    if (known) {
      requireKind(known, query);
    }
  }

  private put(query: StoredDefinition): StoredDefinition {
    this.queries.set(query.name, query);
    this.ledger.define(query, query.paused);
    return { ...query };
  }

  private made(query: Definition, provisioned: boolean): StoredDefinition {
    const nowMs = this.nowMs;
    return { ...query, version: 1, revision: 1, provisioned, paused: false, createdAtMs: nowMs, updatedAtMs: nowMs };
  }

  private forEdit({ name, revision }: DefinitionEdit): StoredDefinition {
    this.check();
    const known = this.queries.get(name);
    if (!known) {
      throw new PromkeepError('NOT_FOUND', `There is no recorded query ${name}.`);
    }
    if (known.provisioned) {
      throw new PromkeepError('FORBIDDEN', `${name} comes from a config file.`);
    }
    if (known.revision !== revision) {
      throw new PromkeepError('CONFLICT', `${name} was changed.`);
    }
    return known;
  }
}

function changed(known: StoredDefinition, change: DefinitionChange): StoredDefinition {
  const next = { ...known, ...change };
  const renewed = next.expression !== known.expression || next.stepMs !== known.stepMs;
  return { ...next, version: known.version + Number(renewed), revision: known.revision + 1 };
}

function isSame(known: StoredDefinition, { expression, stepMs, retention }: Definition): boolean {
  return known.expression === expression && known.stepMs === stepMs && known.retention === retention;
}
