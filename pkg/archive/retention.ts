import { PromkeepError } from '../core/errors';
import { type Database } from './database';
import {
  deleteOrphanedRollups,
  expiredRollups,
  type ExpiryLimits,
  forgetUnstored,
  releaseExpired,
} from './expiryLimits';
import { shrinkLedger } from './ledgerExpiry';
import { type RollupRetention } from './rollupWidths';
import { timeText } from './sampleRows';
import { errorCode } from './sqlState';

/** What one run of expiry did. */
export interface ExpireOutcome {
  /** Packed rows moved to the class their query has now. */
  moved: number;
  /** Unpacked samples deleted. */
  deletedSamples: number;
  /** Names of partitions dropped. */
  dropped: string[];
  /** Partitions left for the next run because somebody was reading them for too long. */
  busy: string[];
}

interface Leaf {
  name: string;
  retention: string;
  /** Unix ms after its last sample. */
  endMs: number;
}

const DAY_MS = 86_400_000;
const BATCH_SAMPLES = 20_000;
const BATCH_ROWS = 500;
/** Whoever waits for this lock makes later readers wait too, hence not for long. */
const LOCK_TIMEOUT = '500ms';
const LOCK_NOT_AVAILABLE = '55P03';
const STATEMENT_TIMEOUT_MS = 300_000;
/** A week this old and empty is not expected to be written again soon; if it is, its partition is made again. */
const KEEP_EMPTY_WEEK_MS = 14 * DAY_MS;

/**
 * Removes what is older than its query's retention class, and nothing else: a class that cannot be read counts as forever.
 * What is packed goes when its whole partition (one or four weeks) has expired, the rest within a run. Coverage shrinks first,
 * so that the ledger never claims what is gone. Short transactions only; may be killed at any moment.
 */
export async function expire(
  database: Database,
  schema: string,
  nowMs: number,
  rollups: RollupRetention,
  signal: AbortSignal
): Promise<ExpireOutcome> {
  const outcome: ExpireOutcome = { moved: 0, deletedSamples: 0, dropped: [], busy: [] };
  await forgetUnstored(database, schema, rollups, signal);
  await shrinkLedger(database, schema, nowMs, rollups, signal);
  outcome.moved = await moveClasses(database, schema, signal);
  const limits = await releaseExpired(database, schema, nowMs, rollups, signal);
  for (const leaf of await expiredLeaves(database, schema, nowMs, signal)) {
    await dropOne(
      database,
      outcome,
      signal,
      schema,
      leaf.name,
      `promkeep_packed_${leaf.retention}`,
      strangersIn(schema, leaf, limits)
    );
  }
  for (const name of await sampleLeaves(database, schema, signal)) {
    outcome.deletedSamples += await deleteExpired(database, schema, name, nowMs, limits, signal);
    if (startMs(name) + 7 * DAY_MS < nowMs - KEEP_EMPTY_WEEK_MS) {
      await dropOne(
        database,
        outcome,
        signal,
        schema,
        name,
        'promkeep_samples',
        `SELECT 1 FROM ${schema}.${name} LIMIT 1`
      );
    }
  }
  for (const { name, parent } of await expiredRollups(database, schema, nowMs, rollups, signal)) {
    await dropOne(database, outcome, signal, schema, name, parent, 'SELECT 1 LIMIT 0');
  }
  await deleteOrphanedRollups(database, schema, signal);
  return outcome;
}

/** Rows of a query that has another class by now, or no stored rollups yet, must outlive this partition. */
function strangersIn(schema: string, { name, retention, endMs }: Leaf, { queryIds, limits }: ExpiryLimits): string {
  const early = queryIds.filter((_, i) => !(Date.parse(limits[i]) >= endMs));
  return `SELECT 1 FROM ${schema}."${name}" p JOIN ${schema}.promkeep_series r ON r.series_id = p.series_id
    JOIN ${schema}.promkeep_queries q ON q.query_id = r.query_id
    WHERE ${schema}.promkeep_retention_class(q.retention) <> '${retention}' OR q.query_id = ANY ('{${early.join(',')}}') LIMIT 1`;
}

