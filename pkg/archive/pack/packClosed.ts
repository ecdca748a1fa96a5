import { type ClosedPeriod, closedPeriods } from './closedPeriods';
import { type Database, type Transaction } from '../connect/database';
import { takeApart, timeText } from '../write/sampleRows';
import { errorCode } from '../connect/sqlState';
import { type QueryFailures } from '../upkeep/upkeepFailures';

/** What one run of packing did. */
export interface PackOutcome {
  /** Samples moved into packed rows. */
  samples: number;
  /** Packed rows written. */
  rows: number;
  /** Periods (of one query each) that were worked on. */
  periods: number;
  /** Periods left for the next run because somebody held the query's lock for too long. */
  busy: number;
}

export interface PackRequest {
  /** Periods that ended before this time (Unix ms) are packed. */
  closedBeforeMs: number;
  /** At most this many samples a transaction, as far as one series does not have more. Default 500,000. */
  batchSamples?: number;
  failures: QueryFailures;
}

interface SeriesCount {
  seriesId: number;
  samples: number;
}

const BATCH_SAMPLES = 500_000;
/** Inserting sessions share the query's lock for as long as their transaction is open. */
const LOCK_TIMEOUT = '1s';
const LOCK_NOT_AVAILABLE = '55P03';
/** Longer ones are cut: an array is unpacked as a whole, however little of it is read. */
const MAX_ROW_SAMPLES = 25_000;
/** A series whose grid has more holes than this in a period is stored with the time of every sample. */
const MAX_PIECES = 16;
/** For half a million samples; with the server's usual 4 MB every sort goes to disk. */
const WORK_MEMORY = '64MB';

/**
 * Moves samples of closed periods into packed rows. Every transaction takes the query's lock, as writers do, and leaves the
 * archive complete, so that the job may be killed at any moment and several may run at once.
 */
export async function packClosed(
  database: Database,
  schema: string,
  { closedBeforeMs, batchSamples = BATCH_SAMPLES, failures }: PackRequest,
  signal: AbortSignal
): Promise<PackOutcome> {
  const outcome: PackOutcome = { samples: 0, rows: 0, periods: 0, busy: 0 };
  const worked = new Set<string>();
  for (const partition of await samplePartitions(database, schema, signal)) {
    for await (const periods of closedPeriods(database, schema, partition, closedBeforeMs, signal)) {
      for (const period of periods) {
        worked.add(`${period.queryId} ${period.fromMs} ${period.untilMs}`);
        await failures.guard(period.queryId, () => packPeriod(database, schema, period, batchSamples, outcome, signal));
      }
    }
  }
  return { ...outcome, periods: worked.size };
}

/** Names of the weekly partitions, oldest first: each is searched by a statement of its own, which bounds it. */
async function samplePartitions(database: Database, schema: string, signal: AbortSignal): Promise<string[]> {
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT format('%s.%I', $1::text, c.relname) AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = $2::regclass ORDER BY c.relname`,
        [schema, `${schema}.promkeep_samples`]
      ),
    { signal, readOnly: true }
  );
  return rows.map(({ name }) => String(name));
}

async function packPeriod(
  database: Database,
  schema: string,
  period: ClosedPeriod,
  batchSamples: number,
  outcome: PackOutcome,
  signal: AbortSignal
): Promise<void> {
  const counts = await countSeries(database, schema, period, signal);
  for (const seriesIds of batchesOf(counts, batchSamples)) {
    try {
      const { samples, rows } = await packBatch(database, schema, period, seriesIds, signal);
      outcome.samples += samples;
      outcome.rows += rows;
    } catch (error) {
      if (errorCode(error instanceof Error ? error.cause : undefined) !== LOCK_NOT_AVAILABLE) {
        throw error;
      }
      outcome.busy++;
      return;
    }
  }
}

async function countSeries(
  database: Database,
  schema: string,
  { seriesIds, fromMs, untilMs }: ClosedPeriod,
  signal: AbortSignal
): Promise<SeriesCount[]> {
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT s.series_id, count(*) AS samples FROM ${schema}.promkeep_samples s
         WHERE s.series_id = ANY ($1::bigint[]) AND s.time >= $2::timestamptz AND s.time < $3::timestamptz
         GROUP BY s.series_id ORDER BY s.series_id`,
        [seriesIds, timeText(fromMs), timeText(untilMs)]
      ),
    { signal, readOnly: true, purpose: 'upkeep' }
  );
  return rows.map((row) => ({ seriesId: Number(row.series_id), samples: Number(row.samples) }));
}

