/** How a path of the API may be asked for. */
export type ResourceMethods = 'GET' | 'GET or POST';

/**
 * The paths of Prometheus' API that dashboards use, all of them reading. The rest of the API (`admin/tsdb/…`, `-/quit`,
 * `status/config` with its secrets, …) is refused, which Grafana's own plugin does not.
 */
const ALLOWED: ReadonlyArray<readonly [path: RegExp, methods: ResourceMethods]> = [
  [/^api\/v1\/(labels|series|query|query_range|query_exemplars|format_query|parse_query)$/, 'GET or POST'],
  [/^api\/v1\/label\/[^/]+\/values$/, 'GET'],
  [/^api\/v1\/(metadata|targets\/metadata|rules|alerts|status\/buildinfo)$/, 'GET'],
  [/^api\/v1\/search\/(metric_names|label_names|label_values)$/, 'GET'],
];

/**
 * @param path without leading slash, with the caller's escapes
 * @returns the methods the path may be asked with, `undefined` if it may not be asked at all
 */
export function allowedMethods(path: string): ResourceMethods | undefined {
  return path.split('/').every(isPlainSegment) ? ALLOWED.find(([pattern]) => pattern.test(path))?.[1] : undefined;
}

/** No `..` in any spelling, no broken escapes, no control characters. */
function isPlainSegment(segment: string): boolean {
  try {
    const text = decodeURIComponent(segment);
    return !/^\.{0,2}$/.test(text) && ![...text].some((one) => one < ' ' || one === '\x7f') && !/[?#\\]/.test(segment);
  } catch {
    return false;
  }
}

/** Escapes what may not stand in a path, and leaves existing escapes (a `%2F` in a label name) as they are. */
export function escapePath(path: string): string {
  return path.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}
