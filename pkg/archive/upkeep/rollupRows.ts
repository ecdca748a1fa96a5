import { int8Array } from '../write/binaryArrays';
import { type Transaction } from '../connect/database';
import { periodStart } from '../schema/partitions';
import { timeText } from '../write/sampleRows';

/** Widths that are stored: seconds in a bucket, and days in a row of them. Rows begin on a Monday, UTC. */
export const ROLLUP_WIDTHS = [
  { widthS: 300, periodDays: 7 },
  { widthS: 3600, periodDays: 28 },
] as const;

export type RollupWidth = (typeof ROLLUP_WIDTHS)[number];

/** Part of one row's period, `(fromMs, toMs]`, on borders of buckets. */
export interface RollupPiece {
  periodStartMs: number;
  fromMs: number;
  toMs: number;
}

const DAY_MS = 86_400_000;

/** Cuts `(fromMs, toMs]` at the borders of periods. */
export function piecesOf({ periodDays }: RollupWidth, fromMs: number, toMs: number): RollupPiece[] {
  const lengthMs = periodDays * DAY_MS;
  const pieces: RollupPiece[] = [];
  for (let startMs = fromMs; startMs < toMs;) {
    const periodStartMs = periodStart(startMs, lengthMs);
    const endMs = Math.min(toMs, periodStartMs + lengthMs);
    pieces.push({ periodStartMs, fromMs: startMs, toMs: endMs });
    startMs = endMs;
  }
  return pieces;
}

/** Larger ones are summed as infinite: a sum that overflows is an error in PostgreSQL, which would stop the job for good. */
const SUMMABLE = `CASE WHEN abs(w.value) > 1e300 THEN w.value * 'Infinity'::float8 ELSE w.value END`;

const bits = (value: string): string => `float8send(${value})`;
const exact = (value: string): string =>
  `b.${value} = trunc(b.${value}) AND abs(b.${value}) <= 4503599627370496 AND ${bits(`b.${value}`)} <> '\\x8000000000000000'`;

/** All four values are integers of which differences restore every bit; false for NaN and infinities. */
const EXACT = `coalesce(abs(b.last) <= 4503599627370496 AND ${['min', 'max', 'sum'].map(exact).join(' AND ')} AND ${exact('last')}
  AND abs(b.last) * b.count <= 4503599627370496, false)`;

/** Whether the sum is what `promkeep_unroll` computes where none is stored. */
const SUM_FOLLOWS = `CASE WHEN abs(b.last) < 1e290 THEN ${bits('b.sum')} = ${bits('b.last * b.count')} ELSE false END`;

