import { type PromkeepError } from '../model/errors';
import { type Archive } from '../ports/archive';

/** An archive as those use it who need not know whether it can be used. */
export type VisibleArchive = Omit<Archive, 'migrate' | 'poolUse'>;

/** One that rejects everything with one error: settings that cannot work, or users who must not see it. */
export function refusingArchive(error: PromkeepError): VisibleArchive {
  const refuse = (): Promise<never> => Promise.reject(error);
  return {
    samples: { writeRange: refuse, readSeries: refuse, keptToday: refuse },
    ledger: { coverage: refuse, entries: refuse, noteGap: refuse, cover: refuse },
    lease: { hold: refuse, release: refuse, current: refuse },
    definitions: {
      ...{ provision: refuse, list: refuse, create: refuse, change: refuse, remove: refuse, use: refuse },
      ...{ pending: refuse, takeBack: refuse, carryOut: refuse },
    },
    history: { readGrid: refuse, rollups: refuse, readBuckets: refuse, seriesLabels: refuse },
    status: refuse,
    close: async () => undefined,
  };
}
