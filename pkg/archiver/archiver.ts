import { type CollectDeps } from '../core/collectFetch';
import { type RefillSettings } from '../core/collectRefill';
import { asPromkeepError } from '../core/errors';
import { type Logger, type RecordedQuery } from '../core/ports';
import { rememberVersion } from '../core/sourceVersion';
import { type ArchiverMetrics } from './archiverMetrics';
import { retryDelayMs } from './backoff';
import { QueryLoop } from './queryLoop';
import { Slots, sleepUntilTimer, type Sleep } from './waiting';

export interface ArchiverOptions extends Omit<CollectDeps, 'sourceVersion'> {
  queries: readonly RecordedQuery[];
  refill: RefillSettings;
  logger: Logger;
  metrics: ArchiverMetrics;
  /** Replaced in tests. */
  sleep?: Sleep;
  /** Queries that may be fetched at once. */
  concurrency?: number;
}

/** Runs the recorded queries on their schedule until it is stopped. */
export interface Archiver {
  start(): void;
  /** Ends after the running requests have been aborted and the running transaction is over. */
  stop(): Promise<void>;
}

const CONCURRENCY = 2;

/**
 * One loop a query, so that a query never overlaps itself; a few slots for all of them, taken piece by piece in the order they
 * ask, so that a query with much to catch up does not hold the others back.
 *
 * This is where leadership (one archiver at work, many in waiting) goes: `prepare` is what a candidate does before its loops.
 */
export function createArchiver(options: ArchiverOptions): Archiver {
  const abort = new AbortController();
  const { signal } = abort;
  let running: Promise<void> | undefined;
  return {
    start() {
      running ??= run(options, signal);
    },
    async stop() {
      abort.abort(new Error('The archiver stops.'));
      await running;
    },
  };
}

async function run(options: ArchiverOptions, signal: AbortSignal): Promise<void> {
  const sleep = options.sleep ?? sleepUntilTimer;
  const earliestGaps = await prepare(options, sleep, signal);
  if (!earliestGaps) {
    return;
  }
  const slots = new Slots(options.concurrency ?? CONCURRENCY);
  const deps = { ...options, sleep, slots, sourceVersion: rememberVersion(options.source, options.clock) };
  await Promise.all(
    options.queries.map((query) => new QueryLoop(deps, query, earliestGaps.get(query.name)).run(signal))
  );
}

/**
 * Migrates, makes the queries known and reads where each began; tries until it succeeds, since the archive may come later.
 *
 * @returns start of the oldest gap by query; `undefined` when stopped before
 */
async function prepare(
  { archive, queries, logger }: ArchiverOptions,
  sleep: Sleep,
  signal: AbortSignal
): Promise<Map<string, number> | undefined> {
  let told: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await archive.migrate();
      await archive.provision(queries);
      const { queries: known } = await archive.status();
      logger.info('The archive is ready; recording.', { queries: queries.length });
      const recorded = known.filter(({ kind, gaps }) => kind === 'recorded' && gaps.length > 0);
      return new Map(recorded.map(({ name, gaps }) => [name, Math.min(...gaps.map(({ fromMs }) => fromMs))]));
    } catch (error) {
      const { code, message } = asPromkeepError(error);
      failures++;
      // Told when the cause changes: an archive that is away for a day must not fill the log.
      const level = message === told ? 'debug' : 'error';
      told = message;
      logger[level]('The archive is not available; recording waits.', { code, error: message });
      await sleep(retryDelayMs(failures, Math.random()), signal);
    }
  }
  return undefined;
}
