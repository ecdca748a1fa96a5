import { type PageAbout } from '../../src/contract/aboutPage';
import { type ArchiveConfig, type Config } from '../config/config';
import { COLLECT_DEFAULTS } from '../core/collect/fetchRange';
import { REFILL_DEFAULTS } from '../core/collect/refill';
import { frameToJson } from '../core/frames/frameJson';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { asPromkeepError } from '../core/model/errors';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { type MetricSource } from '../core/ports/metricSource';
import { formatExact } from '../core/query/step';
import { createProgramMetrics, type ProgramMetrics } from '../metrics/programMetrics';
import { readSeriesSelector } from '../promql/seriesSelector';
import { addressOf } from '../routes/aboutRoute';
import { type ArchiveViewer, createArchiveViewer, createSourceViewer } from '../routes/historyRoutes';
import { createRoutes } from '../routes/routes';
import { createSummaryReader, type SummaryReader } from '../routes/summaryRoutes';
import { createHttpServer, type HttpServer } from '../server/httpServer';
import { type LiveFeeds } from '../server/live/liveRoute';
import { type RemoteReadParts } from '../server/prometheus/remoteRead';
import { type ReadinessCheck } from '../server/probeRoutes';
import { type ProxySettings } from '../source/settings/prometheusSettings';
import { connectionFromUrl, describeConnection } from '../archive/connect/connection';
import { Closers } from './closers';
import { createMemoryBudget } from './memory';
import { type Recording, startRecording } from './recording';
import { openArchive, openSource, openUpkeep, rawReadingOf, rawWarningOf, type Source } from './openParts';

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
  source: Source;
  /** Evaluates PromQL over the archive; the source itself unless another is configured. */
  engine: MetricSource;
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
  const engine = config.server.engine ? openSource(config.server.engine, options.proxies, { budget }) : source;
  if (engine !== source) {
    closers.push('engine', () => engine.close());
  }
  const opened = config.archive && { archive: openArchive(config.archive, options), config: config.archive };
  if (opened) {
    closers.push('archive', () => opened.archive.close());
  }
  const metrics = createProgramMetrics(options.version, budget);
  const parts = { config, options, budget, source, engine, opened, metrics };
  const server = await openHttpServer(parts);
  closers.push('HTTP server', () => server.close());
  const { url } = await server.listen();
  if (opened) {
    const recording = record(opened, parts);
    closers.push('recording', () => recording.stop());
    void hintAtEngine(parts);
  } else {
    options.logger.info('There is no archive (archive.url, PROMKEEP_DATABASE_URL): nothing is recorded.');
  }
  return url;
}

function openHttpServer(parts: OpenParts): Promise<HttpServer> {
  const { config, options, budget, source, engine, opened, metrics } = parts;
  const warning = opened && rawWarningOf(opened.archive, source);
  const { clock, logger, pageFolder, holder } = options;
  const { host, port, token, basicAuth, allowedHosts, limits } = config.server;
  const scrapeInterval = formatExact(config.prometheus.scrapeIntervalMs);
  const summary = createSummaryReader({ source, clock, scrapeInterval }, config.summaryMetrics);
  const viewer =
    opened &&
    createArchiveViewer({
      ...{ archive: opened.archive, source, clock, holder, metrics: config.summaryMetrics },
      ...{ settleMs: opened.config.settleMs, refillWindowMs: opened.config.refillWindowMs },
      ...{ rawPieceMs: opened.config.raw.pieceMs, rawWarning: warning },
    });
  return createHttpServer({
    access: { host, token, basicAuth, allowedHosts },
    port,
    routes: createRoutes({
      ...{ source, clock, limits, summary },
      archive: opened && {
        archive: opened.archive,
        settleMs: opened.config.settleMs,
        rawPieceMs: opened.config.raw.pieceMs,
        rawWarning: warning,
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
    prometheusApi: {
      ...{ source, engine, clock, history: opened?.archive.raw, readSelector: readSeriesSelector },
      maxSeries: config.prometheus.maxSeries,
    },
    remoteRead: opened && remoteReadOf(opened, config),
    live: { ...liveFeeds(summary, viewer, clock), maxRangeMs: limits.maxRangeMs, onReaders: metrics.read },
    checks: readinessChecks(parts),
    warning,
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

/** Queries go to the source all the same: what its configuration says need not be all that leads here. */
async function hintAtEngine({ config, options: { logger }, source, engine }: OpenParts): Promise<void> {
  if (engine !== source || !config.recordedQueries.some(({ raw }) => raw)) {
    return;
  }
  try {
    const { readsOthers } = await source.holdings({ signal: AbortSignal.timeout(config.prometheus.timeoutMs) });
    if (readsOthers === 'no') {
      logger.info('Raw series are kept, and no Prometheus evaluates over them: see docs/promql.md.', {
        prometheusYml: "remote_read: [{url: 'http://<this server>/api/v1/read'}]",
      });
    }
  } catch (error) {
    logger.debug('Whether Prometheus reads from here is not known.', { error: asPromkeepError(error).message });
  }
}

function remoteReadOf({ archive, config }: OpenArchive, { server, prometheus }: Config): RemoteReadParts {
  return {
    history: archive.raw,
    externalLabels: config.externalLabels,
    limits: { ...server.remoteRead, maxSeries: prometheus.maxSeries },
  };
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

function readinessChecks({ source, engine, opened, options: { clock } }: OpenParts): ReadinessCheck[] {
  const evaluates = (name: string, one: MetricSource): ReadinessCheck => ({
    name,
    async check(signal) {
      await one.queryInstant({ expr: '1', timeMs: clock.nowMs() }, { signal });
    },
  });
  return [
    evaluates('prometheus', source),
    ...(engine === source ? [] : [evaluates('engine', engine)]),
    // One cheap read in a transaction; no query goes by the empty name.
    ...(opened ? [{ name: 'archive', check: async () => void (await opened.archive.ledger.coverage('')) }] : []),
  ];
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
    rawReading: rawReadingOf(source, config.raw),
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
