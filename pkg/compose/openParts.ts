import { createArchive } from '../archive/archive';
import { type ArchiveUpkeep, createUpkeep } from '../archive/upkeep/upkeep';
import { type ArchiveConnection, connectionFromUrl } from '../archive/connect/connection';
import { type ArchiveConfig, type PrometheusConfig } from '../config/config';
import { type Archive, type Uses } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { type RawComparing } from '../core/collect/raw/compareRaw';
import { rawWarning } from '../core/collect/raw/rawWarning';
import { type RawReading } from '../core/collect/raw/rawReading';
import { type MetricSource } from '../core/ports/metricSource';
import { type RawSource } from '../core/ports/rawSeries';
import { readRawSelectors } from '../promql/rawSelectors';
import { comparableSamples } from '../remote/chunks/comparableSamples';
import { inWordsOf } from '../remote/codecError';
import { compareLabels } from '../remote/labels';
import { plainPrometheusSettings, type ProxySettings } from '../source/settings/prometheusSettings';
import { type SharedParts } from '../source/chargedCalls';
import { createPrometheusSource } from '../source/prometheusSource';

/** What gives results and raw series. */
export type Source = MetricSource & RawSource;

/** The Prometheus of a config file; those of Grafana's datasources are opened in `datasource.ts`. Throws `SETTINGS_INVALID`. */
export function openSource(config: PrometheusConfig, proxies: ProxySettings, shared: SharedParts = {}): Source {
  const { url, timeoutMs, headers, maxSeries, basicAuth, bearerToken, tls } = config;
  const settings = plainPrometheusSettings(url, {
    httpMethod: config.method,
    responseLimitBytes: config.maxResponseBytes,
    ...{ timeoutMs, headers, maxSeries, basicAuth, bearerToken, tls },
  });
  return createPrometheusSource(settings, proxies, shared);
}

interface Surroundings {
  logger: Logger;
  clock: Clock;
}

/** The archive of the configuration; connects with its first use. Throws `SETTINGS_INVALID`. */
export function openArchive(config: ArchiveConfig, surroundings: Surroundings): Archive {
  return createArchive({ ...databaseOf(config), ...surroundings, source: config.source });
}

/** The jobs that keep the same database small; they have a connection of their own. Throws `SETTINGS_INVALID`. */
export function openUpkeep(config: ArchiveConfig, surroundings: Surroundings): ArchiveUpkeep {
  return createUpkeep({ ...databaseOf(config), ...surroundings, wishes: config.wishes });
}

function databaseOf({ url, password, schema }: ArchiveConfig): { connection: ArchiveConnection; schema?: string } {
  const connection = connectionFromUrl(url);
  return {
    connection: password === undefined ? connection : { ...connection, password },
    ...(schema === undefined ? {} : { schema }),
  };
}

/** How raw series are read from a source. */
export function rawReadingOf(source: RawSource, times: Pick<RawReading, 'pieceMs' | 'settleMs'>): RawReading {
  return { source, readSelectors: readRawSelectors, ...times };
}

/** What a probe waits for, at most. */
const WARNING_PATIENCE_MS = 2_000;

/** See `rawWarning`; `undefined` as well where the source does not say it soon. */
export function rawWarningOf(
  archive: Uses<{ definitions: 'list' }>,
  source: RawSource
): () => Promise<string | undefined> {
  return () => rawWarning(archive, source, AbortSignal.timeout(WARNING_PATIENCE_MS));
}

/** How what was kept of raw series is compared with a source: chunks of ours are no better than its. */
export const RAW_COMPARING: RawComparing = {
  compareLabels,
  samplesOf: (chunks, range) => inWordsOf('source', () => comparableSamples(chunks, range)),
};

/** What the usual variables say about proxies. Lower case wins, as with curl. */
export function proxiesFrom(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  return { httpProxy: read('HTTP_PROXY'), httpsProxy: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}
