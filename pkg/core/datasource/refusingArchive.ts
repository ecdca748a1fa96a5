import { type PromkeepError } from '../model/errors';
import { type Archive } from '../ports/archive';

/** An archive that rejects everything with one error: settings that cannot work, or users who must not see it. */
export function refusingArchive(error: PromkeepError): Archive {
  const refuse = (): Promise<never> => Promise.reject(error);
  return {
    definitions: {
      ...{ list: refuse, create: refuse, change: refuse, remove: refuse, use: refuse },
      ...{ pending: refuse, takeBack: refuse, carryOut: refuse },
    },
    history: { readGrid: refuse, rollups: refuse, readBuckets: refuse, seriesLabels: refuse },
    migrate: refuse,
    provision: refuse,
    writeRange: refuse,
    readSeries: refuse,
    coverage: refuse,
    noteGap: refuse,
    holdLease: refuse,
    releaseLease: refuse,
    currentLease: refuse,
    ledger: refuse,
    keptToday: refuse,
    status: refuse,
    close: async () => undefined,
  };
}
