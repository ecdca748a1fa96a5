import { countTimes } from '../../core/readback/seam';
import { PromkeepError } from '../../core/model/errors';
import { checkMatchers } from '../../core/matching/matchLabels';
import { type BucketRead, type GridRead, type GridSamples, type RollupState } from '../../core/ports/history';
import { type SourceIdentity } from '../../core/ports/archive';
import { type TimeRange } from '../../core/model/timeRange';
import { servedTimes, splitBuckets } from '../../core/readback/rollupBuckets';
import { int8Array, unpackSamples } from '../write/binaryArrays';
import { type Charge, readCharged } from './chargedRead';
import { type Database, type Transaction } from '../connect/database';
import { GAP_LIMIT, MAX_SAMPLES } from './readGrid';
import { readGapsWithin, readRollupState } from '../ledger/ledgerRows';
import { findCurrent, readMatching, type SeriesRow } from './currentVersion';
import { timeText } from '../write/sampleRows';

const VALUES: Readonly<Record<BucketRead['aggregate'], string>> = {
  min: 'b.min_value',
  max: 'b.max_value',
  avg: 'b.sum_value / b.sample_count',
  sum: 'b.sum_value',
  count: 'b.sample_count::float8',
  last: 'b.last_value',
};

export function readRollups(
  database: Database,
  schema: string,
  source: SourceIdentity,
  query: GridRead['query'],
  range: TimeRange,
  signal: AbortSignal
): Promise<RollupState | undefined> {
  return database.transaction(
    async (tx) => {
      const found = await findCurrent(tx, schema, source, query);
      return found && readRollupState(tx, schema, found.queryId, range);
    },
    { signal, readOnly: true, snapshot: true }
  );
}

/**
 * Buckets whose recorded times are all covered, computed from samples or stored, as `metrics_rollup` shows them. All statements
 * see one state of the database.
 */
export function readBuckets(
  database: Database,
  schema: string,
  source: SourceIdentity,
  read: BucketRead,
  signal: AbortSignal
): Promise<GridSamples | undefined> {
  const { query, grid, matchers, widthMs, memory } = read;
  // before anything is read
  checkMatchers(matchers);
  const readAll = (charge: Charge): Promise<GridSamples | undefined> =>
    database.transaction(
      async (tx) => {
        const found = await findCurrent(tx, schema, source, query);
        if (!found) {
          return undefined;
        }
        const asked = { fromMs: reach(read).startMs, toMs: grid.endMs };
        const times = servedTimes(await readRollupState(tx, schema, found.queryId, asked), widthMs);
        const { inside, outside } = splitBuckets(grid, times, widthMs, query.stepMs);
        const gaps = outside.length > 0 ? await readGapsWithin(tx, schema, found.queryId, reach(read), GAP_LIMIT) : [];
        if (inside.length === 0) {
          return { covered: inside, gaps, series: [] };
        }
        const series = await readMatching(tx, schema, found.queryId, matchers, signal);
        const hull = { ...read, grid: { ...grid, startMs: inside[0].fromMs, endMs: inside[inside.length - 1].toMs } };
        await refuseTooMany(tx, schema, found.queryId, series.length, hull);
        charge({
          series: series.length,
          samples: series.length * countTimes(hull.grid),
        });
        const values = await bucketValues(tx, schema, found.queryId, series, hull);
        const isInside = (timeMs: number): boolean =>
          inside.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
        const filled = series.flatMap(({ id, labels }) => {
          const { timesMs, values: all } = unpackSamples(values.get(id) ?? '');
          const at = [...timesMs.keys()].filter((i) => isInside(timesMs[i]));
          return at.length === 0
            ? []
            : [
                {
                  labels,
                  timesMs: Float64Array.from(at, (i) => timesMs[i]),
                  values: Float64Array.from(at, (i) => all[i]),
                },
              ];
        });
        return { covered: inside, gaps, series: filled };
      },
      { signal, readOnly: true, snapshot: true }
    );
  return readCharged(memory, signal, readAll);
}

/** All times the buckets are made of. */
function reach({ grid, widthMs }: BucketRead): BucketRead['grid'] {
  return { ...grid, startMs: grid.startMs - widthMs };
}

/** Times and values by series id, in the form of `unpackSamples`. */
async function bucketValues(
  tx: Transaction,
  schema: string,
  queryId: number,
  series: readonly SeriesRow[],
  read: BucketRead
): Promise<Map<number, string>> {
  const { startMs, endMs } = reach(read);
  const rows = await tx.rows(
    `SELECT r.series_id, encode(string_agg(timestamptz_send(b.bucket) || float8send(${VALUES[read.aggregate]}), ''::bytea ORDER BY b.bucket), 'hex') AS packed
     FROM unnest($1::bigint[]) AS r(series_id)
     CROSS JOIN LATERAL ${schema}.promkeep_series_rollup($2::bigint, r.series_id, interval '1 millisecond' * $3::bigint,
       $4::timestamptz, $5::timestamptz) b
     WHERE date_bin(interval '1 millisecond' * $6::bigint, b.bucket, $5::timestamptz) = b.bucket
     GROUP BY r.series_id`,
    [int8Array(series.map(({ id }) => id)), queryId, read.widthMs, timeText(startMs), timeText(endMs), read.grid.stepMs]
  );
  return new Map(rows.map((row) => [Number(row.series_id), String(row.packed)]));
}

/** Counts what has to be looked at: stored buckets where they serve, samples elsewhere. */
async function refuseTooMany(
  tx: Transaction,
  schema: string,
  queryId: number,
  series: number,
  read: BucketRead
): Promise<void> {
  const [stored] = await tx.rows(
    `SELECT width_s, (extract(epoch FROM stored_until) * 1000)::bigint AS until_ms FROM ${schema}.promkeep_rollup_state
     WHERE query_id = $1::bigint AND $2::bigint % (width_s * 1000) = 0 ORDER BY width_s DESC LIMIT 1`,
    [queryId, read.widthMs]
  );
  const { startMs, endMs } = reach(read);
  const untilMs = stored === undefined ? startMs : Math.min(endMs, Math.max(startMs, Number(stored.until_ms)));
  const buckets = stored === undefined ? 0 : (untilMs - startMs) / (Number(stored.width_s) * 1_000);
  const rows = Math.ceil(series * (buckets + (endMs - untilMs) / read.query.stepMs));
  if (rows > MAX_SAMPLES) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The archive would have to read ${rows} samples and buckets of ${series} series, more than ${MAX_SAMPLES}; ` +
        'narrow the query or the range, or choose a step that is a multiple of five minutes.'
    );
  }
}
