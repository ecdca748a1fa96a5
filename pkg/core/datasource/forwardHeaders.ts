/**
 * Which headers of a user's request go on to Prometheus [Q2.3]. An allow-list: a browser's own headers
 * (`accept-encoding`, `x-forwarded-for`, `referer`, …) are none of Prometheus' business and break compression and caches.
 *
 * Grafana has already removed the user's Grafana session; `authorization`, `x-id-token` and `cookie` are here only where the
 * datasource was told to forward them.
 */
const FORWARDED = new Set([
  'authorization',
  'x-id-token',
  'cookie',
  'fromalert',
  'x-cache-skip',
  'x-grafana-id',
  'x-grafana-user',
  'x-grafana-org-id',
  'x-grafana-from-expr',
  'x-datasource-uid',
  'x-dashboard-uid',
  'x-dashboard-title',
  'x-panel-id',
  'x-panel-title',
  'x-panel-plugin-id',
  'x-query-group-id',
  'x-rule-name',
  'x-rule-uid',
  'x-rule-folder',
  'x-rule-source',
  'x-rule-type',
  'x-rule-version',
  'traceparent',
  'tracestate',
  'baggage',
]);

/** What a resource call says about its own body and about caching the answer. */
const OF_RESOURCE = new Set(['content-type', 'accept', 'x-grafana-cache']);

/** A value HTTP can carry: no control characters, nothing beyond Latin-1 (a panel's title may hold anything). */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @param headers names in lower case */
export function forwardHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return pick(headers, (name) => FORWARDED.has(name));
}

/** The headers of a resource call that describe the call itself. */
export function resourceHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return pick(lowerCased(headers), (name) => OF_RESOURCE.has(name));
}

function pick(headers: Readonly<Record<string, string>>, wanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => wanted(name) && SENDABLE.test(value)));
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
