import { type Caller } from '../../core/ports/datasource';
import { type ForwardedCredentials } from '../../../src/contract/forwardedCredentials';
import { type WirePluginContext, type WireResourceRequest } from './wireMessages';

/**
 * Which headers of a call count, and which a browser may only have made up.
 *
 * Queries, health checks and streams have a map that Grafana writes: HTTP headers with `http_` before their names, the three
 * credentials and the sign of alerting without it. A resource call has the browser's own headers, among which Grafana has
 * put or removed its own: nothing in it is marked, so that what only Grafana can know counts where the call's other fields
 * and the datasource's settings say the same.
 */

/** What Grafana's SDK writes before the name of an HTTP header, in this case only. */
const FORWARDED_PREFIX = 'http_';
/** Grafana writes these without the prefix: a prefixed one is not Grafana's. */
const CREDENTIALS = new Set(['authorization', 'x-id-token', 'cookie']);
/** Alerting's sign, in this case only (`pkg/expr` of Grafana; the SDK compares it so). */
const FROM_ALERT = 'FromAlert';
/** Only alerting sends these, and it makes no resource calls. */
const OF_ALERTS = /^(fromalert|x-cache-skip|x-rule-.*)$/;

/**
 * The headers of a call other than a resource call, names in lower case.
 *
 * @param headers as they came
 */
export function grafanaHeaders(
  headers: Readonly<Record<string, string>>,
  context: WirePluginContext | null
): Pick<Caller, 'headers'> {
  const counting = Object.entries(headers).flatMap(([name, value]): Array<[string, string]> => {
    const lower = name.toLowerCase();
    if (name === FROM_ALERT || CREDENTIALS.has(lower)) {
      return [[lower, value]];
    }
    const plain = name.startsWith(FORWARDED_PREFIX) ? lower.slice(FORWARDED_PREFIX.length) : '';
    return plain === '' || plain === 'fromalert' || CREDENTIALS.has(plain) ? [] : [[plain, value]];
  });
  return { headers: Object.fromEntries(counting.filter(([name, value]) => agrees(name, value, context))) };
}

/**
 * The headers of a resource call, names in lower case: those that count, and the names of those that do not.
 *
 * Grafana removes a browser's `Authorization` and the cookies that are not to be kept, but leaves an `X-Id-Token` alone, and
 * an `X-Grafana-User` where it sends none itself. Its own ID token it calls `X-ID-Token`, which stands beside the browser's
 * `X-Id-Token` (Go writes names of a request so): of two spellings the other one is Grafana's.
 *
 * @param credentials what the datasource's settings let through
 */
export function resourceCallHeaders(
  { headers, pluginContext }: Pick<WireResourceRequest, 'headers' | 'pluginContext'>,
  credentials: ForwardedCredentials
): Pick<Caller, 'headers' | 'doubtful'> {
  const all = Object.entries(headers).map(([name, { values }]) => ({ name, value: values.join(', ') }));
  const browsersFirst = [...all].sort((a, b) => Number(isCanonical(b.name)) - Number(isCanonical(a.name)));
  const merged = new Map(browsersFirst.map(({ name, value }) => [name.toLowerCase(), value]));
  const signedIn = credentials.oauth && merged.has('authorization');
  const counts = ([name, value]: [string, string]): boolean =>
    !OF_ALERTS.test(name) &&
    (name !== 'cookie' || credentials.cookies) &&
    (name !== 'authorization' || credentials.oauth) &&
    // Grafana sends an ID token only beside the token it belongs to
    (name !== 'x-id-token' || signedIn) &&
    agrees(name, value, pluginContext);
  const doubtful = [...merged].filter((one) => !counts(one)).map(([name]) => name);
  return {
    headers: Object.fromEntries([...merged].filter(counts)),
    ...(doubtful.length > 0 ? { doubtful } : {}),
  };
}

/** Headers that say again what the protocol has fields for: the browser's word counts where it is the same. */
function agrees(name: string, value: string, context: WirePluginContext | null): boolean {
  switch (name) {
    case 'x-grafana-user':
      return value === context?.user?.login;
    case 'x-grafana-org-id':
      return value === String(context?.orgId);
    default:
      return true;
  }
}

/** As Go's HTTP server writes the names of a request's headers: `X-Id-Token`. */
function isCanonical(name: string): boolean {
  return name.split('-').every((part) => /^([^a-z][^A-Z]*)?$/.test(part));
}