function startMs(partition: string): number {
  const [, year, month, day] = /(?<!\d)(\d{4,})(\d\d)(\d\d)$/.exec(partition) ?? [];
  return Date.parse(`${year}-${month}-${day}T00:00:00Z`);
}

/**
 * Packed rows follow their query into another class, some hundred a transaction, under the query's lock. A row that is longer
 * than a partition of the new class is taken apart instead, and packed anew by the next run of packing.
 */
async function moveClasses(database: Database, schema: string, signal: AbortSignal): Promise<number> {
  const queries = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT DISTINCT r.query_id FROM ${schema}.promkeep_packed p
         JOIN ${schema}.promkeep_series r ON r.series_id = p.series_id
         JOIN ${schema}.promkeep_queries q ON q.query_id = r.query_id
         WHERE p.retention <> ${schema}.promkeep_retention_class(q.retention)`
      ),
    { signal, readOnly: true, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
  );
  let moved = 0;
  for (const { query_id: queryId } of queries) {
    for (let touched = BATCH_ROWS; touched > 0; moved += touched) {
      touched = await moveBatch(database, schema, Number(queryId), signal);
    }
  }
  return moved;
}

function moveBatch(database: Database, schema: string, queryId: number, signal: AbortSignal): Promise<number> {
  return database.transaction(
    async (tx) => {
      const [query] = await tx.rows(
        `SELECT ${schema}.promkeep_retention_class(retention) AS class,
           ${schema}.promkeep_partition_days(${schema}.promkeep_retention_class(retention)) * 86400000::bigint AS width
         FROM ${schema}.promkeep_queries WHERE query_id = $1 FOR NO KEY UPDATE`,
        [queryId]
      );
      if (query === undefined) {
        return 0;
      }
      const rows = await tx.rows(
        `SELECT p.series_id, p.from_time::text AS from_time, p.retention,
           ${schema}.promkeep_period_start(p.from_time, $3) = ${schema}.promkeep_period_start(p.to_time, $3) AS fits
         FROM ${schema}.promkeep_packed p JOIN ${schema}.promkeep_series r ON r.series_id = p.series_id
         WHERE r.query_id = $1 AND p.retention <> $2 LIMIT ${BATCH_ROWS}`,
        [queryId, query.class, query.width]
      );
      for (const { series_id: seriesId, from_time: fromTime } of rows.filter(({ fits }) => fits !== true)) {
        await tx.run(`SELECT ${schema}.promkeep_take_apart(ARRAY[$1::bigint], $2::timestamptz, $2::timestamptz)`, [
          seriesId,
          fromTime,
        ]);
      }
      const fitting = rows.filter(({ fits }) => fits === true);
      const starts = [...new Set(fitting.map(({ from_time: at }) => at))];
      await tx.run(`SELECT ${schema}.promkeep_ensure_packed_partition($1, at) FROM unnest($2::timestamptz[]) AS at`, [
        query.class,
        starts,
      ]);
      await tx.run(
        `UPDATE ${schema}.promkeep_packed p SET retention = $1
         FROM unnest($2::bigint[], $3::timestamptz[], $4::text[]) AS n(series_id, from_time, retention)
         WHERE p.series_id = n.series_id AND p.from_time = n.from_time AND p.retention = n.retention`,
        [
          query.class,
          fitting.map(({ series_id: id }) => id),
          fitting.map(({ from_time: at }) => at),
          fitting.map(({ retention }) => retention),
        ]
      );
      return rows.length;
    },
    { signal, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
  );
}

/** Partitions of packed rows whose last possible time has expired. */
async function expiredLeaves(database: Database, schema: string, nowMs: number, signal: AbortSignal): Promise<Leaf[]> {
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT leaf.relname AS name, named.retention, ${schema}.promkeep_partition_days(named.retention) AS days
         FROM pg_inherits outer_level
         JOIN pg_class class ON class.oid = outer_level.inhrelid
         JOIN pg_inherits inner_level ON inner_level.inhparent = class.oid
         JOIN pg_class leaf ON leaf.oid = inner_level.inhrelid
         CROSS JOIN LATERAL (SELECT substr(class.relname, length('promkeep_packed_') + 1) AS retention) named
         WHERE outer_level.inhparent = $1::regclass
           AND to_date(right(leaf.relname, 8), 'YYYYMMDD') + ${schema}.promkeep_partition_days(named.retention)
             + ${schema}.promkeep_retention_days(named.retention) <= ($2::timestamptz AT TIME ZONE 'UTC')::date
         ORDER BY leaf.relname`,
        [`${schema}.promkeep_packed`, timeText(nowMs)]
      ),
    { signal, readOnly: true }
  );
  return rows.map((row) => {
    const name = String(row.name);
    return { name, retention: String(row.retention), endMs: startMs(name) + Number(row.days) * DAY_MS };
  });
}

