import { createUpkeep } from '../archive/upkeep/upkeep';
import { type ArchiveSettings } from '../archive/connect/archiveSettings';
import { createRecorder } from '../record/recorder';
import { LEASE_MS } from '../record/takeLease';
import { createUpkeepSchedule } from '../record/upkeepSchedule';
import { archiveWatch } from './apiRoutes';
import { upkeepJobs } from '../record/upkeepJobs';
import { COLLECT_DEFAULTS } from '../core/collect/fetchRange';
import { REFILL_DEFAULTS } from '../core/collect/refill';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { type MetricSource } from '../core/ports/metricSource';
import { type ArchiveMetrics } from '../metrics/archiveMetrics';

export interface RecorderParts {
  settings: ArchiveSettings;
  archive: Archive;
  /** Asked with the datasource's own credentials. */
  source: MetricSource;
  budget: MemoryBudget;
  settleMs: number;
  logger: Logger;
  clock: Clock;
  /** Names this instance among the archivers of its source. */
  holder: string;
  metrics: ArchiveMetrics;
  /** Its uid, by which metrics tell recorders apart. */
  datasource: string;
}

export interface Recorder {
  /** Ends after the running requests have been aborted and the running transaction is over; gives the lease back. */
  stop(): Promise<void>;
}

/**
 * The clock inside the plugin: from now on this datasource is a candidate to record its source, beside `promkeep serve` and
 * other datasources that name the same one. It has no config file, so it records what the archive defines.
 */
export function startRecorder(parts: RecorderParts): Recorder {
  const { settings, archive, source, budget, settleMs, logger, clock, holder, datasource } = parts;
  const monotonicClock: Clock = { nowMs: () => performance.now() };
  const told = parts.metrics.open({ source: settings.source, datasource }, archiveWatch(archive, clock, settleMs));
  const archiver = createRecorder({
    source,
    budget,
    archive,
    clock,
    monotonicClock,
    logger,
    metrics: told.archiver,
    settings: {
      ...COLLECT_DEFAULTS,
      settleMs,
      probe: settings.recording.probe,
      seriesLimit: { max: settings.recording.maxSeries, setting: 'the datasource (archiveRecordMaxSeries)' },
    },
    limits: settings.recording.limits,
    lease: { holder, durationMs: LEASE_MS },
    refill: REFILL_DEFAULTS,
  });
  const jobs = createUpkeep({ connection: settings.connection, logger, clock });
  const upkeep = createUpkeepSchedule({ logger, metrics: told.upkeep, jobs: upkeepJobs(jobs), monotonicClock });
  archiver.start();
  upkeep.start();
  return {
    async stop() {
      try {
        await Promise.all([archiver.stop(), upkeep.stop()]);
      } finally {
        told.close();
        await jobs.close();
      }
    },
  };
}
