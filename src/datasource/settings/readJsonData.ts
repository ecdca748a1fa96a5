import { isEqual } from 'lodash';
import * as v from 'valibot';
import { fitting, isRecord } from '../../contract/lenient';
import { LIMIT_SETTINGS } from '../../contract/settings';
import { storedAmount, storedFlag, storedText } from '../../contract/storedSettings';
import { type PromkeepOptions } from '../query/promkeepPromQuery';
import { say } from '../texts';

const maybeStoredText = v.fallback(v.optional(storedText), undefined);

const TRACE_LINKS = v.pipe(
  v.unknown(),
  v.transform((value) => (isRecord(value) ? [value] : value)),
  v.array(v.unknown()),
  fitting(
    v.object({
      name: v.fallback(storedText, ''),
      url: maybeStoredText,
      urlDisplayLabel: maybeStoredText,
      datasourceUid: maybeStoredText,
    })
  )
);

const LIST = v.union([
  v.array(v.unknown()),
  v.pipe(
    v.string(),
    v.transform((list) => list.split(','))
  ),
]);

/**
 * The settings by the form the editors and `@grafana/prometheus` rely on. They call `includes`, `map` or `toString` on them
 * without a look at the type, so one number in a provisioning file breaks the whole settings page, and Explore.
 */
const FORMS: Array<[form: v.GenericSchema, keys: string[]]> = [
  [
    storedText,
    [
      ...['timeInterval', 'queryTimeout', 'customQueryParameters', 'incrementalQueryOverlapWindow'],
      ...['prometheusVersion', 'serverName', 'archiveHost', 'archiveDatabase', 'archiveUser', 'archiveSchema'],
      ...['archiveSourceName', 'archiveKeepRetention', 'archiveSettle', 'archiveProbe', 'sigV4Region'],
      ...['alertmanagerUid', 'secureSocksProxyUsername'],
    ],
  ],
  [
    storedFlag,
    [
      ...['disableMetricsLookup', 'incrementalQuerying', 'disableRecordingRules', 'seriesEndpoint'],
      ...['queryStatsEnabled', 'tlsAuth', 'tlsAuthWithCACert', 'tlsSkipVerify', 'oauthPassThru'],
      ...['enableSecureSocksProxy', 'showAllExemplars', 'archiveEnabled', 'archiveAllowKeep', 'archiveAllowRecording'],
    ],
  ],
  [
    storedAmount,
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
  [v.pipe(LIST, fitting(v.pipe(storedText, v.trim(), v.nonEmpty()))), ['keepCookies']],
  [TRACE_LINKS, ['exemplarTraceIdDestinations']],
];

const FORM_OF = new Map(FORMS.flatMap(([form, keys]) => keys.map((key) => [key, form])));
const HEADER_NAME = /^httpHeaderName\d+$/;

/**
 * The settings with values of wrong types coerced, or left out where they cannot be. Provisioning files are not checked
 * by Grafana. Settings unknown here stay as they are.
 *
 * @returns the same object and no warnings when nothing is wrong
 */
export function readJsonData(stored: PromkeepOptions): { jsonData: PromkeepOptions; warnings: string[] } {
  if (!isRecord(stored)) {
    return { jsonData: {}, warnings: [] };
  }
  const changed: Record<string, unknown> = {};
  const warnings: string[] = [];
  for (const [setting, value] of Object.entries(stored)) {
    const usable = usableOf(setting, value);
    if (!isEqual(usable, value)) {
      changed[setting] = usable;
      if (usable !== undefined) {
        warnings.push(say('config.readAs', { setting, value: JSON.stringify(usable) }));
      } else if (value !== null) {
        warnings.push(say('config.ignored', { setting }));
      }
    }
  }
  return { jsonData: Object.keys(changed).length > 0 ? { ...stored, ...changed } : stored, warnings };
}

/** `undefined` when it cannot be used. */
function usableOf(setting: string, value: unknown): unknown {
  const form = HEADER_NAME.test(setting) ? storedText : FORM_OF.get(setting);
  if (value === null || value === undefined || !form) {
    return value ?? undefined;
  }
  const read = v.safeParse(form, value);
  return read.success ? read.output : undefined;
}

function oneOf(...choices: string[]): v.GenericSchema {
  const asWritten = (text: string) => choices.find((choice) => choice.toLowerCase() === text.trim().toLowerCase());
  return v.pipe(storedText, v.transform(asWritten), v.string());
}
