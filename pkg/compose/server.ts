import { createRecorder } from '../record/recorder';
import { createUpkeepSchedule } from '../record/upkeepSchedule';
import { archiveWatch, composeApiRoutes, scrapeIntervalText, summaryReader } from './apiRoutes';
import { Closers } from './closers';
import { createMemoryBudget } from './memory';
import { archiveViewer, liveFeeds } from './page';
import { openArchive, openUpkeep, openSource } from './sources';
import { upkeepJobs } from '../record/upkeepJobs';
import { type ArchiveConfig, type Config } from '../config/config';
import { COLLECT_DEFAULTS } from '../core/collect/fetchRange';
import { REFILL_DEFAULTS } from '../core/collect/refill';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { type MetricSource } from '../core/ports/metricSource';
import { type RecorderMetrics } from '../metrics/archiveMetrics';
import { createProgramMetrics } from '../metrics/programMetrics';
import { type ProxySettings } from '../source/settings/prometheusSettings';
import { createParserPool } from '../source/workers/startWorkers';
import { createHttpServer } from '../server/httpServer';
import { createHistoryRoutes } from '../routes/historyRoutes';
import { type ReadinessCheck } from '../server/probeRoutes';

export interface ServeOptions {
  logger: Logger;
  clock: Clock;
  version: string;
  proxies: ProxySettings;
  /** Folder of the built page. */
  pageFolder?: string;
  /** Names this run of the program among the archivers of a source. */
  holder: string;
}

export interface RunningServer {
  url: string;
  /** Stops recording, then listening, then closes the connections; takes a few seconds at most. */
  stop(): Promise<void>;
}

const MONOTONIC_CLOCK: Clock = { nowMs: () => performance.now() };

/** Of each part; an archiver in the middle of a transaction is the one that may need it. */
const CLOSE_LIMIT_MS = 3_000;

/** Config → the running stand-alone program. Throws `PromkeepError` with everything closed that was opened. */
export async function startServer(config: Config, options: ServeOptions): Promise<RunningServer> {
  const { logger } = options;
  const closers = new Closers(logger);
  try {
    const url = await open(config, options, closers);
    return { url, stop: () => closers.closeAll(CLOSE_LIMIT_MS) };
  } catch (error) {
    await closers.closeAll(CLOSE_LIMIT_MS);
    throw error;
  }
}

async function open(config: Config, options: ServeOptions, closers: Closers): Promise<string> {
  const { logger, clock, version } = options;
  const pool = createParserPool();
  closers.push('parsers', async () => pool?.close());
  const budget = createMemoryBudget(config.server.memoryLimitMib);
  const source = openSource(config.prometheus, options.proxies, { pool, budget });
  closers.push('Prometheus', () => source.close());
  const archive = config.archive && openArchive(config.archive, options);
  if (archive) {
    closers.push('archive', () => archive.close());
  }
  const settleMs = config.archive?.settleMs;
  const metrics = createProgramMetrics(version, budget);
  const { host, port, token, basicAuth, allowedHosts, limits } = config.server;
  const apiParts = {
    source,
    archive,
    clock,
    summaryMetrics: config.summaryMetrics,
    scrapeInterval: scrapeIntervalText(config.prometheus.scrapeIntervalMs),
    limits,
    recordingLimits: config.archive?.recordingLimits,
    settleMs,
  };
  const viewer =
    config.archive &&
    archive &&
    archiveViewer({
      archive,
      clock,
      settleMs: config.archive.settleMs,
      refillWindowMs: config.archive.refillWindowMs,
      holder: options.holder,
      metrics: config.summaryMetrics,
    });
  const server = await createHttpServer({
    access: { host, token, basicAuth, allowedHosts },
    port,
    routes: [...composeApiRoutes(apiParts), ...createHistoryRoutes(viewer)],
    live: { ...liveFeeds(summaryReader(apiParts), viewer, clock, limits.maxRangeMs), onReaders: metrics.read },
    checks: readinessChecks(source, archive, clock),
    metrics,
    logger,
    pageFolder: options.pageFolder,
    maxConcurrentQueries: limits.maxConcurrentQueries,
    requestTimeoutMs: limits.requestTimeoutMs,
    budget,
  });
  closers.push('HTTP server', () => server.close());
  const { url } = await server.listen();
  if (config.archive && archive) {
    const told = metrics.archive.open({ source: config.archive.source }, archiveWatch(archive, clock, settleMs));
    const archiver = createRecorder({
      source,
      budget,
      archive,
      clock,
      monotonicClock: MONOTONIC_CLOCK,
      logger,
      queries: config.recordedQueries,
      metrics: told.archiver,
      settings: {
        settleMs: config.archive.settleMs,
        probe: config.archive.probe,
        backfillMs: config.archive.backfillMs,
        maxPoints: COLLECT_DEFAULTS.maxPoints,
        seriesLimit: { max: config.archive.maxSeries, setting: 'archive.max_series' },
      },
      limits: config.archive.recordingLimits,
      lease: { holder: options.holder, durationMs: config.archive.leaseMs },
      refill: { ...REFILL_DEFAULTS, windowMs: config.archive.refillWindowMs },
    });
    closers.push('archiver', () => archiver.stop());
    archiver.start();
    startUpkeep(config.archive, options, told, closers);
  } else {
    logger.info('There is no archive (archive.url, PROMKEEP_DATABASE_URL): nothing is recorded.');
  }
  return url;
}

function startUpkeep(
  config: ArchiveConfig,
  { logger, clock }: ServeOptions,
  { upkeep: metrics }: RecorderMetrics,
  closers: Closers
): void {
  const jobs = openUpkeep(config, { logger, clock });
  closers.push('archive jobs', () => jobs.close());
  const upkeep = createUpkeepSchedule({
    logger,
    metrics,
    monotonicClock: MONOTONIC_CLOCK,
    jobs: upkeepJobs(jobs),
  });
  closers.push('archive upkeep', () => upkeep.stop());
  upkeep.start();
}

function readinessChecks(
  source: MetricSource,
  archive: Pick<Archive, 'ledger'> | undefined,
  clock: Clock
): ReadinessCheck[] {
  const checks: ReadinessCheck[] = [
    {
      name: 'prometheus',
      async check(signal) {
        await source.queryInstant({ expr: '1', timeMs: clock.nowMs() }, { signal });
      },
    },
  ];
  if (archive) {
    checks.push({
      name: 'archive',
      async check() {
        // One cheap read in a transaction; no query goes by the empty name.
        await archive.ledger.coverage('');
      },
    });
  }
  return checks;
}
