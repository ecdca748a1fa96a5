import { PromkeepError } from '../core/model/errors';
import { type Archive, type PoolUse } from '../core/ports/archive';
import { type Gap } from '../core/ports/ledger';
import { type LeaseState } from '../core/ports/lease';
import { type QueryIdentity } from '../core/ports/sampleStore';
import { type History } from '../core/ports/history';
import { type Definitions } from '../core/ports/definitions';
import { readBuckets, readRollups } from './read/readBuckets';
import { type TransactionOptions } from './connect/database';
import { type Session, SourceDatabase, type SourceOptions } from './connect/session';
import { readGrid } from './read/readGrid';
import { readSeriesLabels } from './read/readSeriesLabels';
import { addGap, readCoverage } from './ledger/ledgerRows';
import { requireEpoch, holdLease, readLease, releaseLease } from './ledger/leaseRows';
import { readLedger } from './ledger/readLedger';
import { Partitions } from './schema/partitions';
import { readKeptToday } from './definitions/keptQuota';
import { provision } from './definitions/provision';
import { findQueryId, lockQuery } from './definitions/queryRows';
import { readSeries } from './read/readSeries';
import { createDefinitions, purgeNames, reportShortened } from './definitions/definitionStore';
import { IdentityMemory } from './write/seriesIdentity';
import { readStatus } from './read/readStatus';
import { writeRange, type WriterMemory } from './write/writeRange';

export type ArchiveOptions = SourceOptions;

/** The state before the first leader. */
const NOBODY: LeaseState = { holder: '', epoch: 0, expiresInMs: 0 };

export interface PooledArchive extends Archive {
  poolUse(): PoolUse;
}

/** The archive of one source in PostgreSQL. Nothing is connected before the first call, and a failed one may be repeated. */
export function createArchive(options: ArchiveOptions): PooledArchive {
  return new PostgresArchive(options);
}

class PostgresArchive implements PooledArchive {
  private readonly database: SourceDatabase;
  private readonly memory: WriterMemory;
  readonly definitions: Definitions;

  constructor(private readonly options: ArchiveOptions) {
    const database = new SourceDatabase(options);
    this.database = database;
    this.memory = { partitions: new Partitions(database), identities: new IdentityMemory() };
    this.definitions = createDefinitions({ ...options, database });
  }

  poolUse(): PoolUse {
    return this.database.poolUse();
  }

  async migrate(): ReturnType<Archive['migrate']> {
    const { from, to } = await this.database.migrate();
    return { from, to };
  }

  async provision(...[queries, epoch]: Parameters<Archive['provision']>): ReturnType<Archive['provision']> {
    await purgeNames(
      this.database,
      queries.map(({ name }) => name)
    );
    const waiting = await this.database.transaction((session) => provision(session, queries, epoch));
    waiting.forEach((one) => reportShortened(this.options.logger, one));
  }

  writeRange(...[write, signal]: Parameters<Archive['writeRange']>): ReturnType<Archive['writeRange']> {
    return writeRange(this.database, this.memory, write, signal);
  }

  readSeries(...[read, signal]: Parameters<Archive['readSeries']>): ReturnType<Archive['readSeries']> {
    return this.read((session) => readSeries(session, read), { signal });
  }

  coverage(name: string): ReturnType<Archive['coverage']> {
    return this.read(async (session) => {
      const queryId = await findQueryId(session, recorded(name));
      return queryId === undefined ? [] : readCoverage(session, queryId);
    });
  }

  noteGap(name: string, gap: Gap, epoch?: number): ReturnType<Archive['noteGap']> {
    return this.database.transaction(async (session) => {
      await requireEpoch(session, epoch);
      const query = await lockQuery(session, recorded(name));
      if (query === undefined || query.deleted) {
        throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
      }
      await addGap(session, query, gap);
    });
  }

  holdLease(...[request]: Parameters<Archive['holdLease']>): ReturnType<Archive['holdLease']> {
    return this.database.transaction((session) => holdLease(session, request));
  }

  releaseLease(...[lease]: Parameters<Archive['releaseLease']>): ReturnType<Archive['releaseLease']> {
    return this.database.transaction((session) => releaseLease(session, lease));
  }

  currentLease(): ReturnType<Archive['currentLease']> {
    return this.read(async (session) => (await readLease(session)) ?? NOBODY);
  }

  ledger(): ReturnType<Archive['ledger']> {
    return this.read(readLedger);
  }

  readonly history: History = {
    readGrid: (read, signal) => readGrid(this.database, read, signal),
    rollups: (query, range, signal) =>
      this.read((session) => readRollups(session, query, range), { signal, snapshot: true }),
    readBuckets: (read, signal) => readBuckets(this.database, read, signal),
    seriesLabels: (read, signal) => this.read((session) => readSeriesLabels(session, read, signal), { signal }),
  };

  keptToday(): ReturnType<Archive['keptToday']> {
    return this.read(readKeptToday);
  }

  async status(): ReturnType<Archive['status']> {
    const { to } = await this.database.migrateOnce();
    return this.read((session) => readStatus(session, to));
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private read<T>(work: (session: Session) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.database.transaction(work, { ...options, readOnly: true });
  }
}

function recorded(name: string): QueryIdentity {
  return { kind: 'recorded', name };
}
