import * as v from 'valibot';
import { isRecord } from '../../src/contract/lenient';
import { PRESET_NAMES } from '../core/summary/summaryPresets';
import { MAX_RAW_PIECE_MS, RAW_STEP_MS } from '../core/model/rawSeries';
import { parseDurationMs } from '../../src/contract/duration';
import { parseRetentionDays, RETENTION_FORM } from '../../src/contract/retention';
import { ARCHIVE_DEFAULTS, DEFAULT_MAX_SERIES, RECORDING_LIMITS } from '../../src/contract/settings';

/**
 * The configuration file as people write it. Every key is here with what it may hold; docs/configuration.md explains each (a test
 * compares the two). Unknown keys are faults: a misspelt `retention` must not silently mean the default.
 */
const string = v.string('must be text');
const text = v.pipe(string, v.nonEmpty('must not be empty'));
const name = v.pipe(text, v.maxLength(255, 'must have at most 255 characters'));
const number = v.number('must be a number');
const whole = v.pipe(number, v.integer('must be a whole number'));
const DECIMALS = 'must be between 0 and 10';
const count = v.pipe(whole, v.minValue(1, 'must be at least 1'));

const duration = v.pipe(text, v.transform(parseDurationMs), v.number('must be a duration such as 15s, 1h30m or 7d'));

const positiveDuration = v.pipe(duration, v.minValue(1, 'must be longer than 0s'));

const url = v.pipe(
  text,
  v.check(
    (value) => /^https?:\/\/[^/]/.test(value) && URL.canParse(value),
    'must be a URL that begins with http:// or https://'
  )
);

const keys = v.custom<Record<string, unknown>>(isRecord, 'must be a group of keys');

function group<T extends v.ObjectEntries>(entries: T) {
  return v.pipe(keys, v.strictObject(entries));
}

function list<T extends v.GenericSchema>(entry: T) {
  return v.array(entry, 'must be a list');
}

function choice<const T extends readonly string[]>(choices: T) {
  return v.picklist(choices, `must be one of ${choices.join(', ')}`);
}

function form(pattern: RegExp, fault: string) {
  return v.pipe(string, v.regex(pattern, fault));
}

function isRetention(value: string): boolean {
  return parseRetentionDays(value) !== undefined;
}

const basicAuth = group({ user: text, password: v.optional(text), password_file: v.optional(text) });

const prometheusKeys = {
  scrape_interval: v.optional(positiveDuration, '15s'),
  scrape_timeout: v.optional(positiveDuration, '10s'),
  timeout: v.optional(positiveDuration, '30s'),
  method: v.optional(choice(['GET', 'POST']), 'POST'),
  basic_auth: v.optional(basicAuth),
  bearer_token: v.optional(text),
  bearer_token_file: v.optional(text),
  headers: v.optional(v.pipe(keys, v.record(form(/^[\w-]+$/, 'is not a header name'), text)), {}),
  tls: v.optional(
    group({
      ca_file: v.optional(text),
      cert_file: v.optional(text),
      key_file: v.optional(text),
      server_name: v.optional(text),
      skip_verify: v.optional(v.boolean('must be true or false'), false),
    })
  ),
};

const prometheus = group({ url: v.optional(url, 'http://127.0.0.1:9090'), ...prometheusKeys });

const engine = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'string' ? { url: value } : value)),
  group({ url, ...prometheusKeys })
);

const rollupRetention = v.pipe(
  string,
  v.check((value) => value === 'none' || isRetention(value), `must be ${RETENTION_FORM}, or none`)
);

const organisation = group({
  max_queries: v.optional(count, RECORDING_LIMITS.organisation.queries),
  max_series: v.optional(count, RECORDING_LIMITS.organisation.series),
  max_samples_per_day: v.optional(count, RECORDING_LIMITS.organisation.samplesPerDay),
});

const retention = v.optional(v.pipe(string, v.check(isRetention, `must be ${RETENTION_FORM}`)), '1y');

const definitionName = v.pipe(
  name,
  v.regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'must look like a metric name: letters, digits, _ and :')
);

const rhythm = {
  step: v.optional(v.pipe(positiveDuration, v.minValue(1_000, 'must be at least 1s')), '15s'),
  retention,
};

const recordedQuery = group({
  name: definitionName,
  expr: text,
  ...rhythm,
});

const rawSeries = group({
  name: definitionName,
  match: v.pipe(list(text), v.minLength(1, 'must have at least one series selector')),
  retention,
});

