import { type RecordedDefinition, type RecordedFaults } from '../../../src/contract/recordedDefinition';
import {
  type RecordedCheck,
  type RecordedQueriesAnswer,
  type RecordedQueryItem,
  type RecordingAmounts,
  type RecordingRights,
} from '../../../src/contract/recordedQuery';
import { FORWARDS_CREDENTIALS, refusalToWrite } from '../datasource/callers';
import { checkDefinition, type CheckDeps } from './checkDefinition';
import { checkRaw, withPreview } from './checkRaw';
import { countAllPoints } from '../collect/collectGrid';
import { type Caller } from '../ports/datasource';
import { PromkeepError } from '../model/errors';
import { RAW_STEP_MS } from '../model/rawSeries';
import { reportGaps } from '../history/gapReport';
import { type Uses } from '../ports/archive';
import { type LedgerEntry } from '../ports/ledger';
import { type Logger } from '../ports/logger';
import {
  type StoredDefinition,
  type DefinitionChange,
  type DefinitionEdit,
  type Definitions,
} from '../ports/definitions';
import { type QuotaRequest, refusalOfNew } from './recordingQuota';

/** What an Admin allowed for recorded queries. */
export interface RecordingPolicy {
  allowed: boolean;
  /** A query with more series than this is refused. */
  maxSeries: number;
  /** Of all recorded queries together. */
  limits: RecordingAmounts;
  /** The datasource forwards OAuth tokens or cookies of its users. */
  forwardsCredentials: boolean;
  /** A time is recorded when it is this old. */
  settleMs: number;
  scrapeIntervalMs: number;
}

/** All but what a config file does. */
type Managing = Exclude<keyof Definitions, 'provision'>;

export interface ManageDeps extends Omit<CheckDeps, 'policy'> {
  archive: Uses<{ definitions: Managing; ledger: 'entries'; lease: 'current' }>;
  policy: RecordingPolicy;
  logger: Logger;
  /** A signal that aborts after so many milliseconds; timers do not live in core. */
  timeoutSignal(ms: number): AbortSignal;
}

/** Which query, and the revision its editor saw. */
type EditTarget = Omit<DefinitionEdit, 'by'>;

/** A definition that was refused, field by field. */
export class DefinitionRefusal extends PromkeepError {
  constructor(readonly faults: RecordedFaults) {
    super('QUERY_INVALID', Object.values(faults).join(' '));
  }
}

/** A person waits for a deletion about this long; the archive's upkeep does the rest. */
const DELETE_PATIENCE_MS = 10_000;
const GAPS_SHOWN = 20;

/**
 * Recorded queries as people manage them in Grafana. Everything that changes one checks the caller here [A13]: Editors and
 * Admins may, once an Admin has allowed it for the datasource; to delete data takes an Admin. Whatever deletes waits for a date
 * first, and until then can be taken back. Rejects with `PromkeepError`.
 */
export class DefinitionManager {
  constructor(private readonly deps: ManageDeps) {}

  /** Rejects where users' own credentials go to Prometheus: one user's results are none of another's business. */
  async list(caller: Caller): Promise<RecordedQueriesAnswer> {
    const { archive, policy, clock } = this.deps;
    if (policy.forwardsCredentials) {
      throw new PromkeepError('FORBIDDEN', `Recorded queries are not available: ${FORWARDS_CREDENTIALS}.`);
    }
    const [queries, use, ledger, lease, waiting] = await Promise.all([
      archive.definitions.list(),
      archive.definitions.use(),
      archive.ledger.entries(),
      archive.lease.current(),
      archive.definitions.pending(),
    ]);
    const entries = new Map(ledger.map((entry) => [entry.name, entry]));
    const dueMs = clock.nowMs() - policy.settleMs;
    return {
      queries: queries.map((query) => toItem(query, entries.get(query.name), dueMs)),
      quota: { use, limits: policy.limits },
      waiting,
      may: this.rightsOf(caller),
      ...(lease.expiresInMs > 0 ? { archiver: lease.holder } : {}),
      scrapeIntervalMs: policy.scrapeIntervalMs,
    };
  }

