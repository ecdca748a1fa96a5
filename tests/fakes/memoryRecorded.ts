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

/** Definitions of recorded queries in memory, as the archive keeps them. */
export class MemoryRecorded implements Definitions {
  readonly queries = new Map<string, StoredDefinition>();
  readonly waiting: PendingDeletion[] = [];
  nowMs = 0;

  /** @param check throws what the archive would */
  constructor(private readonly check: () => void = () => undefined) {}

  provision(queries: readonly Definition[]): void {
    for (const query of [...this.queries.values()].filter(({ provisioned }) => provisioned)) {
      query.paused = true;
    }
    for (const query of queries) {
      this.queries.set(query.name, this.made(query, true));
    }
  }

  async list(): Promise<StoredDefinition[]> {
    this.check();
    return [...this.queries.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((query) => ({ ...query }));
  }

  async create(query: Definition, by: string): Promise<StoredDefinition> {
    this.check();
    if (this.queries.has(query.name)) {
      throw new PromkeepError('CONFLICT', `There is a recorded query ${query.name} already.`);
    }
    const made = { ...this.made(query, false), createdBy: by, updatedBy: by };
    this.queries.set(query.name, made);
    return { ...made };
  }

  async change(edit: DefinitionEdit, change: DefinitionChange): Promise<StoredDefinition> {
    const known = this.forEdit(edit);
    const changed = { ...known, ...change };
    const renewed = changed.expression !== known.expression || changed.stepMs !== known.stepMs;
    const next = {
      ...changed,
      version: known.version + Number(renewed),
      revision: known.revision + 1,
      updatedBy: edit.by,
      updatedAtMs: this.nowMs,
    };
    this.queries.set(edit.name, next);
    return { ...next };
  }

  async remove(edit: DefinitionEdit, withData: boolean): Promise<void> {
    this.forEdit(edit);
    this.queries.delete(edit.name);
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
      throw new PromkeepError('FORBIDDEN', `${name} is provisioned.`);
    }
    if (known.revision !== revision) {
      throw new PromkeepError('CONFLICT', `${name} was changed.`);
    }
    return known;
  }
}
