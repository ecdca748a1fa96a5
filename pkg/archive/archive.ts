import { type Archive, type SourceIdentity } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type LeaseState } from '../core/ports/lease';
import { type Logger } from '../core/ports/logger';
import { ArchiveAccess } from './archiveAccess';
import { type ArchiveConnection } from './connect/connection';
import { Database, type Transaction } from './connect/database';
import { createDefinitions } from './definitions/definitionStore';
import { readKeptToday } from './definitions/keptQuota';
import { cover, noteGap, readCoverageOf } from './ledger/coverage';
import { holdLease, readLease, releaseLease } from './ledger/leaseRows';
import { readLedger } from './ledger/readLedger';
import { readBuckets, readRollups } from './read/readBuckets';
import { readGrid } from './read/readGrid';
import { readSeries } from './read/readSeries';
import { readSeriesLabels } from './read/readSeriesLabels';
import { readStatus } from './read/readStatus';
import { Partitions } from './schema/partitions';
import { IdentityMemory } from './write/seriesIdentity';
import { writeRange, type WriterMemory } from './write/writeRange';

export interface ArchiveOptions {
  connection: ArchiveConnection;
  source: SourceIdentity;
  logger: Logger;
  clock: Clock;
  /** Schema of the tables; absent: that of the connection, else `promkeep`, see `migrateSchema`. */
  schema?: string;
}

/** The state before the first leader. */
const NOBODY: LeaseState = { holder: '', epoch: 0, expiresInMs: 0 };

/** The archive of one source in PostgreSQL. Nothing is connected before the first call, and a failed one may be repeated. */
export function createArchive(options: ArchiveOptions): Archive {
  const { source, clock } = options;
  const database = new Database(options.connection, options.logger);
  const memory: WriterMemory = { partitions: new Partitions(database), identities: new IdentityMemory() };
  const access = new ArchiveAccess({ ...options, database, onVanished: () => memory.partitions.forget() });
  const use = <T>(work: (schema: string) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    access.use(({ quoted }) => work(quoted), signal);
  const read = <T>(work: (tx: Transaction, schema: string) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    use((schema) => database.transaction((tx) => work(tx, schema), { signal, readOnly: true }), signal);
  const change = <T>(work: (tx: Transaction, schema: string) => Promise<T>): Promise<T> =>
    use((schema) => database.transaction((tx) => work(tx, schema)));
  return {
    samples: {
      writeRange: (write, signal) =>
        use((schema) => writeRange(database, memory, schema, source, write, signal), signal),
      readSeries: (wanted, signal) => use((schema) => readSeries(database, schema, source, wanted, signal), signal),
      keptToday: () => read((tx, schema) => readKeptToday(tx, schema, source, clock.nowMs())),
    },
    ledger: {
      coverage: (name) => read((tx, schema) => readCoverageOf(tx, schema, source, name)),
      entries: () => read((tx, schema) => readLedger(tx, schema, source)),
      noteGap: (name, gap, epoch) => change((tx, schema) => noteGap(tx, schema, source, { name, gap, epoch })),
      cover: (coverage) => change((tx, schema) => cover(tx, schema, source, coverage)),
    },
    lease: {
      hold: (request) => change((tx, schema) => holdLease(tx, schema, source, request)),
      release: (lease) => change((tx, schema) => releaseLease(tx, schema, source, lease)),
      current: () => read(async (tx, schema) => (await readLease(tx, schema, source)) ?? NOBODY),
    },
    definitions: createDefinitions({ ...options, database, use }),
    history: {
      readGrid: (wanted, signal) => use((schema) => readGrid(database, schema, source, wanted, signal), signal),
      rollups: (query, range, signal) =>
        use((schema) => readRollups(database, schema, source, query, range, signal), signal),
      readBuckets: (wanted, signal) => use((schema) => readBuckets(database, schema, source, wanted, signal), signal),
      seriesLabels: (wanted, signal) =>
        read((tx, schema) => readSeriesLabels(tx, schema, source, wanted, signal), signal),
    },
    async migrate() {
      const { from, to } = await access.migrate();
      return { from, to };
    },
    status: () => access.use(({ quoted, to }) => readStatus(database, quoted, source, to)),
    poolUse: () => database.poolUse(),
    close: () => database.close(),
  };
}