  /** What is wrong with a definition, and what its author should know. @param revision absent for a new query */
  async validate(
    definition: RecordedDefinition,
    revision: number | undefined,
    caller: Caller,
    signal: AbortSignal
  ): Promise<RecordedCheck> {
    this.requireEditor(caller);
    const check = await this.check(definition, signal);
    if (revision !== undefined) {
      return check;
    }
    const known = await this.deps.archive.definitions.list();
    const name = known.some((one) => one.name === definition.name)
      ? 'There is a recorded query of this name already.'
      : await this.refusalOfNew(definition, check);
    return name === undefined ? check : { ...check, faults: { ...check.faults, name } };
  }

  /** Rejects with `DefinitionRefusal` when it may not be recorded, `LIMIT_EXCEEDED` when there are too many. */
  async create(definition: RecordedDefinition, caller: Caller, signal: AbortSignal): Promise<StoredDefinition> {
    const by = this.requireEditor(caller);
    const check = await this.refuseFaulty(definition, signal);
    const refusal = check.preview && (await this.refusalOfNew(definition, check));
    if (refusal !== undefined) {
      throw new PromkeepError('LIMIT_EXCEEDED', refusal);
    }
    const stored = this.stored(definition);
    const made = await this.deps.archive.definitions.create(stored, by, this.quota(check.series));
    this.tell('A recorded query was made.', made.name, by);
    return made;
  }

  /** Prometheus is asked only when there is something new to ask it. Rejects as `create`. */
  async update(
    target: EditTarget,
    change: Omit<DefinitionChange, 'paused'>,
    caller: Caller,
    signal: AbortSignal
  ): Promise<StoredDefinition> {
    const by = this.requireEditor(caller);
    const known = (await this.deps.archive.definitions.list()).find(({ name }) => name === target.name);
    const check = known && (await this.refuseFaulty({ ...known, ...change }, signal, known));
    const next = known?.raw ? this.storedChange(change) : change;
    const changed = await this.deps.archive.definitions.change({ ...target, by }, next, this.quota(check?.series));
    this.tell('A recorded query was changed.', changed.name, by);
    return changed;
  }

  async setPaused(target: EditTarget, paused: boolean, caller: Caller): Promise<StoredDefinition> {
    const by = this.requireEditor(caller);
    const changed = await this.deps.archive.definitions.change({ ...target, by }, { paused }, this.quota());
    this.tell(paused ? 'A recorded query was paused.' : 'A recorded query was resumed.', changed.name, by);
    return changed;
  }

  /** With its data: when the grace time is over, and nobody has taken it back by then. */
  async remove(target: EditTarget, withData: boolean, caller: Caller): Promise<void> {
    const by = this.requireEditor(caller);
    if (withData) {
      this.requireAdmin(caller, 'Deleting the data of a recorded query');
    }
    await this.deps.archive.definitions.remove({ ...target, by }, withData);
    this.tell(
      withData ? 'A recorded query was deleted; its data waits to be deleted.' : 'A recorded query was deleted.',
      target.name,
      by
    );
  }

  /** Ends the waiting of a deletion, whoever asked for it. */
  async takeBack(name: string, caller: Caller): Promise<void> {
    const by = this.requireEditor(caller);
    await this.deps.archive.definitions.takeBack(name, by, this.quota());
    this.tell('A deletion that waited for its date was taken back.', name, by);
  }

  /** @returns whether all that was to be deleted is gone; the rest follows */
  async carryOut(name: string, caller: Caller, signal: AbortSignal): Promise<boolean> {
    const by = this.requireEditor(caller);
    this.requireAdmin(caller, 'Carrying out a deletion before its date');
    const patience = AbortSignal.any([signal, this.deps.timeoutSignal(DELETE_PATIENCE_MS)]);
    const done = await this.deps.archive.definitions.carryOut(name, by, patience);
    this.tell('A deletion was carried out before its date.', name, by);
    return done;
  }

