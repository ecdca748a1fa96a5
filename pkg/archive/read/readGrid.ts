import { countTimes, splitGrid } from '../../core/readback/seam';
import { PromkeepError } from '../../core/model/errors';
import { type GridRead, type GridSamples } from '../../core/ports/history';
import { type SourceDatabase } from '../connect/session';
import { readCoverage } from '../ledger/ledgerRows';
import { int8Array } from '../write/binaryArrays';
import { gridSamples } from './gridSamples';
import { MAX_SAMPLES, readCovered, type Reader } from './readCovered';

/** The samples of a recorded query at the covered times of a grid. */
export function readGrid(
  database: SourceDatabase,
  read: GridRead,
  signal: AbortSignal
): Promise<GridSamples | undefined> {
  const reader: Reader = {
    reach: read.grid,
    split: async (session, queryId) => splitGrid(read.grid, await readCoverage(session, queryId)),
    limit: async (_session, _queryId, series, hull) => refuseTooMany(series, countTimes(hull)),
    values: (session, { packedUntilMs }, ids, hull) => gridSamples(session, int8Array(ids), hull, packedUntilMs),
  };
  return readCovered(database, read, reader, signal);
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
