import { forwardsUsersCredentials } from '../../src/contract/forwardedCredentials';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { createArchive } from '../archive/archive';
import { parseArchiveSettings } from '../archive/connect/archiveSettings';
import { sleepUntilTimer } from '../record/waiting';
import { composeApiRoutes } from './apiRoutes';
import { openRecorded, visibleArchive } from './pluginDefinitions';
import { refusalToRead } from '../core/datasource/callers';
import { type DatasourceFactory, type DatasourceSettings } from '../core/ports/datasource';
import { createDatasourceInstance } from '../core/datasource/datasourceInstance';
import { asPromkeepError } from '../core/model/errors';
import { type KeepPolicy } from '../core/collect/keepResult';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { DATASOURCE_METRICS } from '../core/summary/summaryPresets';
import { type ArchiveMetrics } from '../metrics/archiveMetrics';
import { type ProxySettings } from '../source/settings/prometheusSettings';
import { createPrometheusSource } from '../source/prometheusSource';
import { parsePrometheusSettings } from '../source/settings/settings';
import { type ParserPool } from '../source/workers/parserPool';
import { applyFilters } from '../promql/applyFilters';
import { createComparer } from '../promql/compareExpressions';
import { suggestionSelectors } from '../promql/suggestionSelectors';
import { createArchiveLabelRoutes } from '../routes/archiveLabelRoutes';
import { refusingArchive, type VisibleArchive } from '../core/datasource/refusingArchive';

export interface DatasourceParts {
  logger: Logger;
  clock: Clock;
  proxies: ProxySettings;
  /** Names this process among the archivers of a source. */
  holder: string;
  /** Shared by all datasources, as the next one is. */
  pool?: ParserPool;
  budget: MemoryBudget;
  metrics: ArchiveMetrics;
}

/** Grafana itself limits who may ask how much; these only keep one answer of our own API in bounds. */
const LIMITS = { maxPoints: 11_000, maxRangeMs: 10 * 365 * 86_400_000, maxRecords: 250_000 };

/** Builds a datasource from what Grafana knows about it. Only settings without which no query can work throw. */
export function createDatasourceFactory(parts: DatasourceParts): DatasourceFactory {
  const { logger, clock, proxies, holder, pool, budget, metrics } = parts;
  let instances = 0;
  return async (settings) => {
    const prometheus = parsePrometheusSettings(settings);
    for (const warning of prometheus.warnings) {
      logger.warn(warning, { dsName: settings.name, dsUid: settings.uid });
    }
    const source = createPrometheusSource(prometheus.settings, proxies, { pool, budget });
    const { archive, pooled } = openArchive(settings, { logger, clock });
    const forwardsCredentials = forwardsUsersCredentials(settings.jsonData);
    // A changed datasource is a new instance beside the old one, which may still be ending: each has a name of its own.
    const recorded = openRecorded({
      ...{ settings, prometheus: prometheus.settings, archive: archive?.archive, pooled, forwardsCredentials },
      ...{ logger, clock, proxies, budget, metrics, holder: `${holder} #${++instances}` },
    });
    const scrapeInterval = prometheus.settings.timeInterval ?? '';
    const compare = createComparer();
    return createDatasourceInstance({
      source,
      ...(archive ? { archive } : {}),
      summaryMetrics: DATASOURCE_METRICS,
      background: recorded.background,
      apiRoutes: [
        ...composeApiRoutes({
          source,
          archive: visibleArchive(archive?.archive, forwardsCredentials),
          clock,
          summaryMetrics: DATASOURCE_METRICS,
          scrapeInterval,
          limits: LIMITS,
          recordingLimits: recorded.limits,
          settleMs: recorded.settleMs,
        }),
        ...recorded.routes,
        ...createArchiveLabelRoutes({
          history: archive?.archive.history,
          compare,
          refuse: (caller) => refusalToRead(caller, forwardsCredentials),
        }),
      ],
      clock,
      logger,
      concurrency: Number(settings.grafanaConfig.GF_CONCURRENT_QUERY_COUNT),
      scrapeInterval,
      allExemplars: prometheus.settings.allExemplars === true,
      settingsWarnings: prometheus.warnings,
      timeoutSignal: (ms) => AbortSignal.timeout(ms),
      wait: sleepUntilTimer,
      forwardsCredentials,
      applyFilters,
      compareExpressions: compare,
      suggestionSelectors,
    });
  };
}

interface OpenedArchive {
  /** Absent: it is off. */
  archive?: KeepPolicy & { archive: VisibleArchive };
  /** The same, where it can be used. */
  pooled?: Archive;
}

/** An archive that cannot be used must not stop the queries: keeping fails with the reason, and *Save & test* shows it. */
function openArchive(settings: DatasourceSettings, { logger, clock }: { logger: Logger; clock: Clock }): OpenedArchive {
  const forwardsCredentials = forwardsUsersCredentials(settings.jsonData);
  try {
    const parsed = parseArchiveSettings(settings);
    if (!parsed) {
      return {};
    }
    const { connection, source, keep } = parsed;
    const { allowed: allowKeep, retention, maxRowsPerDay, maxSeries } = keep;
    const pooled = createArchive({ connection, source, logger, clock });
    const archive = { archive: pooled, allowKeep, retention, maxRowsPerDay, maxSeries, forwardsCredentials };
    return { archive, pooled };
  } catch (error) {
    const archive = refusingArchive(asPromkeepError(error));
    const policy = {
      allowKeep: true,
      retention: '',
      maxRowsPerDay: Infinity,
      maxSeries: Infinity,
      forwardsCredentials,
    };
    return { archive: { archive, ...policy } };
  }
}
