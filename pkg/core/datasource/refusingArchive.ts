import { type ManageDeps } from '../manage/manageDefinitions';
import { type PromkeepError } from '../model/errors';
import { type Uses } from '../ports/archive';
import { type DatasourceArchive } from './datasourceInstance';

/** An archive as a datasource and its routes use it, which need not know whether it can be used. */
export type VisibleArchive = DatasourceArchive & ManageDeps['archive'] & Uses<{ history: 'seriesLabels' }>;

/** One that rejects everything with one error: settings that cannot work. */
export function refusingArchive(error: PromkeepError): VisibleArchive {
  const refuse = (): Promise<never> => Promise.reject(error);
  return {
    samples: { writeRange: refuse, keptToday: refuse },
    ledger: { coverage: refuse, entries: refuse },
    lease: { current: refuse },
    definitions: {
      ...{ list: refuse, create: refuse, change: refuse, remove: refuse, use: refuse },
      ...{ pending: refuse, takeBack: refuse, carryOut: refuse },
    },
    history: { readGrid: refuse, rollups: refuse, readBuckets: refuse, seriesLabels: refuse },
    status: refuse,
    close: async () => undefined,
  };
}
