import { countTimes, splitGrid } from '../../core/readback/seam';
import { PromkeepError } from '../../core/model/errors';
import { filterTimes } from '../../core/readback/joinSeries';
import { checkMatchers } from '../../core/matching/matchLabels';
import { type GridRead, type GridSamples } from '../../core/ports/history';
import { type SourceIdentity } from '../../core/ports/archive';
import { type TimeRange } from '../../core/model/timeRange';
import { type Series } from '../../core/model/series';
import { int8Array } from '../write/binaryArrays';
import { type Charge, readCharged } from './chargedRead';
import { type Database } from '../connect/database';
import { gridSamples } from './gridSamples';
import { readCoverage, readGapsWithin } from '../ledger/ledgerRows';
import { findCurrent, readMatching } from './currentVersion';

/** More gaps than a notice can name. */
export const GAP_LIMIT = 100;
/** 16 bytes each here, and as much again as frames. */
export const MAX_SAMPLES = 20_000_000;

/**
 * The samples of a recorded query at the covered times of a grid. All statements see one state of the database, so that samples
 * and coverage belong together while an archiver writes.
 *
 * Only covered times are read: writing a covered range replaces everything in it, so what lies there is of the current version
 * and of a whole answer. Samples beside it may be of an older expression, of a partial answer, or expired.
 */
export function readGrid(
  database: Database,
  schema: string,
  source: SourceIdentity,
  { query, grid, matchers, memory }: GridRead,
  signal: AbortSignal
): Promise<GridSamples | undefined> {
  // before anything is read
  checkMatchers(matchers);
  const read = (charge: Charge): Promise<GridSamples | undefined> =>
    database.transaction(
      async (tx) => {
        const found = await findCurrent(tx, schema, source, query);
        if (!found) {
          return undefined;
        }
        const { inside, outside } = splitGrid(grid, await readCoverage(tx, schema, found.queryId));
        const gaps = outside.length > 0 ? await readGapsWithin(tx, schema, found.queryId, grid, GAP_LIMIT) : [];
        if (inside.length === 0) {
          return { covered: inside, gaps, series: [] };
        }
        const series = await readMatching(tx, schema, found.queryId, matchers, signal);
        const hull = { ...grid, startMs: inside[0].fromMs, endMs: inside[inside.length - 1].toMs };
        const times = countTimes(hull);
        refuseTooMany(series.length, times);
        charge({ series: series.length, samples: series.length * times });
        const samples = await gridSamples(tx, schema, int8Array(series.map(({ id }) => id)), hull, found.packedUntilMs);
        const filled = series.flatMap(({ id, labels }): Series[] => {
          const of = samples.get(id);
          const kept = of && onlyAt({ labels, timesMs: of.timesMs, values: of.values }, inside);
          return kept && kept.timesMs.length > 0 ? [kept] : [];
        });
        return { covered: inside, gaps, series: filled };
      },
      { signal, readOnly: true, snapshot: true }
    );
  return readCharged(memory, signal, read);
}

function onlyAt(series: Series, covered: readonly TimeRange[]): Series {
  return covered.length === 1
    ? series
    : filterTimes(series, (timeMs) => covered.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs));
}

function refuseTooMany(series: number, times: number): void {
  if (series * times > MAX_SAMPLES) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The archive would have to read ${series} series at ${times} times, more than ${MAX_SAMPLES} samples; ` +
        'narrow the query, the range or the step.'
    );
  }
}
