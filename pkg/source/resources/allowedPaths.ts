/** How a path of the API may be asked for. */
export type ResourceMethods = 'GET' | 'GET or POST';

/** A path that may be asked for, as it is sent. */
export interface ResourcePath {
  /** Escaped, without leading slash. */
  path: string;
  methods: ResourceMethods;
}

/**
 * The paths of Prometheus' API that dashboards use, all of them reading (our own are in `pkg/routes`). The rest of the API (`admin/tsdb/…`, `-/quit`,
 * `status/config` with its secrets, …) is refused, which Grafana's own plugin does not.
 */
const ALLOWED: ReadonlyArray<readonly [path: RegExp, methods: ResourceMethods]> = [
  [/^api\/v1\/(labels|series|query|query_range|query_exemplars|format_query|parse_query)$/, 'GET or POST'],
  [/^api\/v1\/label\/[^/]+\/values$/, 'GET'],
  [/^api\/v1\/(metadata|targets\/metadata|rules|alerts|status\/buildinfo)$/, 'GET'],
  [/^api\/v1\/search\/(metric_names|label_names|label_values)$/, 'GET'],
];

/**
 * What stands in no segment: what could make two of one, or end the path, for a server or a proxy that decodes before it
 * looks. Label names with such characters have the form `U__…`, in which Prometheus 3 takes them and 2 has none.
 */
const SEPARATES = /[/\\;?#\p{Cc}]/u;
/** How often a segment is decoded to see what it could become; a name that is still escaped then is none. */
const MOST_DECODINGS = 4;

/**
 * Compares after decoding, and sends what was compared: each segment is decoded once and escaped anew.
 *
 * @param path with the caller's escapes
 * @returns `undefined` if the path may not be asked for
 */
export function readResourcePath(path: string): ResourcePath | undefined {
  const segments = path.replace(/^\/+/, '').split('/').map(decodeSegment);
  if (!segments.every(staysOneSegment)) {
    return undefined;
  }
  const decoded = segments.join('/');
  const methods = ALLOWED.find(([pattern]) => pattern.test(decoded))?.[1];
  return methods && { path: segments.map(encodeURIComponent).join('/'), methods };
}

/** With broken escapes it is an empty segment, which stands in no path. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

/** Neither the text nor what further decoding makes of it is a step (`..`) or holds a separator. */
function staysOneSegment(decoded: string): boolean {
  let text = decoded;
  for (let i = 0; i < MOST_DECODINGS; i++) {
    if (/^\.{0,2}$/.test(text) || SEPARATES.test(text)) {
      return false;
    }
    // the escapes of ASCII alone, also beside broken ones, which a lenient server leaves as they are
    const next = text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    if (next === text) {
      return true;
    }
    text = next;
  }
  return false;
}
