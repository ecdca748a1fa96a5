import * as v from 'valibot';
import { type ArchiveHistory, type ArchiveOverview, SERIES_ORDERS } from '../../src/contract/archivePage';
import { ArchiveOverviewReader } from '../core/history/archiveOverview';
import {
  type HistoryDeps,
  type HistoryRequest,
  type LiveHistoryDeps,
  readHistory,
  readHistoryOfSource,
} from '../core/history/readHistory';
import { PromkeepError } from '../core/model/errors';
import { type ApiRoute } from '../core/ports/apiRoute';
import { presentArchive } from './archiveRoutes';
import { invalid, time, wholeNumber } from './parameters';
import { route } from './route';

/** What is drawn. */
export interface HistoryReader {
  readHistory(request: HistoryRequest, signal: AbortSignal): Promise<ArchiveHistory>;
}

/** The archive as the page shows it. */
export interface ArchiveViewer extends HistoryReader {
  readOverview(): Promise<ArchiveOverview>;
}

export function createArchiveViewer(deps: HistoryDeps): ArchiveViewer {
  const overview = new ArchiveOverviewReader(deps);
  return {
    readOverview: () => overview.read(),
    readHistory: (request, signal) => readHistory(deps, overview, request, signal),
  };
}

/** The charts of a page without an archive. */
export function createSourceViewer(deps: LiveHistoryDeps): HistoryReader {
  return { readHistory: (request, signal) => readHistoryOfSource(deps, request, signal) };
}

const PARAMETERS = {
  name: v.optional(v.string(), ''),
  expr: v.optional(v.string(), ''),
  start: time,
  end: time,
  points: v.optional(wholeNumber(1, 4_000), '600'),
  filter: v.optional(v.string(), ''),
  order: v.optional(v.picklist(SERIES_ORDERS, `must be one of ${SERIES_ORDERS.join(', ')}`), 'largest'),
  rows: v.optional(v.picklist(['yes', 'no'], 'must be yes or no'), 'no'),
};
/** Ten years: a limit against mistakes, since the answer is thinned whatever the range. */
const LONGEST_RANGE_MS = 3_660 * 86_400_000;

/**
 * For the page, so only the stand-alone server has them; for both faces see `archiveRoutes.ts`.
 *
 * `GET /api/archive/overview`: who records, how much is kept, lag, coverage and gaps of each recorded query.
 * `GET /api/archive/history?name=&start=&end=[&points=][&filter=][&order=][&rows=yes]`: one recorded query's history, thinned, with
 * Prometheus' own values where the archive has none; without an archive that of a summary metric. `filter` and `order` say which of
 * many series are drawn, `rows` lists all of them. `expr` instead of `name`: that of any PromQL, from Prometheus alone.
 */
export function createHistoryRoutes(viewer: ArchiveViewer | undefined, reader?: HistoryReader): ApiRoute[] {
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
      async answer({ name, expr, start, end, points, filter, order, rows }, { caller, signal }) {
        if ((name === '') === (expr === '')) {
          throw invalid('Give either "name" or "expr".');
        }
        const range = { fromMs: start, toMs: end };
        if (range.toMs < range.fromMs || range.toMs - range.fromMs > LONGEST_RANGE_MS) {
          throw new PromkeepError('QUERY_INVALID', '"end" must not lie before "start", nor ten years after it.');
        }
        const request = {
          name,
          range,
          points,
          pick: { filter, order },
          withRows: rows === 'yes',
          memory: caller.memory,
        };
        return expr === ''
          ? presentArchive(viewer ?? reader).readHistory(request, signal)
          : presentArchive(reader).readHistory({ ...request, name: expr, expression: expr }, signal);
      },
    }),
  ];
}
