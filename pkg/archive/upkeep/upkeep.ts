import { type Clock } from '../../core/ports/clock';
import { type Logger } from '../../core/ports/logger';
import { type Upkeep } from '../../core/ports/upkeep';
import { toArchiveError } from '../archiveErrors';
import { type ArchiveConnection } from '../connect/connection';
import { Database } from '../connect/database';
import { migrateSchema } from '../schema/migrator';
import { addWeeksOf, Partitions } from '../schema/partitions';
import { applyDue, type DueOutcome } from '../definitions/pendingDeletions';
import { packClosed, type PackOutcome } from '../pack/packClosed';
import { packRaw, type RawPackOutcome } from '../raw/packRaw';
import { condenseFetches, expireFetches } from '../ledger/provenance';
import { reportShortened } from '../definitions/definitionStore';
import { purgeDeleted, type PurgeOutcome } from './purge';
import { expire, type ExpireOutcome } from './expire';
import { type RecomputeScope, rollUp, type RollupOutcome } from './rollups';
import { type ArchiveWishes, readRollupRetention, storeArchiveWishes } from '../connect/archiveWishes';
import { noteFailures } from './upkeepFailures';
import { UpkeepRun } from './upkeepRun';
import { type StatementLimits } from '../connect/statementLimits';

export interface UpkeepOptions {
  connection: ArchiveConnection;
  logger: Logger;
  clock: Clock;
  /** As in `ArchiveOptions`. */
  schema?: string;
  /** What a configuration says about the archive as a whole; written to the archive, which all programs go by. */
  wishes?: ArchiveWishes;
  /** For tests with a slowed database. */
  limits?: StatementLimits;
}

/** Periods are packed this long after their end: late answers and refilled gaps mostly come before. */
export const CLOSED_AFTER_MS = 6 * 3_600_000;

export interface PackOptions {
  /** How long ago a period must have ended, default `CLOSED_AFTER_MS`. */
  closedAfterMs?: number;
  /** Samples a transaction, see `packClosed`. */
  batchSamples?: number;
}

/** What was done, and for how many queries it failed; which, and why, is kept in the archive. */
export type Served<T> = T & DueOutcome & { failedQueries: number };

/** The upkeep of an archive in PostgreSQL, with what commands and tests ask of it. */
export interface ArchiveUpkeep extends Upkeep {
  packClosed(
    signal: AbortSignal,
    options?: PackOptions
  ): Promise<Served<PackOutcome & { raw: RawPackOutcome; condensedFetches: number }>>;
  /** @param recompute where stored rollups are computed again that may still change */
  rollUp(signal: AbortSignal, recompute?: RecomputeScope): Promise<Served<RollupOutcome>>;
  expire(signal: AbortSignal): Promise<Served<ExpireOutcome & { expiredFetches: number }>>;
  removeDeleted(signal: AbortSignal): Promise<Served<PurgeOutcome>>;
  close(): Promise<void>;
}

/** Nothing is connected before the first call. */
export function createUpkeep(options: UpkeepOptions): ArchiveUpkeep {
  const { connection, logger, clock } = options;
  const database = new Database(connection, logger, options.limits);
  let wishes = options.wishes;
  const serve = async <T extends object>(
    task: string,
    signal: AbortSignal,
    work: (run: UpkeepRun) => Promise<T>
  ): Promise<Served<T>> => {
    try {
      await migrateSchema(database, options.schema ?? connection.schema);
      const run = new UpkeepRun(database, clock.nowMs(), signal);
      if (wishes) {
        const waiting = await storeArchiveWishes(run, wishes);
        waiting.forEach((one) => reportShortened(logger, one));
        // Once: should another program be started with other wishes, the later start decides, for both.
        wishes = undefined;
      }
      // Before every task: what is packed and rolled up goes by the classes in force, as what expires does.
      const due = await applyDue(run);
      const done = await work(run);
      const { failures } = run;
      await run.batch((tx) => noteFailures(tx, task, failures));
      failures.byQuery.forEach(({ code, message }, queryId) =>
        logger.error('A task of the upkeep failed for one query; the others were served.', {
          task,
          queryId,
          code,
          error: message,
        })
      );
      failures.throwFirst();
      return { ...done, ...due, failedQueries: failures.byQuery.size };
    } catch (error) {
      throw toArchiveError(error, connection, signal);
    }
  };
  return {
    packClosed: (signal, { closedAfterMs = CLOSED_AFTER_MS, batchSamples } = {}) =>
      serve('pack', signal, async (run) => {
        await run.failures.guard(undefined, () => makeWeeksAhead(run));
        const packed = await packClosed(run, run.nowMs - closedAfterMs, batchSamples);
        const raw = await packRaw(run, run.nowMs - closedAfterMs);
        return { ...packed, raw, condensedFetches: await condenseFetches(run) };
      }),
    rollUp: (signal, recompute) =>
      serve('rollup', signal, async (run) => {
        const retention = await readRollupRetention(run);
        return rollUp(run, { closedBeforeMs: run.nowMs - CLOSED_AFTER_MS, retention, recompute });
      }),
    expire: (signal) =>
      serve('expire', signal, async (run) => ({
        ...(await expire(run, await readRollupRetention(run))),
        expiredFetches: await expireFetches(run),
      })),
    removeDeleted: (signal) => serve('remove deleted', signal, (run) => purgeDeleted(run)),
    close: () => database.close(),
  };
}

/**
 * Makes this week's and next week's partition. Whoever has made one holds a lock until the end of its transaction, and a role that
 * may insert rows of its own need not end it: the archiver is not to need a partition at that moment.
 */
async function makeWeeksAhead(run: UpkeepRun): Promise<void> {
  const { database, nowMs, signal } = run;
  const weeks = new Set<number>();
  addWeeksOf(weeks, Float64Array.of(nowMs, nowMs + 7 * 86_400_000));
  const partitions = new Partitions(database);
  await partitions.ensure(weeks, signal);
  if ((await run.rows('SELECT 1 FROM promkeep_queries q WHERE q.raw LIMIT 1')).length > 0) {
    await partitions.ensureChunks(weeks, signal);
  }
}
