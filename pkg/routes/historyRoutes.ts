import * as v from 'valibot';
import { type ArchiveHistory, type ArchiveOverview } from '../../src/contract/archivePage';
import { type ApiRoute } from '../core/ports/apiRoute';
import { PromkeepError } from '../core/model/errors';
import { type HistoryRequest } from '../core/history/readHistory';
import { noArchive } from './archiveRoute';
import { readParameters, text, time, wholeNumber } from './parameters';

/** The archive as the page shows it; core reads it. */
export interface ArchiveViewer {
  readOverview(): Promise<ArchiveOverview>;
  readHistory(request: HistoryRequest, signal: AbortSignal): Promise<ArchiveHistory>;
}

const PARAMETERS = { name: text, start: time, end: time, points: v.optional(wholeNumber(1, 4_000), '600') };
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
        readParameters(request.query, {});
        return { status: 200, body: await present(viewer).readOverview() };
      },
    },
    {
      method: 'GET',
      path: '/api/archive/history',
      async handle(request) {
        const { name, start, end, points } = readParameters(request.query, PARAMETERS);
        const range = { fromMs: start, toMs: end };
        if (range.toMs < range.fromMs || range.toMs - range.fromMs > LONGEST_RANGE_MS) {
          throw new PromkeepError('QUERY_INVALID', '"end" must not lie before "start", nor ten years after it.');
        }
        const wanted = { name, range, points, memory: request.caller.memory };
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
