import { countTimes } from '../../core/readback/seam';
import { filterTimes } from '../../core/readback/joinSeries';
import { checkMatchers } from '../../core/matching/matchLabels';
import { type GridRead, type GridSamples } from '../../core/ports/history';
import { type Series } from '../../core/model/series';
import { type TimeGrid, type TimeRange } from '../../core/model/timeRange';
import { type Session, type SourceDatabase } from '../connect/session';
import { readGapsWithin } from '../ledger/ledgerRows';
import { readCharged } from './chargedRead';
import { type Current, findCurrent, readMatching } from './currentVersion';

/** More gaps than a notice can name. */
const GAP_LIMIT = 100;
/** 16 bytes each here, and as much again as frames. */
export const MAX_SAMPLES = 20_000_000;

/** What samples and buckets are read differently by. */
export interface Reader {
  /** All times that the values at the grid's times are made of. */
  reach: TimeGrid;
  /** The covered times of the grid, and the others. */
  split(session: Session, queryId: number): Promise<{ inside: TimeRange[]; outside: TimeRange[] }>;
  /** Throws `LIMIT_EXCEEDED` when so many series on such a grid would be too much. */
  limit(session: Session, queryId: number, series: number, hull: TimeGrid): Promise<void>;
  /** By series id, on the grid. */
  values(
    session: Session,
    query: Current,
    seriesIds: readonly number[],
    hull: TimeGrid
  ): Promise<Map<number, Pick<Series, 'timesMs' | 'values'>>>;
}

/**
 * What is stored of a recorded query at the covered times of a grid. All statements see one state of the database, so that samples
 * and coverage belong together while an archiver writes.
 *
 * Only covered times are read: writing a covered range replaces everything in it, so what lies there is of the current version
 * and of a whole answer. Samples beside it may be of an older expression, of a partial answer, or expired.
 */
export async function readCovered(
  database: SourceDatabase,
  { query, grid, matchers, memory }: GridRead,
  reader: Reader,
  signal: AbortSignal
): Promise<GridSamples | undefined> {
  // before anything is read
  checkMatchers(matchers);
  return readCharged(memory, signal, (charge) =>
    database.transaction(
      async (session) => {
        const found = await findCurrent(session, query);
        if (!found) {
          return undefined;
        }
        const { inside, outside } = await reader.split(session, found.queryId);
        const gaps = outside.length > 0 ? await readGapsWithin(session, found.queryId, reader.reach, GAP_LIMIT) : [];
        if (inside.length === 0) {
          return { covered: inside, gaps, series: [] };
        }
        const series = await readMatching(session, found.queryId, matchers, signal);
        const hull = { ...grid, startMs: inside[0].fromMs, endMs: inside[inside.length - 1].toMs };
        await reader.limit(session, found.queryId, series.length, hull);
        charge({ series: series.length, samples: series.length * countTimes(hull) });
        const ids = series.map(({ id }) => id);
        const values = await reader.values(session, found, ids, hull);
        const filled = series.flatMap(({ id, labels }): Series[] => {
          const of = values.get(id);
          const kept = of && onlyAt({ labels, timesMs: of.timesMs, values: of.values }, inside);
          return kept && kept.timesMs.length > 0 ? [kept] : [];
        });
        return { covered: inside, gaps, series: filled };
      },
      { signal, readOnly: true, snapshot: true }
    )
  );
}

function onlyAt(series: Series, covered: readonly TimeRange[]): Series {
  return covered.length === 1
    ? series
    : filterTimes(series, (timeMs) => covered.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs));
}
