import { type Caller } from './datasource';

/** One HTTP route in neutral form: the stand-alone server mounts it, and the plugin serves it as a resource. */
export interface ApiRoute {
  method: 'GET' | 'POST';
  /** `/api/metrics/summary` */
  path: string;
  handle(request: ApiRequest): Promise<ApiResponse>;
}

export interface ApiRequest {
  /** Of a GET. */
  query: URLSearchParams;
  /** Of a POST; absent: a face that has no routes with a body did not read it. */
  body?: Uint8Array;
  caller: Caller;
  signal: AbortSignal;
}

export interface ApiResponse {
  status: number;
  /** Serialized as JSON. */
  body: unknown;
}
