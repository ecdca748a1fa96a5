import { type RawHistory, type RawStore } from '../../core/ports/rawSeries';
import { type TransactionOptions } from '../connect/database';
import { type Session, type SourceDatabase } from '../connect/session';
import { type Partitions } from '../schema/partitions';
import { readKept } from './coverageEnds';
import { readMetadata, writeMetadata } from './metadataRows';
import { readLabelNames, readLabelValues, readSeriesLabels } from './rawLabels';
import { selectRaw } from './selectRaw';
import { writeRaw } from './writeRaw';

/** The raw series of one source in PostgreSQL, as chunks (docs/adr/0032). */
export function createRawArchive(database: SourceDatabase, partitions: Partitions): RawStore & RawHistory {
  const read = <T>(work: (session: Session) => Promise<T>, asked?: TransactionOptions): Promise<T> =>
    database.transaction(work, { ...asked, readOnly: true });
  return {
    writeRaw: (write, signal) => writeRaw(database, partitions, write, signal),
    writeMetadata: (metadata) => database.transaction((session) => writeMetadata(session, metadata)),
    kept: () => read(readKept),
    select: (wanted, signal) => selectRaw(database, wanted, signal),
    seriesLabels: (wanted, signal) =>
      read((session) => readSeriesLabels(session, wanted, signal), { signal, snapshot: true }),
    labelNames: (wanted, signal) =>
      read((session) => readLabelNames(session, wanted, signal), { signal, snapshot: true }),
    labelValues: (wanted, signal) =>
      read((session) => readLabelValues(session, wanted, signal), { signal, snapshot: true }),
    metadata: (wanted) => read((session) => readMetadata(session, wanted)),
  };
}
