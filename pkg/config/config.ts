import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { type SummaryMetric } from '../../src/contract/summary';
import { type Definition } from '../core/ports/definitions';
import { type SourceIdentity } from '../core/ports/archive';
import { type QueryCost } from '../routes/evaluate';
import { type AccessPolicy } from '../server/access';
import { type Environment } from './environment';

export interface ConfigInput {
  /** The file, when there is one: its name is for messages. */
  file?: { name: string; text: string };
  environment: Environment;
  /** Reads a file that the configuration names (a password, a certificate); throws when it cannot. */
  readFile(path: string): string;
  defaults: { recordedQueries: readonly Definition[]; summaryMetrics: readonly SummaryMetric[] };
}

/** The stand-alone program's configuration, checked and complete. Holds secrets in plain text: never log it. */
export interface Config {
  prometheus: PrometheusConfig;
  /** Absent: nothing is recorded, everything else works. */
  archive?: ArchiveConfig;
  server: ServerConfig;
  /** Those that keep raw series among them. */
  recordedQueries: Definition[];
  summaryMetrics: SummaryMetric[];
}

export interface PrometheusConfig {
  url: string;
  scrapeIntervalMs: number;
  scrapeTimeoutMs: number;
  timeoutMs: number;
  method: 'GET' | 'POST';
  basicAuth?: Credentials;
  bearerToken?: string;
  headers: Readonly<Record<string, string>>;
  /** PEM texts. */
  tls?: { ca?: string; cert?: string; key?: string; serverName?: string; skipVerify: boolean };
  maxResponseBytes: number;
  maxSeries: number;
}

export type Credentials = NonNullable<AccessPolicy['basicAuth']>;

export interface ArchiveConfig {
  /** `postgres://…` */
  url: string;
  /** Replaces the URL's password. */
  password?: string;
  schema?: string;
  source: SourceIdentity;
  settleMs: number;
  backfillMs: number;
  refillWindowMs: number;
  leaseMs: number;
  probe: string;
  /** How much of raw series is collected at once, at least, and how old it must be. */
  raw: { pieceMs: number; settleMs: number };
  /** A recorded query with more series is not recorded. */
  maxSeries: number;
  /** Of every series of the source: readers with `external_labels` ask for them. */
  externalLabels: Readonly<Record<string, string>>;
  /** Of all recorded queries together; those of the configuration count, and are never refused. */
  recordingLimits: RecordingAmounts;
  /**
   * How long rollups are kept: a class, `forever`, or `none`; how long deletions wait, `7d` or `2w`. Absent: as the archive
   * has it.
   */
  wishes: { fiveMinutes?: string; hours?: string; deletionGrace?: string };
}

export interface ServerConfig extends AccessPolicy {
  port: number;
  limits: QueryLimits;
  /** Evaluates PromQL over the archive by reading from this server; absent: the source itself does. */
  engine?: PrometheusConfig;
  remoteRead: { maxSamples: number; maxConcurrent: number };
  /** What the program may count on; absent: what the machine or the control group has. */
  memoryLimitMib?: number;
}

export interface QueryLimits extends QueryCost {
  maxConcurrentQueries: number;
  requestTimeoutMs: number;
}