  private rightsOf(caller: Caller): RecordingRights {
    const { allowed, forwardsCredentials } = this.deps.policy;
    const reason = !allowed
      ? 'an Admin has not allowed recorded queries for this datasource'
      : forwardsCredentials
        ? FORWARDS_CREDENTIALS
        : refusalToWrite(caller, 'record');
    return reason === undefined
      ? { edit: true, deleteData: caller.user?.role === 'Admin' }
      : { edit: false, deleteData: false, reason };
  }

  /** @returns the login */
  private requireEditor(caller: Caller): string {
    const { edit, reason } = this.rightsOf(caller);
    if (!edit || !caller.user) {
      throw new PromkeepError('FORBIDDEN', `Recorded queries cannot be changed: ${reason}.`);
    }
    return caller.user.login;
  }

  private requireAdmin(caller: Caller, what: string): void {
    if (!this.rightsOf(caller).deleteData) {
      throw new PromkeepError('FORBIDDEN', `${what} needs the role Admin.`);
    }
  }

  private async refuseFaulty(
    definition: RecordedDefinition,
    signal: AbortSignal,
    known?: StoredDefinition
  ): Promise<RecordedCheck> {
    const check = await this.check(definition, signal, known);
    if (Object.keys(check.faults).length > 0) {
      throw new DefinitionRefusal(check.faults);
    }
    return check;
  }

  private async check(
    definition: RecordedDefinition,
    signal: AbortSignal,
    known?: StoredDefinition
  ): Promise<RecordedCheck> {
    return definition.raw
      ? withPreview(await checkRaw(this.deps, definition, signal, known), this.deps.policy.maxSeries)
      : checkDefinition(this.deps, definition, signal, known);
  }

  /** Of raw series the samples are those of the source, not one at each time of the grid. */
  private async refusalOfNew(
    definition: RecordedDefinition,
    { series = 0, preview }: RecordedCheck
  ): Promise<string | undefined> {
    const { archive, policy } = this.deps;
    const stepMs = definition.raw ? RAW_STEP_MS : definition.stepMs;
    return refusalOfNew(
      await archive.definitions.use(),
      { stepMs, series, perDay: preview?.samplesPerDay },
      policy.limits
    );
  }

  /** As the archive has it; raw selectors in their one form, on the grid of raw series. */
  private stored(definition: RecordedDefinition): RecordedDefinition {
    return definition.raw ? { ...definition, ...this.storedChange(definition) } : definition;
  }

  private storedChange<T extends Omit<DefinitionChange, 'paused'>>({
    expression,
    ...rest
  }: T): Omit<DefinitionChange, 'paused'> & { stepMs: number } {
    const canonical = expression === undefined ? undefined : this.deps.raw?.canonicalSelectors(expression);
    return { ...rest, ...(canonical === undefined ? {} : { expression: canonical }), stepMs: RAW_STEP_MS };
  }

  private quota(series?: number): QuotaRequest {
    return { limits: this.deps.policy.limits, ...(series === undefined ? {} : { series }) };
  }

  private tell(message: string, query: string, by: string): void {
    this.deps.logger.info(message, { query, by });
  }
}

function toItem(query: StoredDefinition, entry: LedgerEntry | undefined, dueMs: number): RecordedQueryItem {
  const covered = entry?.covered ?? [];
  const missing = entry ? reportGaps(entry, dueMs).missing : [];
  return {
    ...query,
    coveredPoints: countAllPoints(covered, query.stepMs),
    missingPoints: countAllPoints(missing, query.stepMs),
    ...(covered.length > 0 ? { newestMs: covered[covered.length - 1].toMs } : {}),
    gaps: missing
      .slice(-GAPS_SHOWN)
      .reverse()
      .map(({ seconds: _seconds, ...gap }) => gap),
    gapCount: missing.length,
  };
}
