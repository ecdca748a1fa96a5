import { type Logger } from '../../core/ports/logger';
import { type PendingDeletion } from '../../core/ports/upkeep';
import { type Definitions } from '../../core/ports/definitions';
import { retentionMs } from '../../core/model/retention';
import { toArchiveError } from '../archiveErrors';
import { type ArchiveConnection } from '../connect/connection';
import { type Session, type SourceDatabase } from '../connect/session';
import { provision } from './provision';
import { type Actor, actAs, carryOut, readPending, takeBack } from './pendingDeletions';
import { purgeDeleted } from '../upkeep/purge';
import { UpkeepRun } from '../upkeep/upkeepRun';
import { changeQuery, createQuery, listQueries, markDeleted } from './definitionRows';
import { readUse, withinQuota } from './recordingUse';

export interface StoreParts {
  database: SourceDatabase;
  connection: ArchiveConnection;
  logger: Logger;
}

const DAY_MS = 86_400_000;

/** The definitions of a source's recorded queries, in PostgreSQL. */
export function createDefinitions(parts: StoreParts): Definitions {
  const { database } = parts;
  const read = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    database.transaction(work, { readOnly: true });
  return {
    provision: async (queries, epoch) => {
      await purgeNames(
        database,
        queries.map(({ name }) => name)
      );
      const waiting = await database.transaction((session) => provision(session, queries, epoch));
      waiting.forEach((one) => reportShortened(parts.logger, one));
    },
    list: () => read((session) => listQueries(session)),
    create: async (query, by, quota) => {
      await purgeNames(database, [query.name]);
      return database.transaction((session) =>
        withinQuota(session, query.name, quota, () => createQuery(session, query, by))
      );
    },
    change: (edit, change, quota) =>
      database.transaction((session) =>
        withinQuota(session, edit.name, quota, () => changeQuery(session, edit, change))
      ),
    use: () => read(readUse),
    remove: (edit, withData) => database.transaction((session) => markDeleted(session, edit, withData)),
    pending: () => read((session) => readPending(session)),
    takeBack: (name, by, quota) =>
      database.transaction((session) =>
        withinQuota(session, name, quota, async () => {
          await actAs(session, actorOf(by));
          await takeBack(session, { name, by });
        })
      ),
    carryOut: async (name, by, signal) => {
      await database.transaction(async (session) => {
        await actAs(session, actorOf(by));
        await carryOut(session, name);
      });
      return purgeInTime(parts, name, signal);
    },
  };
}

/** The data of a deleted query whose date has come must be gone before its name is used again. */
async function purgeNames(database: SourceDatabase, names: readonly string[], signal?: AbortSignal): Promise<void> {
  const run = new UpkeepRun(database, database.clock.nowMs(), signal);
  if (names.length > 0) {
    await purgeDeleted(run, { source: database.source, names });
    run.failures.throwAny();
  }
}

/** What a config file will delete by a shorter retention, in the log: nobody else would notice before it is gone. */
export function reportShortened(
  logger: Logger,
  { what, query, present, wanted, askedAtMs, atMs, samples, oldestMs }: PendingDeletion
): void {
  logger.warn('The configuration shortens what is kept; until the date, what was in force before holds.', {
    what,
    query,
    from: present,
    to: wanted,
    date: new Date(atMs).toISOString(),
    deletesSamples: samples,
    ...(oldestMs === undefined
      ? {}
      : { oldest: new Date(oldestMs).toISOString(), deletesDays: daysGone(oldestMs, wanted, askedAtMs) }),
  });
}

async function purgeInTime(
  { database, connection, logger }: StoreParts,
  name: string,
  signal: AbortSignal
): Promise<boolean> {
  try {
    await purgeNames(database, [name], signal);
    return true;
  } catch (error) {
    // It is to go from now on, which is what was asked for; the upkeep removes the rest.
    logger.warn('The data of a deleted recorded query is not removed yet.', {
      error: toArchiveError(error, connection, signal).message,
    });
    return false;
  }
}

/** Days between the oldest sample and where the shorter retention began when it was asked for. */
function daysGone(oldestMs: number, wanted: string, askedAtMs: number): number {
  return Math.max(0, Math.ceil((askedAtMs - (retentionMs(wanted) ?? Infinity) - oldestMs) / DAY_MS));
}

function actorOf(by: string | undefined): Actor {
  return by === undefined ? 'command' : `grafana:${by}`;
}
