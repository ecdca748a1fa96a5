import { createArchiveJobs } from './archive/archiveJobs';
import { type ArchiveSettings } from './archive/archiveSettings';
import { createArchiver } from './archiver/archiver';
import { NO_METRICS } from './archiver/archiverMetrics';
import { LEASE_MS } from './archiver/candidate';
import { createUpkeep } from './archiver/upkeep';
import { upkeepJobs } from './composeUpkeep';
import { COLLECT_DEFAULTS } from './core/collectFetch';
import { REFILL_DEFAULTS } from './core/collectRefill';
import { type Archive, type Clock, type Logger, type MetricSource } from './core/ports';

export interface RecorderParts {
  settings: ArchiveSettings;
  archive: Archive;
  /** Asked with the datasource's own credentials. */
  source: MetricSource;
  settleMs: number;
  logger: Logger;
  clock: Clock;
  /** Names this instance among the archivers of its source. */
  holder: string;
}

export interface Recorder {
  /** Ends after the running requests have been aborted and the running transaction is over; gives the lease back. */
  stop(): Promise<void>;
}

/**
 * The clock inside the plugin: from now on this datasource is a candidate to record its source, beside `promkeep serve` and
 * other datasources that name the same one. It has no config file, so it records what the archive defines.
 */
export function startRecorder({ settings, archive, source, settleMs, logger, clock, holder }: RecorderParts): Recorder {
  const monotonicClock: Clock = { nowMs: () => performance.now() };
  const archiver = createArchiver({
    source,
    archive,
    clock,
    monotonicClock,
    logger,
    metrics: NO_METRICS,
    settings: {
      ...COLLECT_DEFAULTS,
      settleMs,
      probe: settings.recording.probe,
      seriesLimit: { max: settings.recording.maxSeries, setting: 'the datasource (archiveRecordMaxSeries)' },
    },
    lease: { holder, durationMs: LEASE_MS },
    refill: REFILL_DEFAULTS,
  });
  const jobs = createArchiveJobs({ connection: settings.connection, logger, clock });
  const upkeep = createUpkeep({ logger, jobs: upkeepJobs(jobs), monotonicClock });
  archiver.start();
  upkeep.start();
  return {
    async stop() {
      await Promise.all([archiver.stop(), upkeep.stop()]);
      await jobs.close();
    },
  };
}
