import { RECORDING_LIMITS } from '../../src/contract/settings';
import { type ArchiveSettings } from '../archive/connect/archiveSettings';
import { createUpkeep } from '../archive/upkeep/upkeep';
import { COLLECT_DEFAULTS, defaultSettleMs } from '../core/collect/fetchRange';
import { rawSettleMs } from '../core/collect/raw/rawReading';
import { REFILL_DEFAULTS } from '../core/collect/refill';
import { refusingArchive } from '../core/datasource/refusingArchive';
import { DefinitionManager, type RecordingPolicy } from '../core/manage/manageDefinitions';
import { PromkeepError } from '../core/model/errors';
import { parseInterval } from '../core/model/goDuration';
import { RAW_PIECE_MS } from '../core/model/rawSeries';
import { wholeMs } from '../core/query/step';
import { mayRecord } from '../promql/mayRecord';
import { canonicalSelectors, readRawSelectors } from '../promql/rawSelectors';
import { LEASE_MS } from '../record/takeLease';
import { createPrometheusSource } from '../source/prometheusSource';
import { type PrometheusSettings, type ProxySettings } from '../source/settings/prometheusSettings';
import { type OpenedArchive } from './datasourceArchive';
import { rawReadingOf, type Source } from './openParts';
import { type Recording, type RecordingParts, startRecording } from './recording';

/** What all datasources of the plugin share. */
export interface DatasourceParts extends Pick<RecordingParts, 'clock' | 'logger' | 'metrics' | 'budget'> {
  proxies: ProxySettings;
  /** Names this process, and with a number this instance, among the archivers of a source. */
  holder: string;
}

interface RecordedQueriesParts extends DatasourceParts {
  /** Of the datasource. */
  uid: string;
  prometheus: PrometheusSettings;
  archive: OpenedArchive | undefined;
  forwardsCredentials: boolean;
}

export interface RecordedQueries {
  definitions: DefinitionManager;
  policy: RecordingPolicy;
  background: Recording;
}

/** As in the stand-alone program: a catch-up must not fill the memory of Grafana's machine; a smaller piece is asked then. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
const DEFAULT_SCRAPE_MS = 15_000;
const SCRAPE_TIMEOUT_MS = 10_000;

/**
 * Recorded queries of a datasource: what manages them, and, where an Admin allowed it, the recording itself. There is no config
 * file, so it records what the archive defines.
 */
export function openRecordedQueries(parts: RecordedQueriesParts): RecordedQueries {
  const { prometheus, archive, budget, clock, logger } = parts;
  const responseLimitBytes = Math.min(prometheus.responseLimitBytes, MAX_RESPONSE_BYTES);
  // asks with the datasource's own credentials
  const source = createPrometheusSource({ ...prometheus, responseLimitBytes }, parts.proxies, { budget });
  const policy = policyOf(archive?.settings, prometheus.timeInterval, parts.forwardsCredentials);
  const definitions = new DefinitionManager({
    archive: archive?.shown ?? refusingArchive(new PromkeepError('ARCHIVE_OFF', 'This datasource has no archive.')),
    ...{ source, clock, logger, mayRecord, policy, raw: { source, canonicalSelectors, readSelectors: readRawSelectors } },
    timeoutSignal: (ms) => AbortSignal.timeout(ms),
  });
  const recording = policy.allowed && !policy.forwardsCredentials ? record(parts, source, policy) : undefined;
  return {
    definitions,
    policy,
    background: {
      async stop() {
        await recording?.stop();
        await source.close();
      },
    },
  };
}

function policyOf(
  settings: ArchiveSettings | undefined,
  timeInterval: string | undefined,
  forwardsCredentials: boolean
): RecordingPolicy {
  const scrapeIntervalMs = scrapeIntervalOf(timeInterval);
  return {
    allowed: settings?.recording.allowed ?? false,
    maxSeries: settings?.recording.maxSeries ?? 0,
    limits: settings?.recording.limits ?? RECORDING_LIMITS,
    settleMs: settings?.recording.settleMs ?? defaultSettleMs(scrapeIntervalMs, SCRAPE_TIMEOUT_MS),
    forwardsCredentials,
    scrapeIntervalMs,
  };
}

function record(
  { archive, uid, budget, clock, logger, holder, metrics }: RecordedQueriesParts,
  source: Source,
  { limits, maxSeries, settleMs, scrapeIntervalMs }: RecordingPolicy
): Recording | undefined {
  if (!archive?.settings || !archive.usable) {
    return undefined;
  }
  const { connection, recording, source: identity } = archive.settings;
  return startRecording({
    ...{ source, budget, clock, logger, metrics, limits },
    archive: archive.usable,
    rawReading: rawReadingOf(source, {
      pieceMs: RAW_PIECE_MS,
      settleMs: rawSettleMs(settleMs, scrapeIntervalMs),
    }),
    upkeep: createUpkeep({ connection, logger, clock }),
    identity: { source: identity, datasource: uid },
    settings: {
      ...COLLECT_DEFAULTS,
      settleMs,
      probe: recording.probe,
      seriesLimit: { max: maxSeries, setting: 'the datasource (archiveRecordMaxSeries)' },
    },
    lease: { holder, durationMs: LEASE_MS },
    refill: REFILL_DEFAULTS,
  });
}

function scrapeIntervalOf(text: string | undefined): number {
  try {
    return text ? wholeMs(parseInterval(text)) || DEFAULT_SCRAPE_MS : DEFAULT_SCRAPE_MS;
  } catch {
    return DEFAULT_SCRAPE_MS;
  }
}
