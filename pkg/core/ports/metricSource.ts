import { type MemoryShare } from '../memory/memoryBudget';
import { type ExemplarSeries, type QueryResult } from '../model/series';

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

/**
 * A Prometheus server, or anything that speaks its HTTP API. Every method throws `PromkeepError` only.
 *
 * Expressions are PromQL: what may be recorded and what the archive answers is decided on their syntax (`pkg/promql`), and the
 * probe and the summary are expressions too. A store without PromQL needs a translator in front of it, not a source here.
 */
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
