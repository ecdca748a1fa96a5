import { type Archive } from '../core/ports/archive';
import { type LeaseState } from '../core/ports/lease';
import { type TransactionOptions } from './connect/database';
import { type Session, SourceDatabase, type SourceOptions } from './connect/session';
import { createDefinitions } from './definitions/definitionStore';
import { readKeptToday } from './definitions/keptQuota';
import { cover, noteGap, readCoverageOf } from './ledger/coverage';
import { holdLease, readLease, releaseLease } from './ledger/leaseRows';
import { readLedger } from './ledger/readLedger';
import { createRawArchive } from './raw/rawArchive';
import { readBuckets, readRollups } from './read/readBuckets';
import { readGrid } from './read/readGrid';
import { readSeries } from './read/readSeries';
import { readSeriesLabels } from './read/readSeriesLabels';
import { readStatus } from './read/readStatus';
import { Partitions } from './schema/partitions';
import { IdentityMemory } from './write/seriesIdentity';
import { writeRange, type WriterMemory } from './write/writeRange';

/** The state before the first leader. */
const NOBODY: LeaseState = { holder: '', epoch: 0, expiresInMs: 0 };

/** The archive of one source in PostgreSQL. Nothing is connected before the first call, and a failed one may be repeated. */
export function createArchive(options: SourceOptions): Archive {
  const database = new SourceDatabase(options);
  const memory: WriterMemory = { partitions: new Partitions(database), identities: new IdentityMemory() };
  const read = <T>(work: (session: Session) => Promise<T>, asked?: TransactionOptions): Promise<T> =>
    database.transaction(work, { ...asked, readOnly: true });
  const change = <T>(work: (session: Session) => Promise<T>): Promise<T> => database.transaction(work);
  return {
    samples: {
      writeRange: (write, signal) => writeRange(database, memory, write, signal),
      readSeries: (wanted, signal) => read((session) => readSeries(session, wanted), { signal }),
      keptToday: () => read(readKeptToday),
    },
    ledger: {
      coverage: (name) => read((session) => readCoverageOf(session, name)),
      entries: () => read(readLedger, { snapshot: true }),
      noteGap: (name, gap, epoch) => change((session) => noteGap(session, name, gap, epoch)),
      cover: (coverage) => change((session) => cover(session, coverage)),
    },
    lease: {
      hold: (request) => change((session) => holdLease(session, request)),
      release: (lease) => change((session) => releaseLease(session, lease)),
      current: () => read(async (session) => (await readLease(session)) ?? NOBODY),
    },
    definitions: createDefinitions({ ...options, database }),
    history: {
      readGrid: (wanted, signal) => readGrid(database, wanted, signal),
      rollups: (query, range, signal) =>
        read((session) => readRollups(session, query, range), { signal, snapshot: true }),
      readBuckets: (wanted, signal) => readBuckets(database, wanted, signal),
      seriesLabels: (wanted, signal) => read((session) => readSeriesLabels(session, wanted, signal), { signal }),
    },
    raw: createRawArchive(database, memory.partitions),
    async migrate() {
      const { from, to } = await database.migrate();
      return { from, to };
    },
    async status() {
      const { to } = await database.migrateOnce();
      return read((session) => readStatus(session, to));
    },
    poolUse: () => database.poolUse(),
    close: () => database.close(),
  };
}
