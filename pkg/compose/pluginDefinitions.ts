import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { RECORDING_LIMITS } from '../../src/contract/settings';
import { parseArchiveSettings, type ArchiveSettings } from '../archive/connect/archiveSettings';
import { type Recorder, startRecorder } from './pluginRecorder';
import { type ApiRoute } from '../core/ports/apiRoute';
import { FORWARDS_CREDENTIALS } from '../core/datasource/callers';
import { defaultSettleMs } from '../core/collect/fetchRange';
import { type DatasourceSettings } from '../core/ports/datasource';
import { PromkeepError } from '../core/model/errors';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { parseInterval } from '../core/model/goDuration';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { DefinitionManager, type RecordingPolicy } from '../core/manage/manageDefinitions';
import { wholeMs } from '../core/query/step';
import { type ArchiveMetrics } from '../metrics/archiveMetrics';
import { type PrometheusSettings, type ProxySettings } from '../source/settings/prometheusSettings';
import { createPrometheusSource } from '../source/prometheusSource';
import { mayRecord } from '../promql/mayRecord';
import { createRecordedRoutes } from '../routes/recordedRoutes';
import { refusingArchive, type VisibleArchive } from '../core/datasource/refusingArchive';

export interface RecordedParts {
  settings: DatasourceSettings;
  prometheus: PrometheusSettings;
  /** Absent: the archive is off. */
  archive: VisibleArchive | undefined;
  /** The same, where it can be used. */
  pooled: Archive | undefined;
  metrics: ArchiveMetrics;
  forwardsCredentials: boolean;
  logger: Logger;
  clock: Clock;
  proxies: ProxySettings;
  budget: MemoryBudget;
  holder: string;
}

export interface RecordedSide {
  routes: ApiRoute[];
  /** Age at which a time is due for the archive. */
  settleMs: number;
  limits: RecordingAmounts;
  background: Recorder;
}

/** As in the stand-alone program: a catch-up must not fill the memory of Grafana's machine; a smaller piece is asked then. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
const DEFAULT_SCRAPE_MS = 15_000;
const SCRAPE_TIMEOUT_MS = 10_000;

/** Recorded queries of a datasource: the resources that manage them, and, where an Admin allowed it, the recording itself. */
export function openRecorded(parts: RecordedParts): RecordedSide {
  const { prometheus, archive, pooled, forwardsCredentials, logger, clock, budget, metrics, holder } = parts;
  const settings = usableSettings(parts.settings);
  const scrapeIntervalMs = scrapeIntervalOf(prometheus.timeInterval);
  const settleMs = settings?.recording.settleMs ?? defaultSettleMs(scrapeIntervalMs, SCRAPE_TIMEOUT_MS);
  const responseLimitBytes = Math.min(prometheus.responseLimitBytes, MAX_RESPONSE_BYTES);
  const source = createPrometheusSource({ ...prometheus, responseLimitBytes }, parts.proxies, { budget });
  const policy: RecordingPolicy = {
    allowed: settings?.recording.allowed ?? false,
    maxSeries: settings?.recording.maxSeries ?? 0,
    limits: settings?.recording.limits ?? RECORDING_LIMITS,
    forwardsCredentials,
    settleMs,
    scrapeIntervalMs,
  };
  const queries = new DefinitionManager({
    archive: archive ?? refusingArchive(new PromkeepError('ARCHIVE_OFF', 'This datasource has no archive.')),
    source,
    clock,
    logger,
    mayRecord,
    policy,
    timeoutSignal: (ms) => AbortSignal.timeout(ms),
  });
  const recorder =
    settings && pooled && policy.allowed && !forwardsCredentials
      ? startRecorder({
          ...{ settings, archive: pooled, source, budget, settleMs, logger, clock, holder, metrics },
          datasource: parts.settings.uid,
        })
      : undefined;
  return {
    routes: createRecordedRoutes(queries),
    settleMs,
    limits: policy.limits,
    background: {
      async stop() {
        await recorder?.stop();
        await source.close();
      },
    },
  };
}

/** What the archive's own resources show: nothing, where each user may see other data [A12]. */
export function visibleArchive(
  archive: VisibleArchive | undefined,
  forwardsCredentials: boolean
): VisibleArchive | undefined {
  return archive && forwardsCredentials
    ? refusingArchive(new PromkeepError('FORBIDDEN', `The archive is not available: ${FORWARDS_CREDENTIALS}.`))
    : archive;
}

function usableSettings(settings: DatasourceSettings): ArchiveSettings | undefined {
  try {
    return parseArchiveSettings(settings);
  } catch {
    // Whatever uses the archive reports what is wrong with them.
    return undefined;
  }
}

function scrapeIntervalOf(text: string | undefined): number {
  try {
    return text ? wholeMs(parseInterval(text)) || DEFAULT_SCRAPE_MS : DEFAULT_SCRAPE_MS;
  } catch {
    return DEFAULT_SCRAPE_MS;
  }
}