async function sampleLeaves(database: Database, schema: string, signal: AbortSignal): Promise<string[]> {
  const rows = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = $1::regclass ORDER BY c.relname`,
        [`${schema}.promkeep_samples`]
      ),
    { signal, readOnly: true }
  );
  return rows.map(({ name }) => String(name));
}

async function deleteExpired(
  database: Database,
  schema: string,
  partition: string,
  nowMs: number,
  { queryIds, limits }: ExpiryLimits,
  signal: AbortSignal
): Promise<number> {
  let total = 0;
  for (let deleted = BATCH_SAMPLES; deleted === BATCH_SAMPLES; total += deleted) {
    deleted = await database.transaction(
      (tx) =>
        tx.run(
          `DELETE FROM ${schema}.${partition} WHERE ctid = ANY (ARRAY(
             SELECT s.ctid FROM ${schema}.promkeep_queries q
             JOIN ${schema}.promkeep_series r ON r.query_id = q.query_id
             JOIN ${schema}.${partition} s ON s.series_id = r.series_id
             LEFT JOIN unnest($2::bigint[], $3::timestamptz[]) AS l(query_id, at) ON l.query_id = q.query_id
             WHERE s.time < least(l.at, $1::timestamptz - interval '24 hours' * ${schema}.promkeep_retention_days(q.retention))
             LIMIT ${BATCH_SAMPLES}))`,
          [timeText(nowMs), queryIds, limits]
        ),
      { signal, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
    );
  }
  return total;
}

/** Drops a partition unless `reasonToKeep` gives a row: asked once without a lock, and again under the lock that keeps all others away. */
async function dropOne(
  database: Database,
  outcome: ExpireOutcome,
  signal: AbortSignal,
  schema: string,
  name: string,
  parent: string,
  reasonToKeep: string
): Promise<void> {
  try {
    const dropped = await database.transaction(
      async (tx) => {
        if ((await tx.rows(reasonToKeep)).length > 0) {
          return false;
        }
        await tx.run(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        await tx.run(`LOCK TABLE ONLY ${schema}."${parent}", ONLY ${schema}."${name}" IN ACCESS EXCLUSIVE MODE`);
        if ((await tx.rows(reasonToKeep)).length > 0) {
          return false;
        }
        await tx.run(`DROP TABLE IF EXISTS ${schema}."${name}"`);
        return true;
      },
      { signal, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
    );
    if (dropped) {
      outcome.dropped.push(name);
    }
  } catch (error) {
    if (!(error instanceof PromkeepError) || errorCode(error.cause) !== LOCK_NOT_AVAILABLE) {
      throw error;
    }
    outcome.busy.push(name);
  }
}
