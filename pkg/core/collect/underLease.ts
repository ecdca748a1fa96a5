import { PromkeepError } from '../model/errors';
import { type Archive } from '../ports/archive';

/** The archive for one who writes under an epoch: each write carries it, and a refused one is told. */
export function underLease(archive: Archive, epoch: number, onRefused: () => void = () => undefined): Archive {
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof PromkeepError && error.code === 'ARCHIVE_NOT_LEADER') {
        onRefused();
      }
      throw error;
    }
  };
  return {
    definitions: archive.definitions,
    history: archive.history,
    migrate: () => archive.migrate(),
    provision: (queries) => watched(archive.provision(queries, epoch)),
    writeRange: (write, signal) => watched(archive.writeRange({ ...write, epoch }, signal)),
    noteGap: (name, gap) => watched(archive.noteGap(name, gap, epoch)),
    readSeries: (read, signal) => archive.readSeries(read, signal),
    coverage: (name) => archive.coverage(name),
    keptToday: () => archive.keptToday(),
    status: () => archive.status(),
    ledger: () => archive.ledger(),
    holdLease: (request) => archive.holdLease(request),
    releaseLease: (lease) => archive.releaseLease(lease),
    currentLease: () => archive.currentLease(),
    close: () => archive.close(),
  };
}
