import { sha256Hex } from './sha256';

/**
 * Live channels: a query that the backend evaluates again each step and whose new points it pushes to everyone on the
 * channel. The browser opens the channel `ds/<datasource uid>/<livePath(ask, org)>` with the ask as the channel's data.
 */
export interface LiveAsk {
  /** The final query: variables and filters of the dashboard are in it, and Grafana's `intervalMs` and `maxDataPoints`. */
  query: Readonly<Record<string, unknown>>;
  /** How long a time range the viewer looks at: the step and `$__range` follow from it. */
  rangeMs: number;
}

/** A channel id has at most 160 characters: `default/ds/<uid, at most 40>/` and these 69 leave room. */
const PATH_PREFIX = 'live/';

/** More series than this are not pushed: every row repeats the labels, and every viewer's socket carries it. */
export const LIVE_MAX_SERIES = 500;

/** However small the step, a channel is not fed more often than this. */
export const LIVE_MIN_INTERVAL_MS = 1_000;

/**
 * The path that belongs to an ask. All subscribers of a path share one stream, so it must say exactly what the stream
 * holds: the backend refuses a subscriber whose ask does not hash to the path they name.
 */
export function livePath(ask: unknown, orgId: number): string {
  return PATH_PREFIX + sha256Hex(`${orgId} ${canonicalJson(ask)}`);
}

/** A series' labels as the channel's `labels` column holds them: `{a="x", b="y"}`, by name, values quoted as in JSON. */
export function liveLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

/** JSON with the keys of every object in order; whatever JSON leaves out is left out. */
function canonicalJson(value: unknown): string {
  const sorted = (_key: string, part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sorted) ?? 'null';
}
