import { type Aggregate } from '../../../src/contract/query';
import { type RecordingAmounts } from '../../../src/contract/recordedQuery';
import { type MemoryShare } from '../memory/memoryBudget';
import { type LabelMatcher } from '../model/labelMatcher';
import { type QuotaRequest } from '../manage/recordingQuota';
import { type ExemplarSeries, type Labels, type QueryResult, type Series } from '../model/series';

/** The ports: what core asks of the outside. Rooms implement them, `compose.ts` plugs them in, contract suites test them. */

/** `[fromMs, toMs]` in Unix milliseconds, both ends inclusive. */
export interface TimeRange {
  fromMs: number;
  toMs: number;
}

export interface CallOptions {
  /** Aborting it aborts the work down to the socket. */
  signal: AbortSignal;
  /** Headers of the user's request that may go on to the source (already filtered); names in lower case. */
  headers?: Readonly<Record<string, string>>;
  /** What the answer is charged to as long as it is in memory; absent: it counts until it is handed over. */
  memory?: MemoryShare;
}

export interface RangeQuery {
  expr: string;
  startMs: number;
  endMs: number;
  stepMs: number;
  /** An answer with more series is given up while it arrives, with `LIMIT_EXCEEDED`. */
  maxSeries?: number;
}

export interface InstantQuery {
  expr: string;
  timeMs: number;
}

/** A Prometheus server, or anything that speaks its HTTP API. Every method throws `PromkeepError` only. */
export interface MetricSource {
  queryRange(query: RangeQuery, options: CallOptions): Promise<QueryResult>;
  queryInstant(query: InstantQuery, options: CallOptions): Promise<QueryResult>;
  queryExemplars(query: Omit<RangeQuery, 'stepMs'>, options: CallOptions): Promise<ExemplarSeries[]>;
  /** The source's own clock, in Unix milliseconds. */
  serverTimeMs(options: CallOptions): Promise<number>;
  /** `undefined` when the server has no build info (some compatible servers). */
  buildInfo(options: CallOptions): Promise<BuildInfo | undefined>;
  /** One of the API's own paths, passed through; refuses paths that are not on the allow-list. */
  resource(request: ResourceRequest, options: CallOptions): Promise<ResourceResponse>;
  close(): Promise<void>;
}

export interface BuildInfo {
  version: string;
  application: 'Prometheus' | 'Mimir';
  features: Readonly<Record<string, string>>;
}

