import { PromkeepError } from '../../core/model/errors';
import { type BucketRead, type GridRead, type GridSamples, type RollupState } from '../../core/ports/history';
import { type TimeRange } from '../../core/model/timeRange';
import { servedTimes, splitBuckets } from '../../core/readback/rollupBuckets';
import { type Transaction } from '../connect/database';
import { type Session, type SourceDatabase } from '../connect/session';
import { readRollupState } from '../ledger/ledgerRows';
import { int8Array, unpackSamples } from '../write/binaryArrays';
import { timeText } from '../write/sampleRows';
import { findCurrent } from './currentVersion';
import { MAX_SAMPLES, readCovered, type Reader } from './readCovered';

const VALUES: Readonly<Record<BucketRead['aggregate'], string>> = {
  min: 'b.min_value',
  max: 'b.max_value',
  avg: 'b.sum_value / b.sample_count',
  sum: 'b.sum_value',
  count: 'b.sample_count::float8',
  last: 'b.last_value',
};

/** What is left of a recorded query's expired samples. To be read in one state of the database. */
export async function readRollups(
  session: Session,
  query: GridRead['query'],
  range: TimeRange
): Promise<RollupState | undefined> {
  const found = await findCurrent(session, query);
  return found && readRollupState(session, found.queryId, range);
}

/** Buckets whose recorded times are all covered, computed from samples or stored, as `metrics_rollup` shows them. */
export function readBuckets(
  database: SourceDatabase,
  read: BucketRead,
  signal: AbortSignal
): Promise<GridSamples | undefined> {
  const { query, grid, widthMs } = read;
  // All times the buckets are made of.
  const reach = { ...grid, startMs: grid.startMs - widthMs };
  const reader: Reader = {
    reach,
    split: async (session, queryId) => {
      const state = await readRollupState(session, queryId, { fromMs: reach.startMs, toMs: grid.endMs });
      return splitBuckets(grid, servedTimes(state, widthMs), widthMs, query.stepMs);
    },
    limit: (session, queryId, series, hull) => refuseTooMany(session, queryId, series, { ...read, grid: hull }),
    values: (session, { queryId }, ids, hull) => bucketValues(session, queryId, ids, { ...read, grid: hull }),
  };
  return readCovered(database, read, reader, signal);
}

async function bucketValues(
  tx: Transaction,
  queryId: number,
  seriesIds: readonly number[],
  { aggregate, widthMs, grid }: BucketRead
): ReturnType<Reader['values']> {
  const rows = await tx.rows(
    `SELECT r.series_id, encode(string_agg(timestamptz_send(b.bucket) || float8send(${VALUES[aggregate]}), ''::bytea ORDER BY b.bucket), 'hex') AS packed
     FROM unnest($1::bigint[]) AS r(series_id)
     CROSS JOIN LATERAL promkeep_series_rollup($2::bigint, r.series_id, interval '1 millisecond' * $3::bigint,
       $4::timestamptz, $5::timestamptz) b
     WHERE date_bin(interval '1 millisecond' * $6::bigint, b.bucket, $5::timestamptz) = b.bucket
     GROUP BY r.series_id`,
    [int8Array(seriesIds), queryId, widthMs, timeText(grid.startMs - widthMs), timeText(grid.endMs), grid.stepMs]
  );
  return new Map(rows.map((row) => [Number(row.series_id), unpackSamples(String(row.packed))]));
}

/** Counts what has to be looked at: stored buckets where they serve, samples elsewhere. */
async function refuseTooMany(tx: Transaction, queryId: number, series: number, read: BucketRead): Promise<void> {
  const { query, grid, widthMs } = read;
  const [stored] = await tx.rows(
    `SELECT width_s, (extract(epoch FROM stored_until) * 1000)::bigint AS until_ms FROM promkeep_rollup_state
     WHERE query_id = $1::bigint AND $2::bigint % (width_s * 1000) = 0 ORDER BY width_s DESC LIMIT 1`,
    [queryId, widthMs]
  );
  const startMs = grid.startMs - widthMs;
  const untilMs = stored === undefined ? startMs : Math.min(grid.endMs, Math.max(startMs, Number(stored.until_ms)));
  const buckets = stored === undefined ? 0 : (untilMs - startMs) / (Number(stored.width_s) * 1_000);
  const rows = Math.ceil(series * (buckets + (grid.endMs - untilMs) / query.stepMs));
  if (rows > MAX_SAMPLES) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The archive would have to read ${rows} samples and buckets of ${series} series, more than ${MAX_SAMPLES}; ` +
        'narrow the query or the range, or choose a step that is a multiple of five minutes.'
    );
  }
}
