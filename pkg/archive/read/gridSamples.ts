import { type TimeGrid } from '../../core/model/timeRange';
import { type Transaction } from '../connect/database';
import { packedHead, samplesBySeries, sentValues } from '../pack/packedRowReader';
import { type StoredSamples } from '../pack/storedSamples';
import { timeText } from '../write/sampleRows';

const us = (time: string): string => `(extract(epoch FROM ${time}) * 1000000)::bigint`;

/**
 * Of an evenly spaced row of plain values only those on the grid are sent. Measured for 30 rows of 5,760 values and every 20th
 * of them: subscripts 3 to 4 ms, all values 36 ms, `unnest … WITH ORDINALITY` and a condition 52 ms. A subscript into a
 * compressed array unpacks it anew each time; `|| '{}'` behind OFFSET 0 unpacks it once.
 *
 * Rows of differences are sent whole (to sum them up in SQL took 93 ms), and so are uneven ones.
 */
const PACKED_ON_GRID = `SELECT t.series_id, ${packedHead('t', 't.first_time')} AS start, t.step_us * t.stride AS step_us, t.differences,
       0 AS skipped, CASE WHEN t.step_us IS NULL THEN encode(array_send(t.offsets_us), 'hex') END AS offsets,
       ${sentValues(
         't.differences',
         't.data',
         `CASE WHEN t.whole THEN t.data WHEN t.stride = 1 THEN t.data[t.first:t.last]
            ELSE ARRAY(SELECT t.data[i] FROM generate_series(t.first, t.last, t.stride) AS i) END`
       )} AS packed
     FROM (
       SELECT r.*, CASE WHEN r.whole THEN r.from_time ELSE r.from_time + (r.first - 1) * r.step_us * interval '1 microsecond' END AS first_time,
         least(r.sample_count, (r.end_us - r.from_us) / r.step_us + 1)::integer AS last, r.sample_values || '{}' AS data
       FROM (
         SELECT g.*, CASE WHEN g.whole THEN 1 ELSE g.grid_us / g.step_us END::integer AS stride,
           ((CASE WHEN g.start_us >= g.from_us THEN g.start_us - g.from_us
                  ELSE (g.grid_us - (g.from_us - g.start_us) % g.grid_us) % g.grid_us END) / g.step_us + 1)::integer AS first
         FROM (
           SELECT p.*, b.*, ${us('p.from_time')} AS from_us,
             p.step_us IS NULL OR p.differences OR coalesce(p.divisor, 1) = 0 OR b.grid_us % p.step_us <> 0
               OR (${us('p.from_time')} - b.start_us) % p.step_us <> 0 AS whole
           FROM promkeep_packed p
           CROSS JOIN (SELECT ${us('$2::timestamptz')} AS start_us, ${us('$3::timestamptz')} AS end_us, $4::bigint * 1000 AS grid_us) b
           WHERE p.series_id = ANY ($1::bigint[]) AND p.from_time <= $3::timestamptz AND p.to_time >= $2::timestamptz
             AND p.from_time > $2::timestamptz - interval '672 hours') g) r
       OFFSET 0) t
     WHERE t.whole OR t.first <= t.last`;
/**
 * The stored samples of some series at the times of a grid, recent and packed, by series id, ascending in time. Times off the
 * grid are left out by the database where that is cheaper than sending them.
 *
 * @param seriesIds `bigint[]` in binary form
 * @param packedUntilMs no packed row of these series reaches this time
 */
export async function gridSamples(
  tx: Transaction,
  seriesIds: Buffer,
  grid: TimeGrid,
  packedUntilMs: number
): Promise<Map<number, StoredSamples>> {
  const bounds = [seriesIds, timeText(grid.startMs), timeText(grid.endMs), grid.stepMs];
  const recent = await tx.rows(
    `SELECT s.series_id,
            encode(string_agg(timestamptz_send(s.time) || float8send(coalesce(s.value, 'NaN')), ''::bytea), 'hex') AS packed
     FROM promkeep_samples s
     WHERE s.series_id = ANY ($1::bigint[]) AND s.time >= $2::timestamptz AND s.time <= $3::timestamptz
       AND date_bin($4::bigint * interval '1 millisecond', s.time, $2::timestamptz) = s.time
     GROUP BY s.series_id`,
    bounds
  );
  const packed = grid.startMs < packedUntilMs ? await tx.rows(PACKED_ON_GRID, bounds) : [];
  return samplesBySeries([...recent, ...packed], { fromMs: grid.startMs, toMs: grid.endMs }, grid);
}
