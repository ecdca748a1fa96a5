import { type Logger } from '../../core/ports/logger';
import { type PendingDeletion } from '../../core/ports/upkeep';
import { type Definitions } from '../../core/ports/definitions';
import { type SourceIdentity } from '../../core/ports/archive';
import { retentionMs } from '../../core/model/retention';
import { toArchiveError } from '../archiveErrors';
import { type ArchiveConnection } from '../connect/connection';
import { type Database, type Transaction } from '../connect/database';
import { provision } from './provision';
import { type Actor, actAs, carryOut, readPending, takeBack } from './pendingDeletions';
import { purgeDeleted } from '../upkeep/purge';
import { changeQuery, createQuery, listQueries, markDeleted } from './definitionRows';
import { readUse, withinQuota } from './recordingUse';

export interface StoreParts {
  database: Database;
  source: SourceIdentity;
  connection: ArchiveConnection;
  logger: Logger;
  /** Runs work on the schema, once it is ready. */
  use<T>(work: (schema: string) => Promise<T>): Promise<T>;
}

const DAY_MS = 86_400_000;

/** The definitions of a source's recorded queries, in PostgreSQL. */
export function createDefinitions(parts: StoreParts): Definitions {
  const { database, source, use } = parts;
  const read = <T>(work: (tx: Transaction, schema: string) => Promise<T>): Promise<T> =>
    use((schema) => database.transaction((tx) => work(tx, schema), { readOnly: true }));
  const write = <T>(work: (tx: Transaction, schema: string) => Promise<T>): Promise<T> =>
    use((schema) => database.transaction((tx) => work(tx, schema)));
  return {
    provision: (queries, epoch) =>
      use(async (schema) => {
        await purgeNames(
          parts,
          schema,
          queries.map(({ name }) => name),
          new AbortController().signal
        );
        const waiting = await provision(database, schema, source, queries, epoch);
        waiting.forEach((one) => reportShortened(parts.logger, one));
      }),
    list: () => read((tx, schema) => listQueries(tx, schema, source)),
    create: async (query, by, quota) => {
      await use((schema) => purgeNames(parts, schema, [query.name], new AbortController().signal));
      return write((tx, schema) =>
        withinQuota(tx, schema, { source, name: query.name, quota }, () => createQuery(tx, schema, source, query, by))
      );
    },
    change: (edit, change, quota) =>
      write((tx, schema) =>
        withinQuota(tx, schema, { source, name: edit.name, quota }, () => changeQuery(tx, schema, source, edit, change))
      ),
    use: () => read((tx, schema) => readUse(tx, schema, source)),
    remove: (edit, withData) => write((tx, schema) => markDeleted(tx, schema, source, edit, withData)),
    pending: () => read((tx, schema) => readPending(tx, schema, source)),
    takeBack: (name, by, quota) =>
      write((tx, schema) =>
        withinQuota(tx, schema, { source, name, quota }, async () => {
          await actAs(tx, actorOf(by));
          await takeBack(tx, schema, source, { name, by });
        })
      ),
    carryOut: async (name, by, signal) => {
      await write(async (tx, schema) => {
        await actAs(tx, actorOf(by));
        await carryOut(tx, schema, source, name);
      });
      return use((schema) => purgeInTime(parts, schema, name, signal));
    },
  };
}

/** The data of a deleted query whose date has come must be gone before its name is used again. */
async function purgeNames(
  { database, source }: Pick<StoreParts, 'database' | 'source'>,
  schema: string,
  names: readonly string[],
  signal: AbortSignal
): Promise<void> {
  if (names.length > 0) {
    await purgeDeleted(database, schema, { scope: { source, names } }, signal);
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

async function purgeInTime(parts: StoreParts, schema: string, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await purgeNames(parts, schema, [name], signal);
    return true;
  } catch (error) {
    // It is to go from now on, which is what was asked for; the upkeep removes the rest.
    parts.logger.warn('The data of a deleted recorded query is not removed yet.', {
      error: toArchiveError(error, parts.connection, signal).message,
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