/** In one statement; `$2` is the row's period, `($3, $4]` the piece of it, `$5` the width. */
const STORE = `WITH raw AS (
       SELECT s.series_id, s.time, s.value FROM promkeep_samples s
       WHERE s.series_id = ANY ($1::bigint[]) AND s.time > $3::timestamptz AND s.time <= $4::timestamptz
       UNION ALL
       SELECT p.series_id, u.sample_time, u.sample_value FROM promkeep_packed p
       CROSS JOIN LATERAL promkeep_unpack(p.from_time, p.sample_count, p.step_us, p.offsets_us, p.sample_values, p.differences,
         p.divisor, p.fetch_ids, p.fetch_starts) u
       WHERE p.series_id = ANY ($1::bigint[]) AND p.from_time <= $4::timestamptz
         AND p.from_time > $3::timestamptz - interval '672 hours' AND p.to_time > $3::timestamptz
         AND u.sample_time > $3::timestamptz AND u.sample_time <= $4::timestamptz),
     gone AS (
       DELETE FROM promkeep_rollups p
       WHERE p.width_s = $5::integer AND p.series_id = ANY ($1::bigint[]) AND p.period_start = $2::timestamptz RETURNING p.*),
     buckets AS (
       SELECT f.series_id, (extract(epoch FROM f.bucket - $2::timestamptz) / $5::integer)::integer + 1 AS number,
         f.min, f.max, f.sum, f.count, f.last
       FROM (
         SELECT w.series_id, date_bin(interval '1 second' * $5::integer, w.time - interval '1 microsecond', $2::timestamptz) AS bucket,
           min(w.value) AS min, max(w.value) AS max, sum(${SUMMABLE} ORDER BY w.time) AS sum, count(*)::integer AS count,
           (array_agg(w.value ORDER BY w.time))[count(*)] AS last
         FROM raw w WHERE w.value IS NOT NULL GROUP BY 1, 2) f
       UNION ALL
       SELECT g.series_id, (extract(epoch FROM u.bucket - $2::timestamptz) / $5::integer)::integer,
         u.min_value, u.max_value, u.sum_value, u.sample_count::integer, u.last_value
       FROM gone g CROSS JOIN LATERAL promkeep_unroll(g.width_s, g.period_start, g.first_bucket, g.bucket_count,
         g.bucket_numbers, g.sample_counts, g.differences, g.last_values, g.min_values, g.max_values, g.sum_values) u
       WHERE u.bucket <= $3::timestamptz OR u.bucket > $4::timestamptz),
     judged AS (
       SELECT b.*, ${EXACT} AS exact, ${SUM_FOLLOWS} AS sum_follows, lag(b.last) OVER before AS previous
       FROM buckets b WINDOW before AS (PARTITION BY b.series_id ORDER BY b.number)),
     ready AS (
       SELECT b.series_id, min(b.number) AS first, count(*) AS count, bool_and(b.exact) AS exact,
         CASE WHEN max(b.number) - min(b.number) + 1 > count(*) THEN array_agg(b.number::smallint ORDER BY b.number) ELSE '{}' END AS numbers,
         CASE WHEN min(b.count) = max(b.count) THEN ARRAY[min(b.count)] ELSE array_agg(b.count ORDER BY b.number) END AS counts,
         bool_and(b.previous IS NULL OR ${bits('b.last')} = ${bits('b.previous')}) AS constant,
         bool_and(${bits('b.min')} = ${bits('b.last')}) AS min_follows, bool_and(${bits('b.max')} = ${bits('b.last')}) AS max_follows,
         bool_and(b.sum_follows) AS sum_follows,
         array_agg(b.last ORDER BY b.number) AS lasts, array_agg(b.min ORDER BY b.number) AS mins,
         array_agg(b.max ORDER BY b.number) AS maxs, array_agg(b.sum ORDER BY b.number) AS sums,
         array_agg(CASE WHEN b.exact THEN b.last - CASE WHEN abs(b.previous) <= 4503599627370496 THEN b.previous ELSE 0 END END ORDER BY b.number) AS growths,
         array_agg(CASE WHEN b.exact THEN b.last - b.min END ORDER BY b.number) AS below,
         array_agg(CASE WHEN b.exact THEN b.max - b.last END ORDER BY b.number) AS above,
         array_agg(CASE WHEN b.exact THEN b.sum - b.last * b.count END ORDER BY b.number) AS rest
       FROM judged b GROUP BY b.series_id),
     stored AS (
       INSERT INTO promkeep_rollups (width_s, series_id, period_start, first_bucket, bucket_count, bucket_numbers,
         sample_counts, differences, last_values, min_values, max_values, sum_values)
       SELECT $5::integer, r.series_id, $2::timestamptz, r.first, r.count, r.numbers, r.counts, r.exact,
         CASE WHEN r.constant THEN r.lasts[1:1] WHEN r.exact THEN r.growths ELSE r.lasts END,
         CASE WHEN r.min_follows THEN '{}' WHEN r.exact THEN r.below ELSE r.mins END,
         CASE WHEN r.max_follows THEN '{}' WHEN r.exact THEN r.above ELSE r.maxs END,
         CASE WHEN r.sum_follows THEN '{}' WHEN r.exact THEN r.rest ELSE r.sums END
       FROM ready r RETURNING bucket_count)
     SELECT coalesce(sum(bucket_count), 0) AS buckets FROM stored`;

/**
 * Computes the buckets of these series in a piece of a period from the samples there are, and stores them beside the buckets
 * of the same row that lie outside of the piece. Under the query's lock.
 *
 * @returns the number of buckets of the rows that were written
 */
export async function storeRollups(
  tx: Transaction,
  widthS: number,
  piece: RollupPiece,
  seriesIds: readonly number[]
): Promise<number> {
  const [row] = await tx.rows(STORE, [
    int8Array(seriesIds),
    timeText(piece.periodStartMs),
    timeText(piece.fromMs),
    timeText(piece.toMs),
    widthS,
  ]);
  return Number(row.buckets);
}
