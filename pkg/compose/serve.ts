import { type PageAbout } from '../../src/contract/aboutPage';
import { type ArchiveConfig, type Config } from '../config/config';
import { COLLECT_DEFAULTS } from '../core/collect/fetchRange';
import { REFILL_DEFAULTS } from '../core/collect/refill';
import { frameToJson } from '../core/frames/frameJson';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type Archive, type Uses } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { type MetricSource } from '../core/ports/metricSource';
import { formatExact } from '../core/query/step';
import { createProgramMetrics, type ProgramMetrics } from '../metrics/programMetrics';
import { type ArchiveViewer, createArchiveViewer, createSourceViewer } from '../routes/historyRoutes';
import { addressOf } from '../routes/aboutRoute';
import { createRoutes } from '../routes/routes';
import { createSummaryReader, type SummaryReader } from '../routes/summaryRoutes';
import { createHttpServer, type HttpServer } from '../server/httpServer';
import { type LiveFeeds } from '../server/live/liveRoute';
import { type ReadinessCheck } from '../server/probeRoutes';
import { type ProxySettings } from '../source/settings/prometheusSettings';
import { connectionFromUrl, describeConnection } from '../archive/connect/connection';
import { Closers } from './closers';
import { createMemoryBudget } from './memory';
import { type Recording, startRecording } from './recording';
import { openArchive, openSource, openUpkeep } from './openParts';

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

/** Of each part; a recorder in the middle of a transaction is the one that may need it. */
const CLOSE_LIMIT_MS = 3_000;

/** Config → the running stand-alone program. Throws `PromkeepError` with everything closed that was opened. */
export async function startServer(config: Config, options: ServeOptions): Promise<RunningServer> {
  const closers = new Closers(options.logger);
  try {
    const url = await open(config, options, closers);
    return { url, stop: () => closers.closeAll(CLOSE_LIMIT_MS) };
  } catch (error) {
    await closers.closeAll(CLOSE_LIMIT_MS);
    throw error;
  }
}

/** What is open, as the HTTP server and the recorder need it. */
interface OpenParts {
  config: Config;
  options: ServeOptions;
  budget: MemoryBudget;
  source: MetricSource;
  /** Absent: none is configured. */
  opened: OpenArchive | undefined;
  metrics: ProgramMetrics;
}

interface OpenArchive {
  archive: Archive;
  config: ArchiveConfig;
}

/** In this order; closed in reverse. */
async function open(config: Config, options: ServeOptions, closers: Closers): Promise<string> {
  const budget = createMemoryBudget(config.server.memoryLimitMib);
  const source = openSource(config.prometheus, options.proxies, { budget });
  closers.push('Prometheus', () => source.close());
  const opened = config.archive && { archive: openArchive(config.archive, options), config: config.archive };
  if (opened) {
    closers.push('archive', () => opened.archive.close());
  }
  const metrics = createProgramMetrics(options.version, budget);
  const parts = { config, options, budget, source, opened, metrics };
  const server = await openHttpServer(parts);
  closers.push('HTTP server', () => server.close());
  const { url } = await server.listen();
  if (opened) {
    const recording = record(opened, parts);
    closers.push('recording', () => recording.stop());
  } else {
    options.logger.info('There is no archive (archive.url, PROMKEEP_DATABASE_URL): nothing is recorded.');
  }
  return url;
}

function openHttpServer(parts: OpenParts): Promise<HttpServer> {
  const { config, options, budget, source, opened, metrics } = parts;
  const { clock, logger, pageFolder, holder } = options;
  const { host, port, token, basicAuth, allowedHosts, limits } = config.server;
  const scrapeInterval = formatExact(config.prometheus.scrapeIntervalMs);
  const summary = createSummaryReader({ source, clock, scrapeInterval }, config.summaryMetrics);
  const viewer =
    opened &&
    createArchiveViewer({
      ...{ archive: opened.archive, source, clock, holder, metrics: config.summaryMetrics },
      ...{ settleMs: opened.config.settleMs, refillWindowMs: opened.config.refillWindowMs },
    });
  return createHttpServer({
    access: { host, token, basicAuth, allowedHosts },
    port,
    routes: createRoutes({
      ...{ source, clock, limits, summary },
      archive: opened && {
        archive: opened.archive,
        settleMs: opened.config.settleMs,
        recordingLimits: opened.config.recordingLimits,
      },
      // the server has credentials of its own
      forwardsCredentials: false,
      page: {
        viewer,
        reader: createSourceViewer({ source, clock, scrapeInterval, metrics: config.summaryMetrics }),
        about: { address: addressOf(config.prometheus.url), archive: opened && aboutArchive(opened.config) },
      },
    }),
    live: { ...liveFeeds(summary, viewer, clock), maxRangeMs: limits.maxRangeMs, onReaders: metrics.read },
    checks: readinessChecks(source, opened?.archive, clock),
    metrics,
    logger,
    pageFolder,
    maxConcurrentQueries: limits.maxConcurrentQueries,
    requestTimeoutMs: limits.requestTimeoutMs,
    budget,
  });
}

function aboutArchive({ url, source }: ArchiveConfig): PageAbout['archive'] {
  return { address: describeConnection(connectionFromUrl(url)), source: source.name };
}

/** What the page is told of by itself: the same answers as of the routes it could ask. */
function liveFeeds(
  summary: SummaryReader,
  viewer: ArchiveViewer | undefined,
  clock: Clock
): Pick<LiveFeeds, 'summary' | 'archive'> {
  return {
    async summary(rangeMs, signal) {
      const frames = await summary.readFrames(rangeMs, { signal });
      return { timeMs: clock.nowMs(), frames: frames.map(frameToJson) };
    },
    ...(viewer ? { archive: () => viewer.readOverview() } : {}),
  };
}

function readinessChecks(
  source: MetricSource,
  archive: Uses<{ ledger: 'coverage' }> | undefined,
  clock: Clock
): ReadinessCheck[] {
  const prometheus: ReadinessCheck = {
    name: 'prometheus',
    async check(signal) {
      await source.queryInstant({ expr: '1', timeMs: clock.nowMs() }, { signal });
    },
  };
  if (!archive) {
    return [prometheus];
  }
  // One cheap read in a transaction; no query goes by the empty name.
  return [prometheus, { name: 'archive', check: async () => void (await archive.ledger.coverage('')) }];
}

function record(
  { archive, config }: OpenArchive,
  { options, budget, source, metrics, ...parts }: OpenParts
): Recording {
  const { clock, logger, holder } = options;
  return startRecording({
    ...{ source, budget, archive, clock, logger },
    upkeep: openUpkeep(config, options),
    metrics: metrics.archive,
    identity: { source: config.source },
    queries: parts.config.recordedQueries,
    settings: {
      settleMs: config.settleMs,
      probe: config.probe,
      backfillMs: config.backfillMs,
      maxPoints: COLLECT_DEFAULTS.maxPoints,
      seriesLimit: { max: config.maxSeries, setting: 'archive.max_series' },
    },
    limits: config.recordingLimits,
    lease: { holder, durationMs: config.leaseMs },
    refill: { ...REFILL_DEFAULTS, windowMs: config.refillWindowMs },
  });
}
