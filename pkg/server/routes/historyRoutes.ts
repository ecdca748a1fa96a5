import { type ArchiveHistory, type ArchiveOverview } from '../../../src/contract/archivePage';
import { type ApiRoute } from '../../core/api';
import { PromkeepError } from '../../core/errors';
import { type HistoryRequest } from '../../core/readHistory';
import { noArchive } from './archiveRoute';
import { Parameters } from './parameters';

/** The archive as the page shows it; core reads it. */
export interface ArchiveViewer {
  readOverview(): Promise<ArchiveOverview>;
  readHistory(request: HistoryRequest, signal: AbortSignal): Promise<ArchiveHistory>;
}

const DEFAULT_POINTS = 600;
const MOST_POINTS = 4_000;
/** Ten years: a limit against mistakes, since the answer is thinned whatever the range. */
const LONGEST_RANGE_MS = 3_660 * 86_400_000;

/**
 * `GET /api/archive/overview`: who records, how much is kept, lag, coverage and gaps of each recorded query.
 * `GET /api/archive/history?name=&start=&end=[&points=]`: one recorded query's history, thinned. 409 without an archive.
 */
export function createHistoryRoutes(viewer: ArchiveViewer | undefined): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/archive/overview',
      async handle(request) {
        new Parameters(request.query, []);
        return { status: 200, body: await present(viewer).readOverview() };
      },
    },
    {
      method: 'GET',
      path: '/api/archive/history',
      async handle(request) {
        const parameters = new Parameters(request.query, ['name', 'start', 'end', 'points']);
        const range = { fromMs: parameters.timeMs('start'), toMs: parameters.timeMs('end') };
        if (range.toMs < range.fromMs || range.toMs - range.fromMs > LONGEST_RANGE_MS) {
          throw new PromkeepError('QUERY_INVALID', '"end" must not lie before "start", nor ten years after it.');
        }
        const points = parameters.has('points') ? parameters.integer('points', [1, MOST_POINTS]) : DEFAULT_POINTS;
        const wanted = { name: parameters.text('name'), range, points, memory: request.caller.memory };
        return { status: 200, body: await present(viewer).readHistory(wanted, request.signal) };
      },
    },
  ];
}

function present(viewer: ArchiveViewer | undefined): ArchiveViewer {
  if (!viewer) {
    throw noArchive();
  }
  return viewer;
}