export interface ResourceRequest {
  method: string;
  /** Without leading slash and without query: `api/v1/labels`. Percent-escapes as the caller wrote them. */
  path: string;
  /** Without `?`. */
  query: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

export interface ResourceResponse {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

// --- the archive -----------------------------------------------------------------------------------------------------

/** Identity of a source in the archive [A2]: plugin and stand-alone program are the same archiver when both agree. */
export interface SourceIdentity {
  orgId: number;
  name: string;
}

/**
 * Which query samples belong to. `recorded`: continuous history on the epoch grid of `stepMs`. `kept`: snapshots of a Grafana
 * query with the grid they had, told apart by expression, step and phase.
 */
export type QueryIdentity =
  { kind: 'recorded'; name: string } | { kind: 'kept'; expression: string; stepMs: number; phaseMs: number };

export interface Definition {
  /** Unique within the source. */
  name: string;
  expression: string;
  stepMs: number;
  /** `7d`, `30d`, `1y`, `forever`, … as it was asked for last; a longer one may still hold, see `PendingDeletion`. */
  retention: string;
  /** Absent: nothing was ever recorded under another definition. */
  version?: number;
}

/** A recorded query as people manage it: its current version, its state, and who changed it when (absent: a program did). */
export interface StoredDefinition extends Definition {
  /** Grows when the expression or the step changes. */
  version: number;
  /** Grows with every change; an edit names the one it was made from. */
  revision: number;
  /** Defined by a config file, hence read-only elsewhere. */
  provisioned: boolean;
  paused: boolean;
  createdAtMs: number;
  createdBy?: string;
  updatedAtMs: number;
  updatedBy?: string;
}

/** What is not named stays. Another expression or step starts a new version; old samples keep theirs. */
export type DefinitionChange = Partial<Pick<StoredDefinition, 'expression' | 'stepMs' | 'retention' | 'paused'>>;

export interface DefinitionEdit {
  name: string;
  /** The revision the editor saw; another one now is a `CONFLICT`. */
  revision: number;
  /** Login of the user. */
  by: string;
}

/** A shorter retention, everything of a query, or a shorter time for the archive's stored rollups. */
export type DeletionKind = 'retention' | 'data' | 'five_minute_rollups' | 'hourly_rollups';

/** A deletion that was asked for and waits for its date, on the database's clock; until then it can be taken back. */
export interface PendingDeletion {
  what: DeletionKind;
  /** Name of the query; absent for rollups, which are the whole archive's. */
  query?: string;
  /** The retention in force; absent for rollups where that is the default. */
  present?: string;
  /** The retention that was asked for; `deleted` for data. */
  wanted: string;
  /** `grafana:<login>`, `config`, `command` or `role:<database role>`. */
  by: string;
  askedAtMs: number;
  atMs: number;
  /** About how many samples it would have deleted when it was asked for, and the begin of the oldest write among them. */
  samples?: number;
  oldestMs?: number;
}

/** A task of the upkeep that failed for one query when it ran last. */
export interface UpkeepFailure {
  query: string;
  task: string;
  code: string;
  message: string;
  /** Runs that failed one after the other, since `sinceMs`. */
  runs: number;
  sinceMs: number;
}

/** The definitions of one source's recorded queries. Every method throws `PromkeepError` only. */
export interface Definitions {
  /** All that are not deleted, by name. */
  list(): Promise<StoredDefinition[]>;
  /** Throws `CONFLICT` when the name is taken, and `LIMIT_EXCEEDED`; two at once cannot pass the last place together. */
  create(query: Definition, by: string, quota?: QuotaRequest): Promise<StoredDefinition>;
  /** Throws `NOT_FOUND`, `CONFLICT`, `LIMIT_EXCEEDED` as `create`, and `FORBIDDEN` for provisioned ones. */
  change(edit: DefinitionEdit, change: DefinitionChange, quota?: QuotaRequest): Promise<StoredDefinition>;
  /** What the recorded queries of the source and of its organisation take now, also those of a config file. */
  use(): Promise<RecordingAmounts>;
  /**
   * Ends a query at once. Its data stays until it expires, or, to be deleted `withData`, until the grace time is over. Throws as
   * `change`.
   */
  remove(edit: DefinitionEdit, withData: boolean): Promise<void>;
  /** What waits for these queries and for the archive as a whole, by date. */
  pending(): Promise<PendingDeletion[]>;
  /** Ends the waiting of what waits for a query: its retention stays, or it goes on being recorded. Throws `NOT_FOUND`, `LIMIT_EXCEEDED`. */
  takeBack(name: string, by: string | undefined, quota?: QuotaRequest): Promise<void>;
  /**
   * Lets what waits for a query hold at once. Throws `NOT_FOUND`.
   *
   * @param by login of the user; absent: the command line
   * @returns whether all that was to be deleted is gone; if it is not when the signal aborts, the archive's upkeep does the rest
   */
  carryOut(name: string, by: string | undefined, signal: AbortSignal): Promise<boolean>;
}

export interface Provenance {
  /** As sent to Prometheus. */
  expression: string;
  stepMs: number;
  fetchedAtMs: number;
  prometheusVersion?: string;
  warnings: readonly string[];
}

/** A fetched range that replaces what the archive had for this query in this range [A3]. */
export interface RangeWrite {
  query: QueryIdentity;
  range: TimeRange;
  series: readonly Series[];
  /** Name of results without `__name__`: the recorded query's name, or the expression. */
  queryName: string;
  retention: string;
  provenance: Provenance;
  /** The parts of `range` that count as covered (recorded queries) [A5]. */
  covered: readonly TimeRange[];
  /** The parts that do not, and why. */
  gaps: readonly Gap[];
  /** Recorded queries: the epoch the answer was fetched under. Absent: written whoever leads. */
  epoch?: number;
}

export interface Gap extends TimeRange {
  reason: GapReason;
  detail?: string;
}

export type GapReason =
  'source-down' | 'query-failed' | 'partial-answer' | 'source-had-no-data' | 'source-lost-it' | 'archive-down';

export interface WriteOutcome {
  inserted: number;
  unchanged: number;
  /** Samples whose value changed. */
  revised: number;
  /** Samples the new answer no longer has. */
  withdrawn: number;
  /** Series that could not be stored, with the reason (a NUL in a label, …); the rest was written. */
  refused: Array<{ labels: Labels | undefined; reason: string }>;
}

/**
 * Leadership over the recorded queries of a source [A11]. The epoch grows by one with each change of leader; what is
 * written with an older one is refused with `ARCHIVE_NOT_LEADER`.
 */
export interface LeaseState {
  /** Empty when it was released. */
  holder: string;
  epoch: number;
  /** On the database's clock; not positive when it has run out and anybody may take it. */
  expiresInMs: number;
  /** False when the holder has no config file; see `LeaseRequest`. */
  provisions?: boolean;
}

export interface LeaseRequest {
  /** Unique to one run of one program: a name that comes again after a restart would pass for its predecessor. */
  holder: string;
  durationMs: number;
  /**
   * Whether the holder makes the queries of a config file known; default true. While one that does not leads (the Grafana
   * plugin), a waiting program with a config file does it in its stead.
   */
  provisions?: boolean;
}

/** What the ledger says of one recorded query's current version. Ranges are on its grid, ascending and disjoint. */
export interface LedgerEntry {
  name: string;
  expression: string;
  stepMs: number;
  retention: string;
  /** Not recorded any more; its data stays. */
  paused: boolean;
  covered: TimeRange[];
  gaps: Gap[];
}

export interface ArchiveRead {
  query: QueryIdentity;
  range: TimeRange;
}

export interface ArchiveStatus {
  schemaVersion: number;
  serverVersion: string;
  samples: number;
  series: number;
  bytes: number;
  /** Absent when nobody ever led. */
  lease?: LeaseState;
  queries: Array<{
    name: string;
    kind: 'recorded' | 'kept' | 'inserted';
    expression: string;
    stepMs: number;
    newestMs?: number;
    coveredMs: number;
    gaps: Gap[];
  }>;
  /** Deletions that wait for their date. */
  pending: PendingDeletion[];
  /** Queries for which the upkeep failed. */
  failures: UpkeepFailure[];
}

/** Samples in PostgreSQL for one source. Every method throws `PromkeepError` only; nothing is acknowledged before its commit [A4]. */
export interface Archive {
  /** Brings the schema up to date; safe when several programs do it at once. Called by every other method when it was not. */
  migrate(): Promise<{ from: number; to: number }>;
  /** Makes the recorded queries of the config known; those missing from the list are paused with their data kept. */
  provision(queries: readonly Definition[], epoch?: number): Promise<void>;
  writeRange(write: RangeWrite, signal: AbortSignal): Promise<WriteOutcome>;
  readSeries(read: ArchiveRead, signal: AbortSignal): Promise<Series[]>;
  /** What is covered of a recorded query's current version, ascending and disjoint. */
  coverage(name: string): Promise<TimeRange[]>;
  /** Notes why a range is missing; covered ranges are never reported as gaps. */
  noteGap(name: string, gap: Gap, epoch?: number): Promise<void>;
  /** Takes the lease when it is free or has run out, renews it for its holder, and says in any case who has it. */
  holdLease(request: LeaseRequest): Promise<LeaseState>;
  /** Lets others take the lease at once; does nothing when it is another's by now. */
  releaseLease(lease: Pick<LeaseState, 'holder' | 'epoch'>): Promise<void>;
  /** Who leads now. Epoch 0 without a holder when nobody ever did. */
  currentLease(): Promise<LeaseState>;
  /** All recorded queries, by name. */
  ledger(): Promise<LedgerEntry[]>;
  /** The definitions of the recorded queries, for those who manage or run them. */
  readonly definitions: Definitions;
  /** What is archived of them. */
  readonly history: History;
  /** Samples kept since the start of the UTC day, for the limit on *keep*. */
  keptToday(): Promise<number>;
  status(): Promise<ArchiveStatus>;
  close(): Promise<void>;
}

/** Connections of a program to its archive, as of now. */
export interface PoolUse {
  busy: number;
  idle: number;
  /** Work that waits for a connection. */
  waiting: number;
  limit: number;
}

/**
 * What the archive holds of recorded queries, for those who read it back. Only the current version of a query speaks: what was
 * recorded under another expression or step is never given as this one's. Every method throws `PromkeepError` only.
 */
export interface History {
  /** `undefined` when the query is recorded differently by now, or not there. */
  readGrid(read: GridRead, signal: AbortSignal): Promise<GridSamples | undefined>;
  /** What is left of its expired samples; `undefined` as for `readGrid`. */
  rollups(query: GridRead['query'], range: TimeRange, signal: AbortSignal): Promise<RollupState | undefined>;
  /** Rollups of the samples, stored ones where these have expired; `undefined` as for `readGrid`. */
  readBuckets(read: BucketRead, signal: AbortSignal): Promise<GridSamples | undefined>;
  /**
   * Labels of the series that have samples in the covered part of a range (at most `limit` of them), in the order in which
   * they were first seen. Throws `NOT_FOUND` when there is no such recorded query.
   */
  seriesLabels(read: { name: string; range: TimeRange; limit: number }, signal: AbortSignal): Promise<Labels[]>;
}

/** Times that are some steps apart, both ends inclusive. */
export interface TimeGrid {
  startMs: number;
  endMs: number;
  stepMs: number;
}

export interface GridRead {
  /** As it is thought to be recorded now. */
  query: Pick<Definition, 'name' | 'expression' | 'stepMs'>;
  /** Every time of it is one at which the query is recorded. */
  grid: TimeGrid;
  /** Series that do not match are left out, as Prometheus matches. */
  matchers: readonly LabelMatcher[];
  /** What the answer is charged to; absent: it does not count. */
  memory?: MemoryShare;
}

export interface GridSamples {
  /** The covered times of the grid, as ranges with both ends on it, ascending; of buckets, ends of those that are covered as a whole. */
  covered: TimeRange[];
  /** Why other times of the grid are missing, as far as the ledger says; only some of them when there are very many. */
  gaps: Gap[];
  /** Samples at covered times of the grid, in the order in which the series were first seen; none is empty. */
  series: Series[];
}

/** What stored rollups still say of a recorded query's current version. Ranges are of recorded times, ascending and disjoint. */
export interface RollupState {
  /** Times of which rollups speak: those whose samples are covered, and those of which only rollups are left. */
  covered: TimeRange[];
  /** The part of it whose samples have expired. */
  expired: TimeRange[];
  /** Widths that are stored, ascending, and where the first bucket of each begins. */
  stored: StoredWidth[];
}

export interface StoredWidth {
  widthMs: number;
  fromMs: number;
}

export interface BucketRead extends GridRead {
  /** Buckets `(end - widthMs, end]`, whole seconds, that end at the times of the grid; both are counted from the epoch. */
  widthMs: number;
  aggregate: Exclude<Aggregate, 'none'>;
}

// --- small things ----------------------------------------------------------------------------------------------------

export interface Clock {
  nowMs(): number;
}

/** Structured log; attributes must hold no secret. */
export interface Logger {
  debug(message: string, attributes?: LogAttributes): void;
  info(message: string, attributes?: LogAttributes): void;
  warn(message: string, attributes?: LogAttributes): void;
  error(message: string, attributes?: LogAttributes): void;
}

export type LogAttributes = Readonly<Record<string, string | number | boolean | undefined>>;
