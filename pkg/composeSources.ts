import { createArchive } from './archive/archive';
import { connectionFromUrl } from './archive/connection';
import { type ArchiveConfig, type PrometheusConfig } from './config/config';
import { type Archive, type Clock, type Logger, type MetricSource } from './core/ports';
import { plainPrometheusSettings, type ProxySettings } from './prometheus/prometheusSettings';
import { createPrometheusSource } from './prometheus/prometheusSource';

/** The Prometheus of the configuration. Throws `SETTINGS_INVALID`. */
export function openSource(config: PrometheusConfig, proxies: ProxySettings): MetricSource {
  const { basicAuth, bearerToken, tls } = config;
  const settings = plainPrometheusSettings(config.url, {
    httpMethod: config.method,
    timeoutMs: config.timeoutMs,
    headers: config.headers,
    responseLimitBytes: config.maxResponseBytes,
    ...(basicAuth ? { basicAuth } : {}),
    ...(bearerToken === undefined ? {} : { bearerToken }),
    ...(tls ? { tls } : {}),
  });
  return createPrometheusSource(settings, proxies);
}

/** The archive of the configuration; connects with its first use. Throws `SETTINGS_INVALID`. */
export function openArchive(config: ArchiveConfig, { logger, clock }: { logger: Logger; clock: Clock }): Archive {
  const connection = connectionFromUrl(config.url);
  return createArchive({
    connection: config.password === undefined ? connection : { ...connection, password: config.password },
    source: config.source,
    logger,
    clock,
    ...(config.schema === undefined ? {} : { schema: config.schema }),
  });
}

/** What the usual variables say about proxies. Lower case wins, as with curl. */
export function proxiesFrom(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  return { httpProxy: read('HTTP_PROXY'), httpsProxy: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}