function* batchesOf(counts: readonly SeriesCount[], batchSamples: number): Generator<number[]> {
  let batch: number[] = [];
  let samples = 0;
  for (const one of counts) {
    if (batch.length > 0 && samples + one.samples > batchSamples) {
      yield batch;
      batch = [];
      samples = 0;
    }
    batch.push(one.seriesId);
    samples += one.samples;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

async function packBatch(
  database: Database,
  schema: string,
  period: ClosedPeriod,
  seriesIds: readonly number[],
  signal: AbortSignal
): Promise<{ samples: number; rows: number }> {
  return database.transaction(
    async (tx) => {
      // How many samples there are the planner cannot know; a nested loop over them would never end. Forbidding it inflates
      // the estimated costs, for which the just-in-time compiler would then work for seconds.
      await tx.run(
        `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; SET LOCAL work_mem = '${WORK_MEMORY}'; SET LOCAL enable_nestloop = off; SET LOCAL jit = off`
      );
      const retention = await lockById(tx, schema, period.queryId);
      if (retention === undefined) {
        return { samples: 0, rows: 0 };
      }
      await tx.run(`SELECT ${schema}.promkeep_ensure_packed_partition($1::text, $2::timestamptz)`, [
        retention,
        timeText(period.fromMs),
      ]);
      // Late samples: what was packed before is packed again together with them.
      await takeApart(tx, seriesIds, { fromMs: period.fromMs, toMs: period.untilMs - 1 });
      const rows = await packSamples(tx, schema, retention, period, seriesIds);
      await tx.run(
        `UPDATE ${schema}.promkeep_queries
         SET packed_at = now(), packed_until = greatest(packed_until, $2::timestamptz) WHERE query_id = $1::bigint`,
        [period.queryId, timeText(period.untilMs)]
      );
      return rows;
    },
    { signal, purpose: 'upkeep' }
  );
}

/** Whether a sample is the first of a packed row. */
const STARTS = `((c.regular AND c.distance <> c.step) OR (c.n - 1) % ${MAX_ROW_SAMPLES} = 0)`;

/** Digits after the point of a value that has at most nine; null for all others, among them what no double counts exactly. */
const DIGITS = `CASE WHEN abs(s.value) > 4503599627370496 OR s.value IS NULL THEN NULL WHEN s.value = trunc(s.value) THEN 0 ${Array.from(
  { length: 9 },
  (_, i) => `WHEN round(s.value * 1e${i + 1}) / 1e${i + 1} = s.value THEN ${i + 1}`
).join(' ')} END`;
const POWER = `(ARRAY[1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]::float8[])[coalesce(s.digits, 0) + 1]`;

/**
 * Whether differences restore a sample exactly: as a multiple of its row's power of ten it is an integer with room for the
 * difference, from which dividing gives the value back, and it is not -0.
 */
const EXACT = `coalesce(c.scaled / c.power = c.value AND float8send(c.value) <> '\\x8000000000000000'
  AND abs(c.scaled) <= CASE WHEN c.power = 1 THEN 4503599627370496 ELSE 1125899906842624 END, false)`;

/** Whether a row holds one value only; 0 and -0 are two. */
const CONSTANT = `count(c.value) = count(*) AND min(c.value) = max(c.value)
  AND (min(c.value) <> 0 OR bool_and(float8send(c.value) = '\\x0000000000000000'))`;

/** Whether a sample is the first of a packed row, or the first that another write brought. */
const BEGINS = `(c.other_fetch OR ${STARTS})`;

/** The lock every writer takes first. Gives the class under which the query's packed rows are to lie. */
async function lockById(tx: Transaction, schema: string, queryId: number): Promise<string | undefined> {
  const [row] = await tx.rows(
    `SELECT ${schema}.promkeep_retention_class(retention) AS retention
     FROM ${schema}.promkeep_queries WHERE query_id = $1::bigint FOR NO KEY UPDATE`,
    [queryId]
  );
  return row === undefined ? undefined : String(row.retention);
}

/**
 * One statement: takes the samples out and puts packed rows in. A row is a piece of a series in which the distance between
 * samples is its shortest one; where there would be too many pieces, one row with the time of each sample. Writes that differ
 * only in when they were made are represented by the newest; inserted rows keep theirs.
 */
async function packSamples(
  tx: Transaction,
  schema: string,
  retention: string,
  { queryId, fromMs, untilMs }: ClosedPeriod,
  seriesIds: readonly number[]
): Promise<{ samples: number; rows: number }> {
  const [row] = await tx.rows(
    `WITH moved AS (
       DELETE FROM ${schema}.promkeep_samples s
       WHERE s.series_id = ANY ($1::bigint[]) AND s.time >= $2::timestamptz AND s.time < $3::timestamptz
       RETURNING s.series_id, s.time, s.value, s.fetch_id),
     stand_ins AS (
       SELECT f.fetch_id, CASE WHEN q.kind = 'inserted' THEN f.fetch_id ELSE max(f.fetch_id) OVER (
         PARTITION BY f.version, f.expression, f.prometheus_version, f.warnings) END AS newest
       FROM ${schema}.promkeep_fetches f JOIN ${schema}.promkeep_queries q ON q.query_id = $4::bigint
       WHERE f.fetch_id IN (SELECT moved.fetch_id FROM moved)),
     spaced AS (
       SELECT m.series_id, m.time, m.value, coalesce(i.newest, m.fetch_id) AS fetch_id, row_number() OVER w AS n,
         m.time - lag(m.time) OVER w AS distance,
         coalesce(i.newest, m.fetch_id) IS DISTINCT FROM lag(coalesce(i.newest, m.fetch_id)) OVER w AS other_fetch
       FROM moved m LEFT JOIN stand_ins i ON i.fetch_id = m.fetch_id
       WINDOW w AS (PARTITION BY m.series_id ORDER BY m.time)),
     stepped AS (
       SELECT s.*, min(s.distance) OVER whole AS step, max(${DIGITS}) OVER whole AS digits
       FROM spaced s WINDOW whole AS (PARTITION BY s.series_id)),
     scaled AS (
       SELECT s.*, ${POWER} AS power, CASE WHEN abs(s.value) <= 4503599627370496 THEN round(s.value * ${POWER}) END AS scaled
       FROM stepped s),
     cut AS (
       SELECT s.*, count(*) FILTER (WHERE s.distance <> s.step) OVER (PARTITION BY s.series_id) < ${MAX_PIECES} AS regular,
         count(*) FILTER (WHERE s.distance <> s.step) OVER (PARTITION BY s.series_id ORDER BY s.time) AS holes,
         s.scaled - lag(s.scaled) OVER (PARTITION BY s.series_id ORDER BY s.time) AS growth
       FROM scaled s),
     packed_rows AS (
       SELECT c.series_id, min(c.time) AS from_time, max(c.time) AS to_time, count(*) AS sample_count, c.regular,
         (extract(epoch FROM coalesce(c.step, '1 microsecond')) * 1000000)::bigint AS step_us, min(c.n) AS first,
         array_agg(c.time ORDER BY c.n) FILTER (WHERE NOT c.regular) AS times, array_agg(c.value ORDER BY c.n) AS sample_values,
         array_agg(CASE WHEN ${STARTS} THEN c.scaled ELSE c.growth END ORDER BY c.n) AS differences, bool_and(${EXACT}) AS exact,
         c.regular AND ${CONSTANT} AS constant, min(c.power) AS power,
         array_agg(c.fetch_id ORDER BY c.n) FILTER (WHERE ${BEGINS}) AS fetch_ids,
         array_agg(c.n ORDER BY c.n) FILTER (WHERE ${BEGINS}) AS fetch_starts
       FROM cut c
       GROUP BY c.series_id, c.regular, c.step, CASE WHEN c.regular THEN c.holes END, (c.n - 1) / ${MAX_ROW_SAMPLES}),
     packed AS (
       INSERT INTO ${schema}.promkeep_packed (retention, series_id, from_time, to_time, sample_count, step_us, offsets_us,
         sample_values, differences, divisor, fetch_ids, fetch_starts)
       SELECT $5::text, r.series_id, r.from_time, r.to_time, r.sample_count, CASE WHEN r.regular THEN r.step_us END,
         CASE WHEN NOT r.regular THEN (
           SELECT array_agg((extract(epoch FROM t.time - r.from_time) * 1000000)::bigint ORDER BY t.time)
           FROM unnest(r.times) AS t(time)) END,
         CASE WHEN r.constant THEN r.sample_values[1:1] WHEN r.exact THEN r.differences ELSE r.sample_values END,
         r.exact AND NOT r.constant, CASE WHEN r.constant THEN 0 WHEN r.exact AND r.power > 1 THEN r.power END, r.fetch_ids, (SELECT array_agg(f.n - r.first + 1 ORDER BY f.n) FROM unnest(r.fetch_starts) AS f(n))
       FROM packed_rows r
       RETURNING sample_count)
     SELECT count(*) AS rows, coalesce(sum(sample_count), 0) AS samples FROM packed`,
    [seriesIds, timeText(fromMs), timeText(untilMs), queryId, retention]
  );
  return { samples: Number(row.samples), rows: Number(row.rows) };
}
