import { type Clock, type Logger } from '../core/ports';
import { toArchiveError } from './archiveErrors';
import { type ArchiveConnection } from './connection';
import { Database } from './database';
import { migrateSchema } from './migrator';
import { addWeeksOf, Partitions } from './partitions';
import { packClosed, type PackOutcome } from './packer';
import { condenseFetches, expireFetches } from './provenance';
import { purgeDeleted, type PurgeOutcome } from './queryPurge';
import { expire, type ExpireOutcome } from './retention';
import { type RecomputeScope, rollUp, type RollupOutcome } from './rollups';
import { readRollupRetention, type RollupWishes, storeRollupWishes } from './rollupSettings';
import { type StatementLimits } from './statementLimits';

export interface ArchiveJobsOptions {
  connection: ArchiveConnection;
  logger: Logger;
  clock: Clock;
  /** As in `ArchiveOptions`. */
  schema?: string;
  /** What a configuration says about how long rollups are kept; written to the archive, which all programs go by. */
  rollups?: RollupWishes;
  /** For tests with a slowed database. */
  limits?: StatementLimits;
}

/** Periods are packed this long after their end: late answers and refilled gaps mostly come before. */
export const CLOSED_AFTER_MS = 6 * 3_600_000;

export interface PackOptions {
  /** How long ago a period must have ended, default `CLOSED_AFTER_MS`. */
  closedAfterMs?: number;
  /** Samples a transaction, see `PackRequest`. */
  batchSamples?: number;
}

/**
 * What keeps an archive small, for all sources in it. Every job works in short transactions, may be killed or run twice at any
 * moment, and rejects with `PromkeepError` only.
 */
export interface ArchiveJobs {
  /** Packs the samples of closed periods, then condenses the provenance of what is packed; once an hour is enough. */
  packClosed(signal: AbortSignal, options?: PackOptions): Promise<PackOutcome & { condensedFetches: number }>;
  /** Stores rollups of closed days and of what changed since; with a scope, computes there again what may still change. */
  rollUp(signal: AbortSignal, recompute?: RecomputeScope): Promise<RollupOutcome>;
  /** Removes what is older than the retention class of its query, then its provenance; once an hour is enough. */
  expire(signal: AbortSignal): Promise<ExpireOutcome & { expiredFetches: number }>;
  /** Removes what is left of recorded queries that were deleted with their data; once an hour is enough. */
  removeDeleted(signal: AbortSignal): Promise<PurgeOutcome>;
  close(): Promise<void>;
}

/**
 * Makes this week's and next week's partition. Whoever has made one holds a lock until the end of its transaction, and a role that
 * may insert rows of its own need not end it: the archiver is not to need a partition at that moment.
 */
async function makeWeeksAhead(database: Database, schema: string, nowMs: number, signal: AbortSignal): Promise<void> {
  const weeks = new Set<number>();
  addWeeksOf(weeks, Float64Array.of(nowMs, nowMs + 7 * 86_400_000));
  await new Partitions(database).ensure(schema, weeks, signal);
}

/** Nothing is connected before the first call. */
export function createArchiveJobs(options: ArchiveJobsOptions): ArchiveJobs {
  const { connection, logger, clock } = options;
  const database = new Database(connection, logger, options.limits);
  let wishes = options.rollups;
  const run = async <T>(signal: AbortSignal, work: (schema: string) => Promise<T>): Promise<T> => {
    try {
      const { quoted } = await migrateSchema(database, options.schema ?? connection.schema);
      if (wishes) {
        await storeRollupWishes(database, quoted, wishes, signal);
        // Once: should another program be started with other wishes, the later start decides, for both.
        wishes = undefined;
      }
      return await work(quoted);
    } catch (error) {
      throw toArchiveError(error, connection, signal);
    }
  };
  return {
    packClosed: (signal, { closedAfterMs = CLOSED_AFTER_MS, batchSamples } = {}) =>
      run(signal, async (schema) => {
        await makeWeeksAhead(database, schema, clock.nowMs(), signal);
        const request = { closedBeforeMs: clock.nowMs() - closedAfterMs, batchSamples };
        const packed = await packClosed(database, schema, request, signal);
        return { ...packed, condensedFetches: await condenseFetches(database, schema, signal) };
      }),
    rollUp: (signal, recompute) =>
      run(signal, async (schema) => {
        const retention = await readRollupRetention(database, schema, signal);
        const closedBeforeMs = clock.nowMs() - CLOSED_AFTER_MS;
        return rollUp(database, schema, { closedBeforeMs, retention, recompute }, signal);
      }),
    expire: (signal) =>
      run(signal, async (schema) => {
        const retention = await readRollupRetention(database, schema, signal);
        const expired = await expire(database, schema, clock.nowMs(), retention, signal);
        return { ...expired, expiredFetches: await expireFetches(database, schema, clock.nowMs(), signal) };
      }),
    removeDeleted: (signal) => run(signal, (schema) => purgeDeleted(database, schema, undefined, signal)),
    close: () => database.close(),
  };
}
