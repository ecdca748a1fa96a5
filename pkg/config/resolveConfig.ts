import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { defaultProbe, defaultSettleMs } from '../core/collect/fetchRange';
import { type Definition } from '../core/ports/definitions';
import { rawSettleMs } from '../core/collect/raw/rawReading';
import { asPromkeepError } from '../core/model/errors';
import { RAW_STEP_MS } from '../core/model/rawSeries';
import { mayRecord } from '../promql/mayRecord';
import { canonicalSelectors } from '../promql/rawSelectors';
import { presetDefinitions, withPresets } from '../core/manage/presetDefinitions';
import { SUMMARY_PRESETS } from '../core/summary/summaryPresets';
import { isLoopbackHost } from '../server/loopback';
import {
  type ArchiveConfig,
  type Config,
  type ConfigInput,
  type Credentials,
  type PrometheusConfig,
  type ServerConfig,
} from './config';
import { type Faults } from './faults';
import { type FileConfig } from './schema';

/** 64 bits, if it is hexadecimal. */
const MIN_TOKEN_LENGTH = 16;

/** Reads the secrets' files, joins what belongs together and checks what no single key can tell. */
export function resolveConfig(file: FileConfig, input: ConfigInput, faults: Faults): Config {
  const secrets = new SecretReader(input, faults);
  const archive = resolveArchive(file, secrets, faults);
  return {
    prometheus: resolvePrometheus(file.prometheus, { path: 'prometheus', server: file.server, secrets, faults }),
    ...(archive ? { archive } : {}),
    server: resolveServer(file.server, secrets, faults),
    recordedQueries: resolveDefinitions(file, input, faults),
    summaryMetrics: resolveSummary(file, input, faults),
  };
}

/** Secrets that stand either in the file or in a file of their own. */
class SecretReader {
  constructor(
    private readonly input: ConfigInput,
    private readonly faults: Faults
  ) {}

  secret(path: string, value: string | undefined, file: string | undefined): string | undefined {
    if (value !== undefined && file !== undefined) {
      this.faults.add(`${path}_file`, `cannot stand beside ${path}; keep one of the two`);
    }
    return value ?? this.fileText(`${path}_file`, file)?.replace(/\r?\n$/, '');
  }

  fileText(path: string, file: string | undefined): string | undefined {
    if (file === undefined) {
      return undefined;
    }
    try {
      const text = this.input.readFile(file);
      if (text.trim() !== '') {
        return text;
      }
      this.faults.add(path, `the file ${file} is empty`);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
      this.faults.add(path, `the file ${file} cannot be read${code}`);
    }
    return undefined;
  }

  credentials(path: string, auth: FileConfig['server']['basic_auth']): Credentials | undefined {
    if (!auth) {
      return undefined;
    }
    const password = this.secret(`${path}.password`, auth.password, auth.password_file);
    if (password === undefined && auth.password_file === undefined) {
      this.faults.add(path, 'needs password or password_file');
    }
    return { user: auth.user, password: password ?? '' };
  }
}

function resolvePrometheus(
  prometheus: FileConfig['prometheus'],
  parts: { path: string; server: FileConfig['server']; secrets: SecretReader; faults: Faults }
): PrometheusConfig {
  const { path, server, secrets, faults } = parts;
  const { tls } = prometheus;
  const basicAuth = secrets.credentials(`${path}.basic_auth`, prometheus.basic_auth);
  const bearerToken = secrets.secret(`${path}.bearer_token`, prometheus.bearer_token, prometheus.bearer_token_file);
  if (basicAuth && bearerToken !== undefined) {
    faults.add(path, 'basic_auth and bearer_token exclude each other; keep one of the two');
  }
  return {
    url: prometheus.url,
    scrapeIntervalMs: prometheus.scrape_interval,
    scrapeTimeoutMs: prometheus.scrape_timeout,
    timeoutMs: prometheus.timeout,
    method: prometheus.method,
    ...(basicAuth ? { basicAuth } : {}),
    ...(bearerToken === undefined ? {} : { bearerToken }),
    headers: prometheus.headers,
    tls: tls && {
      ca: secrets.fileText(`${path}.tls.ca_file`, tls.ca_file),
      cert: secrets.fileText(`${path}.tls.cert_file`, tls.cert_file),
      key: secrets.fileText(`${path}.tls.key_file`, tls.key_file),
      serverName: tls.server_name,
      skipVerify: tls.skip_verify,
    },
    maxResponseBytes: server.max_response_mib * 1024 * 1024,
    maxSeries: server.max_series,
  };
}

function resolveArchive(
  { archive, prometheus }: FileConfig,
  secrets: SecretReader,
  faults: Faults
): ArchiveConfig | undefined {
  const password = secrets.secret('archive.password', archive.password, archive.password_file);
  if (archive.url === undefined) {
    return undefined;
  }
  const settleMs = archive.settle ?? defaultSettleMs(prometheus.scrape_interval, prometheus.scrape_timeout);
  if (!/^postgres(ql)?:\/\//.test(archive.url)) {
    faults.add('archive.url', 'must begin with postgres:// or postgresql://');
  }
  return {
    url: archive.url,
    ...(password === undefined ? {} : { password }),
    ...(archive.schema === undefined ? {} : { schema: archive.schema }),
    source: { orgId: archive.source.org_id, name: archive.source.name },
    settleMs,
    backfillMs: archive.backfill,
    refillWindowMs: archive.refill_window,
    leaseMs: archive.lease,
    maxSeries: archive.max_series,
    externalLabels: archive.external_labels,
    recordingLimits: limitsOf(archive),
    probe: archive.probe ?? defaultProbe(prometheus.scrape_interval),
    raw: { pieceMs: archive.raw_piece, settleMs: rawSettleMs(settleMs, prometheus.scrape_interval) },
    wishes: {
      fiveMinutes: archive.five_minute_rollups,
      hours: archive.hourly_rollups,
      deletionGrace: archive.deletion_grace,
    },
  };
}

