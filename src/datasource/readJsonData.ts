import { LIMIT_SETTINGS } from '../contract/settings';
import { type PromkeepOptions } from './promkeepPromQuery';
import { say } from './texts';

/** What one stored value means; `undefined` when it cannot be used. */
type Read = (value: unknown) => unknown;

/**
 * The settings by the form the editors and `@grafana/prometheus` rely on. They call `includes`, `map` or `toString` on them
 * without a look at the type, so one number in a provisioning file breaks the whole settings page, and Explore.
 */
const FORMS: Array<[Read, string[]]> = [
  [
    asText,
    [
      ...[
        'timeInterval',
        'queryTimeout',
        'customQueryParameters',
        'incrementalQueryOverlapWindow',
        'prometheusVersion',
      ],
      ...['serverName', 'archiveHost', 'archiveDatabase', 'archiveUser', 'archiveSchema', 'archiveSourceName'],
      ...[
        'archiveKeepRetention',
        'archiveSettle',
        'archiveProbe',
        'sigV4Region',
        'alertmanagerUid',
        'secureSocksProxyUsername',
      ],
    ],
  ],
  [
    asFlag,
    [
      ...['disableMetricsLookup', 'incrementalQuerying', 'disableRecordingRules', 'seriesEndpoint'],
      ...['queryStatsEnabled', 'tlsAuth', 'tlsAuthWithCACert', 'tlsSkipVerify', 'oauthPassThru'],
      ...['enableSecureSocksProxy', 'showAllExemplars', 'archiveEnabled', 'archiveAllowKeep', 'archiveAllowRecording'],
    ],
  ],
  [
    asAmount,
    [
      ...['seriesLimit', 'timeout', 'maxSamplesProcessedWarningThreshold', 'maxSamplesProcessedErrorThreshold'],
      ...LIMIT_SETTINGS,
      'answerMaxSeries',
    ],
  ],
  [oneOf('GET', 'POST'), ['httpMethod']],
  [oneOf('Low', 'Medium', 'High', 'None'), ['cacheLevel']],
  [oneOf('builder', 'code'), ['defaultEditor']],
  [oneOf('Cortex', 'Mimir', 'Prometheus', 'Thanos'), ['prometheusType']],
  [oneOf('disable', 'require', 'verify-ca', 'verify-full'), ['archiveSslMode']],
  [asTexts, ['keepCookies']],
  [asTraceLinks, ['exemplarTraceIdDestinations']],
];

const READS = new Map(FORMS.flatMap(([read, keys]) => keys.map((key) => [key, read])));
const HEADER_NAME = /^httpHeaderName\d+$/;

/**
 * The settings with values of wrong types coerced, or left out where they cannot be. Provisioning files are not checked
 * by Grafana. Settings unknown here stay as they are.
 *
 * @returns the same object and no warnings when nothing is wrong
 */
export function readJsonData(stored: PromkeepOptions): { jsonData: PromkeepOptions; warnings: string[] } {
  const changed: Record<string, unknown> = {};
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(isRecord(stored) ? stored : {})) {
    const read = HEADER_NAME.test(key) ? asText : READS.get(key);
    const usable = value === null ? undefined : read ? read(value) : value;
    if (usable !== value && !sameJson(usable, value)) {
      changed[key] = usable;
      if (value !== null) {
        const value = JSON.stringify(usable);
        warnings.push(
          usable === undefined ? say('config.ignored', { setting: key }) : say('config.readAs', { setting: key, value })
        );
      }
    }
  }
  if (!isRecord(stored)) {
    return { jsonData: {}, warnings };
  }
  return Object.keys(changed).length > 0
    ? { jsonData: { ...stored, ...changed }, warnings }
    : { jsonData: stored, warnings };
}

function asText(value: unknown): string | undefined {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

function asFlag(value: unknown): boolean | undefined {
  if (value === '') {
    return undefined;
  }
  return typeof value === 'boolean' ? value : value === 'true' || value === 1;
}

function asAmount(value: unknown): number | undefined {
  const amount = typeof value === 'string' ? Number(value.trim() || NaN) : value;
  return typeof amount === 'number' && Number.isFinite(amount) && amount >= 0 ? amount : undefined;
}

function oneOf(...choices: string[]): Read {
  return (value) => choices.find((choice) => choice.toLowerCase() === asText(value)?.trim().toLowerCase());
}

function asTexts(value: unknown): string[] | undefined {
  const list = typeof value === 'string' ? value.split(',') : value;
  return Array.isArray(list) ? list.flatMap((item) => asText(item)?.trim() || []) : undefined;
}

function asTraceLinks(value: unknown): Array<Record<string, unknown>> | undefined {
  const list = isRecord(value) ? [value] : value;
  return Array.isArray(list) ? list.filter(isRecord).map(asTraceLink) : undefined;
}

function asTraceLink(link: Record<string, unknown>): Record<string, unknown> {
  const texts = ['url', 'urlDisplayLabel', 'datasourceUid'].map((key) => [key, asText(link[key])]);
  const known = Object.fromEntries(texts.filter(([, text]) => text !== undefined));
  return { name: asText(link.name) ?? '', ...known };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether nothing was changed, whatever the order of keys. */
function sameJson(one: unknown, other: unknown): boolean {
  return inOrder(one) === inOrder(other);
}

function inOrder(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part
  );
}
