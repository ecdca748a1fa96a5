import { type CallOptions } from '../../core/ports/metricSource';
import { fixedParameters, withoutNames } from './fixedParameters';
import { type PrometheusSettings } from '../settings/prometheusSettings';

/** One HTTP request to the source's own origin. */
export interface RequestParts {
  method: 'GET' | 'POST';
  /** Path with query. */
  target: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** What is sent as it is, in place of a form. */
export interface BinaryBody {
  bytes: Uint8Array;
  /** Names in lower case; they say what the bytes are, so nothing else wins over them. */
  headers: Readonly<Record<string, string>>;
}

/** About the connection or the message, not about the question; these are ours to set. */
const OWN_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/**
 * Builds a request: a form in the body for POST, in the query for GET, with keys in order. The URL's own parameters and the
 * custom ones stand in the query either way, and no other of the same name anywhere: they are the Admin's word.
 *
 * @param path of the API, escaped, without leading slash
 */
export function composeRequest(
  settings: PrometheusSettings,
  call: { method: 'GET' | 'POST'; path: string; parameters: URLSearchParams; body?: BinaryBody },
  forwarded: CallOptions['headers']
): RequestParts {
  const { method, path } = call;
  const fixed = fixedParameters(settings);
  const query = new URLSearchParams(fixed);
  const parameters = withoutNames(call.parameters, fixed);
  const headers = composeHeaders(settings, forwarded);
  let body: RequestParts['body'];
  if (call.body) {
    body = call.body.bytes;
    Object.assign(headers, call.body.headers);
  } else if (method === 'POST') {
    parameters.sort();
    body = parameters.toString();
    headers['content-type'] = 'application/x-www-form-urlencoded';
  } else {
    parameters.forEach((value, name) => query.append(name, value));
    query.sort();
  }
  const search = query.toString();
  return { method, target: `${settings.url.basePath}/${path}${search && `?${search}`}`, headers, body };
}

/** Custom headers win over basic auth, which wins over what the user's request brought along. */
function composeHeaders(settings: PrometheusSettings, forwarded: CallOptions['headers'] = {}): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(forwarded)) {
    const lower = name.toLowerCase();
    if (!OWN_HEADERS.has(lower) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      headers[lower] = value;
    }
  }
  headers.accept = 'application/json';
  headers['user-agent'] = settings.userAgent;
  // packing costs more than it saves where nothing travels
  headers['accept-encoding'] = settings.url.isLocal ? 'identity' : 'gzip';
  if (settings.basicAuth) {
    headers.authorization = basicAuthorization(settings.basicAuth);
  } else if (settings.bearerToken) {
    headers.authorization = `Bearer ${settings.bearerToken}`;
  }
  return { ...headers, ...settings.headers };
}

export function basicAuthorization({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
