/** The protocol's messages as they come out of the decoder: unset fields hold their defaults, unset messages `null`. */

export interface WirePluginContext {
  orgId: number;
  pluginId: string;
  user: { login: string; name: string; email: string; role: string } | null;
  dataSourceInstanceSettings: WireDatasourceSettings | null;
  grafanaConfig: Record<string, string>;
}

export interface WireDatasourceSettings {
  id: number;
  name: string;
  url: string;
  user: string;
  database: string;
  basicAuthEnabled: boolean;
  basicAuthUser: string;
  jsonData: Buffer;
  decryptedSecureJsonData: Record<string, string>;
  lastUpdatedMS: number;
  uid: string;
}

/** Requests that reach a datasource name it, and carry headers. */
export interface WireDatasourceRequest {
  pluginContext: WirePluginContext | null;
  headers: Record<string, string>;
}

export interface WireQueryDataRequest extends WireDatasourceRequest {
  queries: WireDataQuery[];
}

export interface WireDataQuery {
  refId: string;
  maxDataPoints: number;
  intervalMS: number;
  timeRange: { fromEpochMS: number; toEpochMS: number } | null;
  json: Buffer;
  queryType: string;
}

export interface WireQueryDataResponse {
  responses: Record<string, WireDataResponse>;
}

export interface WireDataResponse {
  frames: Uint8Array[];
  error?: string;
  status: number;
  errorSource?: string;
}

export interface WireQueryChunk extends Omit<WireDataResponse, 'frames'> {
  refId: string;
  frameId: string;
  frame: Uint8Array;
}

export interface WireResourceRequest {
  pluginContext: WirePluginContext | null;
  path: string;
  method: string;
  url: string;
  headers: Record<string, { values: string[] }>;
  body: Buffer;
}

/** Code and headers count in the first message of an answer only. */
export interface WireResourceResponse {
  code?: number;
  headers?: Record<string, { values: string[] }>;
  body: Uint8Array;
}

export const HEALTH_STATUS = { ok: 1, error: 2 } as const;

export interface WireHealthResponse {
  status: number;
  message: string;
  jsonDetails: Buffer;
}

export interface WireMetricsResponse {
  metrics: { prometheus: Buffer };
}

export const STREAM_STATUS = { ok: 0, notFound: 1, permissionDenied: 2 } as const;

export interface WireStreamRequest extends WireDatasourceRequest {
  path: string;
  data: Buffer;
}

export interface WireStreamPacket {
  data: Buffer;
}

export interface WireStreamStatus {
  status: number;
  data?: Buffer;
}
