import * as v from 'valibot';
import { type ArchiveHistory, type ArchiveOverview } from '../../src/contract/archivePage';
import { ArchiveOverviewReader } from '../core/history/archiveOverview';
import { type HistoryDeps, type HistoryRequest, readHistory } from '../core/history/readHistory';
import { PromkeepError } from '../core/model/errors';
import { type ApiRoute } from '../core/ports/apiRoute';
import { presentArchive } from './archiveRoutes';
import { text, time, wholeNumber } from './parameters';
import { route } from './route';

/** The archive as the page shows it. */
export interface ArchiveViewer {
  readOverview(): Promise<ArchiveOverview>;
  readHistory(request: HistoryRequest, signal: AbortSignal): Promise<ArchiveHistory>;
}

export function createArchiveViewer(deps: HistoryDeps): ArchiveViewer {
  const overview = new ArchiveOverviewReader(deps);
  return {
    readOverview: () => overview.read(),
    readHistory: (request, signal) => readHistory(deps, overview, request, signal),
  };
}

const PARAMETERS = { name: text, start: time, end: time, points: v.optional(wholeNumber(1, 4_000), '600') };
/** Ten years: a limit against mistakes, since the answer is thinned whatever the range. */
const LONGEST_RANGE_MS = 3_660 * 86_400_000;

/**
 * For the page, so only the stand-alone server has them; for both faces see `archiveRoutes.ts`.
 *
 * `GET /api/archive/overview`: who records, how much is kept, lag, coverage and gaps of each recorded query.
 * `GET /api/archive/history?name=&start=&end=[&points=]`: one recorded query's history, thinned. 409 without an archive.
 */
export function createHistoryRoutes(viewer: ArchiveViewer | undefined): ApiRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/archive/overview',
      takes: {},
      answer: async () => presentArchive(viewer).readOverview(),
    }),
    route({
      method: 'GET',
      path: '/api/archive/history',
      takes: PARAMETERS,
      async answer({ name, start, end, points }, { caller, signal }) {
        const range = { fromMs: start, toMs: end };
        if (range.toMs < range.fromMs || range.toMs - range.fromMs > LONGEST_RANGE_MS) {
          throw new PromkeepError('QUERY_INVALID', '"end" must not lie before "start", nor ten years after it.');
        }
        return presentArchive(viewer).readHistory({ name, range, points, memory: caller.memory }, signal);
      },
    }),
  ];
}
