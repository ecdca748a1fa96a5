import { type ErrorSource } from '../model/errors';
import { type Frame } from '../frames/frame';
import { type FramePacket } from '../frames/frameJson';
import { type MemoryShare } from '../memory/memoryBudget';
import { type ResourceRequest, type ResourceResponse } from './metricSource';
import { type TimeRange } from '../model/timeRange';

/**
 * One configured datasource, as a face sees it. `plugin/` turns Grafana's protocol into these calls and knows nothing else;
 * `core/datasourceInstance.ts` answers them.
 */
export interface DatasourceInstance {
  /** One entry per refId. Failures of single queries are entries with `error`; only a malformed request throws. */
  queryData(request: DataRequest, signal: AbortSignal): Promise<Map<string, DataResponse>>;
  checkHealth(caller: Caller, signal: AbortSignal): Promise<HealthResult>;
  callResource(request: ResourceRequest, caller: Caller, signal: AbortSignal): Promise<ResourceResponse>;
  /** Whether a subscriber may join the channel. Called for each, also while the stream runs. */
  decideStream(request: StreamRequest): Promise<StreamDecision>;
  /**
   * Feeds a channel until the signal aborts or there is nothing more to come. Called once a channel, with the context of
   * whoever subscribed first. Throws what may be gone after a new start.
   *
   * @param emit resolves when the channel can take the next packet
   */
  openStream(request: StreamRequest, emit: (packet: FramePacket) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Called once no request is running any more. */
  dispose(): Promise<void>;
}

/** Builds an instance; called again when the settings or Grafana's configuration change. Throws `PromkeepError`. */
export type DatasourceFactory = (settings: DatasourceSettings) => Promise<DatasourceInstance>;

/** What Grafana knows about a datasource. Secrets are in plain text: never log this. */
export interface DatasourceSettings {
  uid: string;
  name: string;
  orgId: number;
  url: string;
  user: string;
  basicAuthEnabled: boolean;
  basicAuthUser: string;
  /** Parsed JSON, unchecked. */
  jsonData: unknown;
  secrets: Readonly<Record<string, string>>;
  /** Grafana's configuration for plugins, e.g. `GF_RESPONSE_LIMIT`. */
  grafanaConfig: Readonly<Record<string, string>>;
}

/** Who asks. */
export interface Caller {
  orgId: number;
  /** Absent for calls Grafana makes by itself (alerting). */
  user?: { login: string; role: 'Viewer' | 'Editor' | 'Admin' | string };
  /** The headers that came along and count, names in lower case, without Grafana's `http_` prefix. */
  headers: Readonly<Record<string, string>>;
  /** Headers that came along and may be made up: they go nowhere, but what they would forbid is forbidden. */
  doubtful?: readonly string[];
  /** What the answers to them are charged to; absent: see `CallOptions`. */
  memory?: MemoryShare;
}

export interface DataRequest {
  caller: Caller;
  queries: DataQuery[];
}

export interface DataQuery {
  refId: string;
  queryType: string;
  maxDataPoints: number;
  intervalMs: number;
  range: TimeRange;
  /** The saved query, parsed JSON, unchecked. */
  json: unknown;
}

export interface DataResponse {
  frames: Frame[];
  /** HTTP-like; 200 unless there is an error. */
  status: number;
  error?: string;
  errorSource?: ErrorSource;
}

/** A channel and what its subscriber says they want to see on it. */
export interface StreamRequest {
  /** Behind the datasource's own part of the channel id. */
  path: string;
  /** Parsed JSON, unchecked; `undefined` when it was none. */
  data: unknown;
  caller: Caller;
}

/** `unknown`: there is no such channel. */
export type StreamDecision =
  { kind: 'open'; first: FramePacket } | { kind: 'unknown' } | { kind: 'refused'; reason: string };

export interface HealthResult {
  status: 'ok' | 'error';
  message: string;
  details?: Record<string, unknown>;
}
