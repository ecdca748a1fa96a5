import { PromkeepError } from '../../core/model/errors';
import { DEFAULT_MAX_SERIES } from '../../../src/contract/settings';
import { parseSourceUrl, type SourceUrl } from './sourceUrl';

/** Everything the client needs to know about one Prometheus. Holds secrets in plain text: never log it. */
export interface PrometheusSettings {
  url: SourceUrl;
  httpMethod: 'GET' | 'POST';
  /** For the whole request, from connecting to the last byte; 0: no limit. */
  timeoutMs: number;
  connectTimeoutMs: number;
  /** How long an unused connection is kept. */
  idleTimeoutMs: number;
  /** Connections at a time; 0: no limit. */
  maxConnections: number;
  /** Longest answer, unpacked. */
  responseLimitBytes: number;
  /** Most series of an answer. */
  maxSeries: number;
  /** Sent to Prometheus verbatim as `timeout`. */
  queryTimeout?: string;
  /** The scrape interval as configured (`15s`), for step and rate interval; the client itself does not use it. */
  timeInterval?: string;
  /** Exemplars are shown without thinning; of no interest to the client either. */
  allExemplars?: boolean;
  /** Added to every request; what the request says of the same name is left out. */
  customParameters: ReadonlyArray<readonly [name: string, value: string]>;
  /** Asks for `stats=all`. */
  queryStats: boolean;
  basicAuth?: { user: string; password: string };
  bearerToken?: string;
  /** Sent with every request; they win over all others. Names in lower case. */
  headers: Readonly<Record<string, string>>;
  tls: TlsSettings;
  userAgent: string;
}

/** Certificates and keys in PEM. */
export interface TlsSettings {
  ca?: string;
  cert?: string;
  key?: string;
  serverName?: string;
  skipVerify?: boolean;
}

/** As in the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY, which this room does not read itself. */
export interface ProxySettings {
  httpProxy?: string;
  httpsProxy?: string;
  noProxy?: string;
}

/**
 * 1 GiB. A sample takes at least 17 bytes of JSON and 16 bytes parsed, so the parsed answer is never larger than the limit,
 * and 10,000 series of 1,440 long values (0.65 GB), the largest answer we measure, still fit. Grafana has no limit unless
 * its administrator sets `GF_RESPONSE_LIMIT`, which then wins.
 */
export const DEFAULT_RESPONSE_LIMIT_BYTES = 1024 ** 3;

/** Grafana's defaults for its own Prometheus datasource. */
export const DEFAULT_SETTINGS = {
  httpMethod: 'POST',
  timeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 90_000,
  maxConnections: 0,
  responseLimitBytes: DEFAULT_RESPONSE_LIMIT_BYTES,
  maxSeries: DEFAULT_MAX_SERIES,
  userAgent: 'Promkeep',
} as const;

/** What the stand-alone program may say about its Prometheus; user and password may also stand in the URL. */
export type PlainOptions = Partial<Omit<PrometheusSettings, 'url'>>;

/** Settings from a URL, for programs without Grafana. Throws SETTINGS_INVALID. */
export function plainPrometheusSettings(url: string, options: PlainOptions = {}): PrometheusSettings {
  const { url: parsed, userInfo } = parseSourceUrl(url);
  if (options.basicAuth && options.bearerToken) {
    throw new PromkeepError('SETTINGS_INVALID', 'Basic auth and a bearer token cannot be used together.');
  }
  return {
    ...DEFAULT_SETTINGS,
    customParameters: [],
    queryStats: false,
    ...options,
    url: parsed,
    basicAuth: options.basicAuth ?? (options.bearerToken ? undefined : userInfo),
    headers: lowerCaseNames(options.headers ?? {}),
    tls: options.tls ?? {},
  };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
