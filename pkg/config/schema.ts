import { z } from 'zod';
import { PRESET_NAMES } from '../core/summaryPresets';
import { parseDurationMs } from '../../src/contract/duration';
import { parseRetentionDays, RETENTION_FORM } from '../../src/contract/retention';
import { ARCHIVE_DEFAULTS, DEFAULT_MAX_SERIES, RECORDING_LIMITS } from '../../src/contract/settings';

/**
 * The configuration file as people write it. Every key is here with what it may hold; docs/configuration.md explains each (a test
 * compares the two). Unknown keys are faults: a misspelt `retention` must not silently mean the default.
 */
const text = z.string().min(1, 'must not be empty');

const duration = text.transform((value, context) => {
  const ms = parseDurationMs(value);
  if (ms === undefined) {
    context.addIssue({ code: 'custom', message: 'must be a duration such as 15s, 1h30m or 7d' });
    return z.NEVER;
  }
  return ms;
});

const positiveDuration = duration.refine((ms) => ms > 0, 'must be longer than 0s');
const count = z.number().int('must be a whole number').positive('must be at least 1');

const url = text.refine((value) => /^https?:\/\/[^/]/.test(value) && URL.canParse(value), {
  message: 'must be a URL that begins with http:// or https://',
});

const basicAuth = z.strictObject({ user: text, password: text.optional(), password_file: text.optional() });

const prometheus = z.strictObject({
  url: url.default('http://127.0.0.1:9090'),
  scrape_interval: positiveDuration.default(15_000),
  scrape_timeout: positiveDuration.default(10_000),
  timeout: positiveDuration.default(30_000),
  method: z.enum(['GET', 'POST']).default('POST'),
  basic_auth: basicAuth.optional(),
  bearer_token: text.optional(),
  bearer_token_file: text.optional(),
  headers: z.record(z.string().regex(/^[\w-]+$/, 'is not a header name'), text).default({}),
  tls: z
    .strictObject({
      ca_file: text.optional(),
      cert_file: text.optional(),
      key_file: text.optional(),
      server_name: text.optional(),
      skip_verify: z.boolean().default(false),
    })
    .optional(),
});

const rollupRetention = z
  .string()
  .refine((value) => value === 'none' || parseRetentionDays(value) !== undefined, `must be ${RETENTION_FORM}, or none`);

const archive = z.strictObject({
  url: text.optional(),
  password: text.optional(),
  password_file: text.optional(),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a plain PostgreSQL name: lower case, digits and _')
    .optional(),
  source: z
    .strictObject({ org_id: count.default(1), name: text.max(255).default('default') })
    .default({ org_id: 1, name: 'default' }),
  settle: duration.optional(),
  backfill: duration.default(0),
  refill_window: positiveDuration.default(15 * 86_400_000),
  lease: duration.refine((ms) => ms >= 1_000, 'must be at least 1s').default(15_000),
  probe: text.optional(),
  max_series: count.default(ARCHIVE_DEFAULTS.recordMaxSeries),
  max_queries: count.default(RECORDING_LIMITS.source.queries),
  max_total_series: count.default(RECORDING_LIMITS.source.series),
  max_samples_per_day: count.default(RECORDING_LIMITS.source.samplesPerDay),
  organisation: z
    .strictObject({
      max_queries: count.default(RECORDING_LIMITS.organisation.queries),
      max_series: count.default(RECORDING_LIMITS.organisation.series),
      max_samples_per_day: count.default(RECORDING_LIMITS.organisation.samplesPerDay),
    })
    .prefault({}),
  five_minute_rollups: rollupRetention.optional(),
  hourly_rollups: rollupRetention.optional(),
  deletion_grace: z
    .string()
    .regex(/^[1-9]\d{0,2}[dw]$/, 'must be a number of days or weeks, such as 7d or 2w')
    .optional(),
});

const server = z.strictObject({
  host: text.default('127.0.0.1'),
  port: z
    .number()
    .int('must be a whole number')
    .min(0, 'must be between 0 and 65535')
    .max(65_535, 'must be between 0 and 65535')
    .default(5000),
  token: text.optional(),
  token_file: text.optional(),
  basic_auth: basicAuth.optional(),
  allowed_hosts: z.array(text).default([]),
  max_points: count.max(11_000, 'must be at most 11000, the limit of Prometheus').default(11_000),
  max_range: positiveDuration.default(90 * 86_400_000),
  max_records: count.default(250_000),
  max_concurrent_queries: count.default(10),
  max_response_mib: count.default(64),
  max_series: count.default(DEFAULT_MAX_SERIES),
  memory_limit_mib: count.optional(),
  request_timeout: positiveDuration.default(30_000),
});

const step = positiveDuration.refine((ms) => ms >= 1_000, 'must be at least 1s').default(15_000);
const retention = z
  .string()
  .refine((value) => parseRetentionDays(value) !== undefined, `must be ${RETENTION_FORM}`)
  .default('1y');

const recordedQuery = z.strictObject({
  name: z
    .string()
    .max(255)
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'must look like a metric name: letters, digits, _ and :'),
  expr: text,
  step,
  retention,
});

const recordedPreset = z.strictObject({ preset: z.enum(PRESET_NAMES), step, retention });

const state = z.enum(['ok', 'warning', 'critical']);

const summaryMetric = z.strictObject({
  key: z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be lower case letters, digits and _'),
  name: text,
  expr: text,
  unit: z.string().default('short'),
  decimals: z.number().int().min(0).max(10).optional(),
  aggregation: z.enum(['mean', 'sum', 'max', 'min']),
  thresholds: z
    .array(z.strictObject({ value: z.number(), state }))
    .refine((steps) => steps.every((step, i) => i === 0 || step.value > steps[i - 1].value), 'must ascend by value')
    .default([]),
  min: z.number().optional(),
  max: z.number().optional(),
  job: text.optional(),
});

export const FILE_SCHEMA = z.strictObject({
  prometheus: prometheus.prefault({}),
  archive: archive.prefault({}),
  server: server.prefault({}),
  recorded_queries: z.array(recordedQuery).optional(),
  recorded_presets: z.array(recordedPreset).default([]),
  summary: z
    .strictObject({
      presets: z.array(z.enum(PRESET_NAMES)).default([]),
      metrics: z.array(summaryMetric).default([]),
    })
    .refine(({ presets, metrics }) => presets.length + metrics.length > 0, 'must name at least one metric or preset')
    .optional(),
});

export type FileConfig = z.output<typeof FILE_SCHEMA>;
