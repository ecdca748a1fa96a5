import { type TimeRange } from '../../core/model/timeRange';
import { type Row, type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { notePacked } from '../pack/storePacked';
import { leafTables, startMs } from '../upkeep/leaves';
import { type UpkeepRun } from '../upkeep/upkeepRun';
import { int8Array } from '../write/binaryArrays';
import { timeText } from '../write/sampleRows';
import { type ChunkRow, DAY_MS, rowsOf, withStored } from './chunkRow';
import { deleteRows, insertRows, readRows, type SeriesRow, type StoredRow } from './chunkRows';
import { encodeDays, mergeChunks } from './cutChunks';
import { flatInTurns } from './rawBatches';

/** What one run of packing did. */
export interface RawPackOutcome {
  /** Samples whose rows became one. */
  samples: number;
  rows: number;
  /** Definitions left for the next run because somebody held their lock for too long. */
  busy: number;
}

interface Work {
  queryId: number;
  /** Days (UTC) from here on may have several rows a series; `-Infinity`: all may. */
  fromMs: number;
  untilMs: number;
  /** The newest write when the work began. */
  fetchId: number;
}

const WEEK_MS = 7 * DAY_MS;
const PAGE_SERIES = 2_000;
/** Of rows that become one, a transaction; some 300 ms, in which a writer waits. */
const BATCH_BYTES = 1024 * 1024;

/**
 * Makes one row a series of the rows of every day (UTC) that ended before a time, with chunks of the usual length. Every
 * transaction takes the query's lock, as writers do, and leaves the archive complete, so that the job may be killed at any moment
 * and several may run at once.
 */
export async function packRaw(run: UpkeepRun, closedBeforeMs: number): Promise<RawPackOutcome> {
  const outcome: RawPackOutcome = { samples: 0, rows: 0, busy: 0 };
  const untilMs = Math.floor(closedBeforeMs / DAY_MS) * DAY_MS;
  for (const work of await dueWork(run, untilMs)) {
    await run.failures.guard(work.queryId, () => packQuery(run, work, outcome));
  }
  return outcome;
}

async function dueWork(run: UpkeepRun, untilMs: number): Promise<Work[]> {
  const rows = await run.rows(
    `SELECT q.query_id, (extract(epoch FROM q.packed_until) * 1000)::bigint AS from_ms,
       coalesce((SELECT max(f.fetch_id) FROM promkeep_fetches f WHERE f.query_id = q.query_id), 0) AS fetch_id
     FROM promkeep_queries q WHERE q.raw AND coalesce(q.packed_until, '-infinity') < $1::timestamptz ORDER BY q.query_id`,
    [timeText(untilMs)]
  );
  return rows.map((row) => ({
    queryId: Number(row.query_id),
    fromMs: row.from_ms === null ? -Infinity : Number(row.from_ms),
    untilMs,
    fetchId: Number(row.fetch_id),
  }));
}

async function packQuery(run: UpkeepRun, work: Work, outcome: RawPackOutcome): Promise<void> {
  for (const leaf of await leafTables(run, 'promkeep_chunks')) {
    const weekMs = startMs(leaf);
    if (weekMs < work.untilMs && weekMs + WEEK_MS > work.fromMs) {
      for await (const batch of batchesIn(run, leaf, work)) {
        const done = await run.unlessBusy((tx) => packBatch(tx, work.queryId, batch, outcome));
        if (done === undefined) {
          outcome.busy++;
          return;
        }
      }
    }
  }
  await run.unlessBusy((tx) => finish(tx, work));
}

/** A day of some series. */
interface Batch {
  dayMs: number;
  seriesIds: number[];
}

/** Days of series with several rows in a weekly partition, for a transaction each. */
async function* batchesIn(run: UpkeepRun, leaf: string, work: Work): AsyncGenerator<Batch> {
  for (let last = 0, found = PAGE_SERIES; found === PAGE_SERIES;) {
    const ids = await run.rows(
      `SELECT r.series_id FROM promkeep_raw_series r WHERE r.query_id = $1::bigint AND r.series_id > $2::bigint
       ORDER BY r.series_id LIMIT ${PAGE_SERIES}`,
      [work.queryId, last]
    );
    found = ids.length;
    last = Number(ids.at(-1)?.series_id ?? last);
    const rows = await run.rows(
      `SELECT c.series_id, (extract(epoch FROM date_bin('1 day', c.from_time, '2000-01-01Z')) * 1000)::bigint AS day_ms,
         sum(octet_length(c.chunks)) AS bytes
       FROM ${leaf} c
       WHERE c.series_id = ANY ($1::bigint[]) AND c.from_time >= $2::timestamptz AND c.from_time < $3::timestamptz
       GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 2, 1`,
      [int8Array(ids.map((row) => Number(row.series_id))), timeText(work.fromMs), timeText(work.untilMs)]
    );
    yield* toBatches(rows);
  }
}

function* toBatches(rows: readonly Row[]): Generator<Batch> {
  let batch: Batch = { dayMs: 0, seriesIds: [] };
  let bytes = 0;
  for (const row of rows) {
    const dayMs = Number(row.day_ms);
    if (batch.seriesIds.length > 0 && (dayMs !== batch.dayMs || bytes > BATCH_BYTES)) {
      yield batch;
      batch = { dayMs, seriesIds: [] };
      bytes = 0;
    }
    batch.dayMs = dayMs;
    batch.seriesIds.push(Number(row.series_id));
    bytes += Number(row.bytes);
  }
  if (batch.seriesIds.length > 0) {
    yield batch;
  }
}

/** @returns whether the definition is there */
async function packBatch(
  tx: Transaction,
  queryId: number,
  { dayMs, seriesIds }: Batch,
  outcome: RawPackOutcome
): Promise<boolean> {
  if ((await lockById(tx, queryId)) === undefined) {
    return false;
  }
  const day: TimeRange = { fromMs: dayMs, toMs: dayMs + DAY_MS - 1 };
  const several = [...Map.groupBy(await readRows(tx, seriesIds, day), ({ seriesId }) => seriesId)].filter(
    ([, rows]) => rows.length > 1
  );
  const packed = await flatInTurns(several, ([seriesId, rows]): SeriesRow[] =>
    packDay(rows, day).map((row) => ({ ...row, seriesId }))
  );
  await deleteRows(
    tx,
    several.flatMap(([, rows]) => rows)
  );
  await insertRows(tx, packed);
  outcome.rows += packed.length;
  outcome.samples += packed.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  return true;
}

function packDay(rows: readonly StoredRow[], day: TimeRange): ChunkRow[] {
  return withStored(() => rowsOf(encodeDays(mergeChunks(rows.flatMap(({ chunks }) => chunks)), day)));
}

/** Unless something was written meanwhile into days that have been looked at already: then the next run looks again. */
async function finish(tx: Transaction, { queryId, untilMs, fetchId }: Work): Promise<void> {
  if ((await lockById(tx, queryId)) === undefined) {
    return;
  }
  const late = await tx.rows(
    `SELECT 1 FROM promkeep_fetches f WHERE f.query_id = $1::bigint AND f.fetch_id > $2::bigint
     AND lower(f.fetched_range) < $3::timestamptz LIMIT 1`,
    [queryId, fetchId, timeText(untilMs)]
  );
  if (late.length === 0) {
    await notePacked(tx, queryId, untilMs);
  }
}
