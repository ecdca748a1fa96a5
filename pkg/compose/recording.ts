import { readGaps } from '../core/history/gapReport';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Upkeep } from '../core/ports/upkeep';
import { type ArchiveMetrics } from '../metrics/archiveMetrics';
import { type RecorderIdentity } from '../metrics/recorderState';
import { createRecorder, type RecorderOptions } from '../record/recorder';
import { RAW_COMPARING } from './openParts';
import { createUpkeepSchedule, upkeepJobs } from '../record/upkeepSchedule';

export interface RecordingParts extends Omit<RecorderOptions, 'monotonicClock' | 'metrics'> {
  archive: Archive;
  /** Closed with the recording. */
  upkeep: Upkeep & { close(): Promise<void> };
  metrics: ArchiveMetrics;
  /** Which recorder the metrics tell of. */
  identity: RecorderIdentity;
}

export interface Recording {
  /** Ends after the running requests have been aborted and the running transaction is over; gives the lease back. */
  stop(): Promise<void>;
}

const MONOTONIC_CLOCK: Clock = { nowMs: () => performance.now() };

/**
 * From now on this process is a candidate to record a source, beside others that name the same one: the recorded queries on their
 * schedule, and the upkeep of the archive every hour. The same for `promkeep serve` and for a datasource in Grafana.
 */
export function startRecording(parts: RecordingParts): Recording {
  const { archive, clock, logger, settings, rawReading, upkeep: jobs } = parts;
  const told = parts.metrics.open(parts.identity, {
    clock,
    readGaps: () => readGaps(archive.ledger, clock.nowMs() - settings.settleMs, rawReading?.pieceMs),
    readStatus: () => archive.status(),
    readPool: () => archive.poolUse(),
  });
  const recorder = createRecorder({
    ...parts,
    ...{ metrics: told.archiver, monotonicClock: MONOTONIC_CLOCK, rawComparing: RAW_COMPARING },
  });
  const upkeep = createUpkeepSchedule({
    ...{ logger, metrics: told.upkeep, monotonicClock: MONOTONIC_CLOCK },
    jobs: upkeepJobs(jobs),
  });
  recorder.start();
  upkeep.start();
  return {
    async stop() {
      try {
        await Promise.all([recorder.stop(), upkeep.stop()]);
      } finally {
        told.close();
        await jobs.close();
      }
    },
  };
}
