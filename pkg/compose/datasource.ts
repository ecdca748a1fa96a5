import { forwardsUsersCredentials } from '../../src/contract/forwardedCredentials';
import { rawWarning } from '../core/collect/raw/rawWarning';
import { createDatasourceInstance } from '../core/datasource/datasourceInstance';
import { type ApiRoute } from '../core/ports/apiRoute';
import { type DatasourceFactory, type DatasourceInstance, type DatasourceSettings } from '../core/ports/datasource';
import { rememberReading } from '../core/readback/rawEngine';
import { DATASOURCE_METRICS } from '../core/summary/summaryPresets';
import { applyFilters } from '../promql/applyFilters';
import { createComparer } from '../promql/compareExpressions';
import { selectorsIn } from '../promql/seriesSelector';
import { suggestionSelectors } from '../promql/suggestionSelectors';
import { sleepUntilTimer } from '../record/waiting';
import { createRoutes, type RouteParts } from '../routes/routes';
import { createSummaryReader } from '../routes/summaryRoutes';
import { createPrometheusSource } from '../source/prometheusSource';
import { parsePrometheusSettings } from '../source/settings/settings';
import { keepPolicyOf, openDatasourceArchive, type OpenedArchive } from './datasourceArchive';
import { rawWarningOf, type Source } from './openParts';
import { type DatasourceParts, openRecordedQueries, type RecordedQueries } from './recordedQueries';

/** Grafana itself limits who may ask how much; these only keep one answer of our own API in bounds. */
const LIMITS = { maxPoints: 11_000, maxRangeMs: 10 * 365 * 86_400_000, maxRecords: 250_000 };

/** Builds a datasource from what Grafana knows about it. Only settings without which no query can work throw. */
export function createDatasourceFactory(parts: DatasourceParts): DatasourceFactory {
  let instances = 0;
  // A changed datasource is a new instance beside the old one, which may still be ending: each has a name of its own.
  return async (settings) => openDatasource(settings, { ...parts, holder: `${parts.holder} #${++instances}` });
}

/**
 * Opens, in this order: Prometheus, the archive (which connects with its first use), the recorded queries with a Prometheus of
 * their own, and, where it is allowed, the recording. `dispose` ends the recording first.
 */
function openDatasource(settings: DatasourceSettings, parts: DatasourceParts): DatasourceInstance {
  const { logger, clock, proxies, budget } = parts;
  const prometheus = parsePrometheusSettings(settings);
  for (const warning of prometheus.warnings) {
    logger.warn(warning, { dsName: settings.name, dsUid: settings.uid });
  }
  const source = createPrometheusSource(prometheus.settings, proxies, { budget });
  const forwardsCredentials = forwardsUsersCredentials(settings.jsonData);
  const archive = openDatasourceArchive(settings, parts);
  const recorded = openRecordedQueries({
    ...{ ...parts, uid: settings.uid, prometheus: prometheus.settings, archive, forwardsCredentials },
  });
  const compare = createComparer();
  const scrapeInterval = prometheus.settings.timeInterval ?? '';
  const summary = createSummaryReader({ source, clock, scrapeInterval }, DATASOURCE_METRICS);
  return createDatasourceInstance({
    source,
    ...(archive ? { archive: { archive: archive.shown, ...keepPolicyOf(archive, forwardsCredentials) } } : {}),
    summaryMetrics: DATASOURCE_METRICS,
    background: recorded.background,
    apiRoutes: routesOf({ source, clock, summary, compare, forwardsCredentials }, archive, recorded),
    clock,
    logger,
    concurrency: Number(settings.grafanaConfig.GF_CONCURRENT_QUERY_COUNT),
    scrapeInterval,
    allExemplars: prometheus.settings.allExemplars === true,
    settingsWarnings: prometheus.warnings,
    ...(archive ? { rawWarning: (signal: AbortSignal) => rawWarning(archive.shown, source, signal) } : {}),
    timeoutSignal: (ms) => AbortSignal.timeout(ms),
    wait: sleepUntilTimer,
    forwardsCredentials,
    applyFilters,
    compareExpressions: compare,
    engine: { selectorsOf: selectorsIn, readsArchive: rememberReading(source, clock) },
    suggestionSelectors,
  });
}

function routesOf(
  {
    compare,
    ...parts
  }: Pick<RouteParts, 'clock' | 'summary' | 'forwardsCredentials'> & { source: Source } & Pick<
      NonNullable<RouteParts['editors']>,
      'compare'
    >,
  archive: OpenedArchive | undefined,
  { definitions, policy }: RecordedQueries
): ApiRoute[] {
  return createRoutes({
    ...parts,
    limits: LIMITS,
    archive: archive && {
      ...{ archive: archive.shown, settleMs: policy.settleMs, recordingLimits: policy.limits },
      rawWarning: rawWarningOf(archive.shown, parts.source),
    },
    editors: { definitions, compare },
  });
}