function limitsOf(archive: FileConfig['archive']): RecordingAmounts {
  const { organisation } = archive;
  return {
    source: {
      queries: archive.max_queries,
      series: archive.max_total_series,
      samplesPerDay: archive.max_samples_per_day,
    },
    organisation: {
      queries: organisation.max_queries,
      series: organisation.max_series,
      samplesPerDay: organisation.max_samples_per_day,
    },
  };
}

function resolveServer(server: FileConfig['server'], secrets: SecretReader, faults: Faults): ServerConfig {
  const token = secrets.secret('server.token', server.token, server.token_file);
  const basicAuth = secrets.credentials('server.basic_auth', server.basic_auth);
  if (!isLoopbackHost(server.host) && token === undefined && !basicAuth) {
    faults.add(
      'server.host',
      'is reachable from other machines, so server.token or server.basic_auth must be set (PROMKEEP_TOKEN, or PROMKEEP_USER and PROMKEEP_PASSWORD)'
    );
  }
  if (token !== undefined && token.length < MIN_TOKEN_LENGTH) {
    faults.add('server.token', `must have at least ${MIN_TOKEN_LENGTH} characters`);
  }
  return {
    host: server.host,
    port: server.port,
    ...(token === undefined ? {} : { token }),
    ...(basicAuth ? { basicAuth } : {}),
    allowedHosts: server.allowed_hosts,
    memoryLimitMib: server.memory_limit_mib,
    ...(server.engine
      ? { engine: resolvePrometheus(server.engine, { path: 'server.engine', server, secrets, faults }) }
      : {}),
    remoteRead: {
      maxSamples: server.remote_read_sample_limit,
      maxConcurrent: server.remote_read_concurrent_limit,
    },
    limits: {
      maxPoints: server.max_points,
      maxRangeMs: server.max_range,
      maxRecords: server.max_records,
      maxConcurrentQueries: server.max_concurrent_queries,
      requestTimeoutMs: server.request_timeout,
    },
  };
}

function resolveRecordedQueries(file: FileConfig, { defaults }: ConfigInput, faults: Faults): Definition[] {
  if (!file.recorded_queries) {
    return [...defaults.recordedQueries];
  }
  const names = new Set<string>();
  return file.recorded_queries.map(({ name, expr, step, retention }, i) => {
    const recordable = mayRecord(expr);
    if (!recordable.ok) {
      faults.add(`recorded_queries[${i}].expr`, `${name} cannot be recorded: ${recordable.reason}`);
    }
    if (names.has(name)) {
      faults.add(`recorded_queries[${i}].name`, `${name} is there twice; names must differ`);
    }
    names.add(name);
    return { name, expression: expr, stepMs: step, retention };
  });
}

/** What is recorded and what is kept as raw series; their names are of one kind. */
function resolveDefinitions(file: FileConfig, input: ConfigInput, faults: Faults): Definition[] {
  const presets = file.recorded_presets.flatMap(({ preset, step, retention }) =>
    presetDefinitions(preset, { stepMs: step, retention })
  );
  const queries = withPresets(resolveRecordedQueries(file, input, faults), presets);
  const names = new Set(queries.map(({ name }) => name));
  const raw = file.archive.raw_series.map(({ name, match, retention }, i) => {
    if (names.has(name)) {
      faults.add(
        `archive.raw_series[${i}].name`,
        `${name} is there twice, here or as a recorded query; names must differ`
      );
    }
    names.add(name);
    const selectors = match.map((text, at) => readSelector(text, `archive.raw_series[${i}].match[${at}]`, faults));
    const expression = [...new Set(selectors)].sort().join('\n');
    return { name, expression, raw: true, stepMs: RAW_STEP_MS, retention };
  });
  return [...queries, ...raw];
}

/** In the form in which it is stored. */
function readSelector(text: string, path: string, faults: Faults): string {
  try {
    return canonicalSelectors(text.replaceAll('\n', ' '));
  } catch (error) {
    faults.add(path, asPromkeepError(error).message);
    return '';
  }
}

function resolveSummary(file: FileConfig, { defaults }: ConfigInput, faults: Faults): Config['summaryMetrics'] {
  if (!file.summary) {
    return [...defaults.summaryMetrics];
  }
  const keys = new Set<string>();
  const presets = [...new Set(file.summary.presets)].flatMap((name) => SUMMARY_PRESETS[name]);
  const own = file.summary.metrics.map(({ name, ...metric }, i) => {
    if (keys.has(metric.key)) {
      faults.add(`summary.metrics[${i}].key`, `${metric.key} is there twice; keys must differ`);
    }
    keys.add(metric.key);
    return { ...metric, displayName: name };
  });
  // A metric of one's own with the key of a preset's takes its place.
  return [...presets.filter(({ key }) => !keys.has(key)), ...own];
}
