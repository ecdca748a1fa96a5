import { type TimeRange } from '../../core/model/timeRange';
import { StaleReadError } from '../archiveErrors';
import { float8Array, int8Array, timestampArray } from './binaryArrays';
import { encodeCopy } from './copyFormat';
import { type Transaction } from '../connect/database';
import { packedColumns, samplesBySeries } from '../pack/packedRowReader';
import { type StoredSamples } from '../pack/storedSamples';
import { type SampleColumns, type SampleRun } from './sampleRuns';
import { FIRST_TIME_MS, LAST_TIME_MS } from './seriesIdentity';

/** Rows a statement: larger ones were not faster in bench/archiveWrite.ts, and a smaller one can be cancelled sooner. */
const CHUNK_ROWS = 20_000;

/** ISO-8601 for a bound value; times outside of the years 1 to 9999 are moved to their edge. */
export function timeText(timeMs: number): string {
  return new Date(Math.min(Math.max(timeMs, FIRST_TIME_MS), LAST_TIME_MS)).toISOString();
}

/** A packed row is shorter than 28 days: with a lower bound on its start, partitions that are too old are left out. */
const UNION_PACKED = `
     UNION ALL
     SELECT ${packedColumns(2, 3)}
     FROM promkeep_series r
     JOIN promkeep_packed p ON p.series_id = r.series_id
     WHERE r.query_id = $1::bigint AND p.from_time <= $3::timestamptz AND p.to_time >= $2::timestamptz
       AND p.from_time > $2::timestamptz - interval '672 hours'`;

/**
 * The stored samples of one query in a range, recent and packed, by series id, ascending in time. One row a series keeps the
 * answer small.
 *
 * @param packedUntilMs no packed row of this query reaches this time; absent: unknown
 */
export async function readSamples(
  tx: Transaction,
  queryId: number,
  range: TimeRange,
  packedUntilMs = Infinity
): Promise<Map<number, StoredSamples>> {
  const rows = await tx.rows(
    `SELECT r.series_id, NULL AS start, NULL::bigint AS step_us, false AS differences, 0 AS skipped, NULL AS offsets,
            encode(string_agg(timestamptz_send(s.time) || float8send(coalesce(s.value, 'NaN')), ''::bytea ORDER BY s.time), 'hex') AS packed
     FROM promkeep_series r
     JOIN promkeep_samples s ON s.series_id = r.series_id
     WHERE r.query_id = $1::bigint AND s.time >= $2::timestamptz AND s.time <= $3::timestamptz
     GROUP BY r.series_id${range.fromMs < packedUntilMs ? UNION_PACKED : ''}`,
    [queryId, timeText(range.fromMs), timeText(range.toMs)]
  );
  return samplesBySeries(rows, range);
}

/**
 * Turns packed rows that touch a range back into samples, so that these can be changed. The packing job packs them again.
 * The caller holds the query's lock.
 */
export async function takeApart(tx: Transaction, seriesIds: readonly number[], range: TimeRange): Promise<void> {
  if (seriesIds.length > 0) {
    await tx.run(`SELECT promkeep_take_apart($1::bigint[], $2::timestamptz, $3::timestamptz)`, [
      int8Array(seriesIds),
      timeText(range.fromMs),
      timeText(range.toMs),
    ]);
  }
}

/** Inserts new samples by COPY. */
export function insertSamples(tx: Transaction, runs: readonly SampleRun[], fetchId: number): Promise<void> {
  return tx.copyIn(
    `COPY promkeep_samples (series_id, time, value, fetch_id) FROM STDIN (FORMAT binary)`,
    encodeCopy(runs, fetchId)
  );
}

export async function updateSamples(tx: Transaction, columns: SampleColumns, fetchId: number): Promise<void> {
  for (const chunk of chunksOf(columns)) {
    const touched = await tx.run(
      `UPDATE promkeep_samples s SET value = n.value, fetch_id = $4::bigint
       FROM unnest($1::bigint[], $2::timestamptz[], $3::float8[]) AS n(series_id, time, value)
       WHERE s.series_id = n.series_id AND s.time = n.time
         AND s.time >= $5::timestamptz AND s.time <= $6::timestamptz`,
      [...chunk.keys, chunk.values, fetchId, ...chunk.bounds]
    );
    assertTouched(touched, chunk.count);
  }
}

export async function deleteSamples(tx: Transaction, columns: SampleColumns): Promise<void> {
  for (const chunk of chunksOf(columns)) {
    const touched = await tx.run(
      `DELETE FROM promkeep_samples s
       USING unnest($1::bigint[], $2::timestamptz[]) AS n(series_id, time)
       WHERE s.series_id = n.series_id AND s.time = n.time
         AND s.time >= $3::timestamptz AND s.time <= $4::timestamptz`,
      [...chunk.keys, ...chunk.bounds]
    );
    assertTouched(touched, chunk.count);
  }
}

/** Writers of one query wait for each other, so only somebody who changed the table by hand can be the cause. */
function assertTouched(touched: number, expected: number): void {
  if (touched !== expected) {
    throw new StaleReadError(`${expected} samples were to be changed, ${touched} were there`);
  }
}

interface EncodedChunk {
  keys: [Buffer, Buffer];
  values: Buffer;
}

interface Chunk extends EncodedChunk {
  count: number;
  /** First and last time; as conditions they let the planner leave out partitions. */
  bounds: [string, string];
}

/** Columns as binary arrays. */
export function encodeChunk({ seriesIds, timesMs, values }: SampleColumns): EncodedChunk {
  return { keys: [int8Array(seriesIds), timestampArray(timesMs)], values: float8Array(values) };
}

function* chunksOf(columns: SampleColumns): Generator<Chunk> {
  for (let start = 0; start < columns.timesMs.length; start += CHUNK_ROWS) {
    const part = sliceColumns(columns, start, start + CHUNK_ROWS);
    let [first, last] = [part.timesMs[0], part.timesMs[0]];
    for (const time of part.timesMs) {
      first = Math.min(first, time);
      last = Math.max(last, time);
    }
    yield {
      ...encodeChunk(part),
      count: part.timesMs.length,
      bounds: [timeText(Math.floor(first)), timeText(Math.ceil(last))],
    };
  }
}

function sliceColumns({ seriesIds, timesMs, values }: SampleColumns, from: number, to: number): SampleColumns {
  return { seriesIds: seriesIds.slice(from, to), timesMs: timesMs.slice(from, to), values: values.slice(from, to) };
}
