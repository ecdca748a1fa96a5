import { asPromkeepError } from '../core/model/errors';
import { type Clock } from '../core/ports/clock';
import { type LogAttributes, type Logger } from '../core/ports/logger';
import { type Upkeep } from '../core/ports/upkeep';
import { type UpkeepMetrics } from '../core/ports/recorderEvents';
import { type Background, inBackground, sleepUntilTimer, type Sleep } from './waiting';

/** Work that keeps the archive small. It may be ended, repeated or run by two programs at once: the jobs see to that. */
export interface UpkeepJob {
  name: string;
  /** @returns what was done, in numbers, for the log; where `failedQueries` is not 0, the run counts as failed */
  run(signal: AbortSignal): Promise<LogAttributes>;
}

/** What keeps an archive small, in the order in which it is done. */
export function upkeepJobs(upkeep: Upkeep): UpkeepJob[] {
  return [
    { name: 'pack', run: async (signal) => ({ ...(await upkeep.packClosed(signal)) }) },
    // Before samples go: what is not rolled up does not expire.
    { name: 'rollup', run: async (signal) => ({ ...(await upkeep.rollUp(signal)) }) },
    {
      name: 'expire',
      async run(signal) {
        const { dropped, busy, ...counts } = await upkeep.expire(signal);
        return { ...counts, droppedPartitions: dropped.length, busyPartitions: busy.length };
      },
    },
    { name: 'remove deleted', run: async (signal) => ({ ...(await upkeep.removeDeleted(signal)) }) },
  ];
}

export interface UpkeepOptions {
  jobs: readonly UpkeepJob[];
  logger: Logger;
  /** Told of every run. */
  metrics: UpkeepMetrics;
  /** Runs evenly whatever is done to the machine's time. */
  monotonicClock: Clock;
  /** Replaced in tests. */
  sleep?: Sleep;
}

/** Soon after the start, so that a program that is restarted every day still does it, but not in the way of catching up. */
const FIRST_AFTER_MS = 5 * 60_000;
/** Periods close and expire by the day; an hour keeps each run small. */
const EVERY_MS = 3_600_000;

/** Runs the jobs one after the other, every hour. A job that fails is logged and tried again with the next round. */
export function createUpkeepSchedule(options: UpkeepOptions): Background {
  return inBackground((signal) => loop(options, signal), 'The upkeep stops.');
}

async function loop(options: UpkeepOptions, signal: AbortSignal): Promise<void> {
  const { jobs, sleep = sleepUntilTimer } = options;
  await sleep(FIRST_AFTER_MS, signal);
  while (!signal.aborted) {
    for (const job of jobs) {
      await runJob(job, options, signal);
    }
    await sleep(EVERY_MS, signal);
  }
}

async function runJob(
  { name, run }: UpkeepJob,
  { logger, metrics, monotonicClock }: UpkeepOptions,
  signal: AbortSignal
): Promise<void> {
  if (signal.aborted) {
    return;
  }
  const startedMs = monotonicClock.nowMs();
  const tell = (outcome: 'done' | 'failed'): void =>
    metrics.upkept(name, outcome, (monotonicClock.nowMs() - startedMs) / 1000);
  try {
    const done = await run(signal);
    const failed = Number(done.failedQueries ?? 0) > 0;
    tell(failed ? 'failed' : 'done');
    logger[failed ? 'error' : 'info'](
      failed ? 'Archive upkeep failed for some queries; they are tried again in an hour.' : 'Archive upkeep done.',
      { job: name, ...done }
    );
  } catch (error) {
    if (!signal.aborted) {
      tell('failed');
      const { code, message } = asPromkeepError(error);
      logger.error('Archive upkeep failed; it is tried again in an hour.', { job: name, code, error: message });
    }
  }
}