const PIECE = 'must be between 1m and 2h';

const archive = group({
  url: v.optional(text),
  password: v.optional(text),
  password_file: v.optional(text),
  schema: v.optional(form(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a plain PostgreSQL name: lower case, digits and _')),
  source: v.optional(group({ org_id: v.optional(count, 1), name: v.optional(name, 'default') }), {}),
  settle: v.optional(duration),
  backfill: v.optional(duration, '0s'),
  refill_window: v.optional(positiveDuration, '15d'),
  lease: v.optional(v.pipe(duration, v.minValue(1_000, 'must be at least 1s')), '15s'),
  probe: v.optional(text),
  max_series: v.optional(count, ARCHIVE_DEFAULTS.recordMaxSeries),
  max_queries: v.optional(count, RECORDING_LIMITS.source.queries),
  max_total_series: v.optional(count, RECORDING_LIMITS.source.series),
  max_samples_per_day: v.optional(count, RECORDING_LIMITS.source.samplesPerDay),
  organisation: v.optional(organisation, {}),
  five_minute_rollups: v.optional(rollupRetention),
  hourly_rollups: v.optional(rollupRetention),
  raw_series: v.optional(list(rawSeries), []),
  raw_piece: v.optional(v.pipe(duration, v.minValue(RAW_STEP_MS, PIECE), v.maxValue(MAX_RAW_PIECE_MS, PIECE)), '30m'),
  external_labels: v.optional(v.pipe(keys, v.record(text, text)), {}),
  deletion_grace: v.optional(form(/^[1-9]\d{0,2}[dw]$/, 'must be a number of days or weeks, such as 7d or 2w')),
});

const PORTS = 'must be between 0 and 65535';
const MOST_POINTS = 'must be at most 11000, the limit of Prometheus';

const server = group({
  host: v.optional(text, '127.0.0.1'),
  port: v.optional(v.pipe(whole, v.minValue(0, PORTS), v.maxValue(65_535, PORTS)), 5000),
  token: v.optional(text),
  token_file: v.optional(text),
  basic_auth: v.optional(basicAuth),
  allowed_hosts: v.optional(list(text), []),
  max_points: v.optional(v.pipe(count, v.maxValue(11_000, MOST_POINTS)), 11_000),
  max_range: v.optional(positiveDuration, '90d'),
  max_records: v.optional(count, 250_000),
  max_concurrent_queries: v.optional(count, 10),
  max_response_mib: v.optional(count, 64),
  max_series: v.optional(count, DEFAULT_MAX_SERIES),
  memory_limit_mib: v.optional(count),
  request_timeout: v.optional(positiveDuration, '30s'),
  engine: v.optional(engine),
  remote_read_sample_limit: v.optional(count, 50_000_000),
  remote_read_concurrent_limit: v.optional(count, 10),
});

const preset = choice(PRESET_NAMES);

const threshold = group({ value: number, state: choice(['ok', 'warning', 'critical']) });

const summaryMetric = group({
  key: form(/^[a-z][a-z0-9_]*$/, 'must be lower case letters, digits and _'),
  name: text,
  expr: text,
  unit: v.optional(string, 'short'),
  decimals: v.optional(v.pipe(whole, v.minValue(0, DECIMALS), v.maxValue(10, DECIMALS))),
  aggregation: choice(['mean', 'sum', 'max', 'min']),
  thresholds: v.optional(
    v.pipe(
      list(threshold),
      v.check((steps) => steps.every((step, i) => i === 0 || step.value > steps[i - 1].value), 'must ascend by value')
    ),
    []
  ),
  min: v.optional(number),
  max: v.optional(number),
  job: v.optional(text),
});

const summary = v.pipe(
  group({ presets: v.optional(list(preset), []), metrics: v.optional(list(summaryMetric), []) }),
  v.check(({ presets, metrics }) => presets.length + metrics.length > 0, 'must name at least one metric or preset')
);

export const FILE_SCHEMA = group({
  prometheus: v.optional(prometheus, {}),
  archive: v.optional(archive, {}),
  server: v.optional(server, {}),
  recorded_queries: v.optional(list(recordedQuery)),
  recorded_presets: v.optional(list(group({ preset, ...rhythm })), []),
  summary: v.optional(summary),
});

export type FileConfig = v.InferOutput<typeof FILE_SCHEMA>;
