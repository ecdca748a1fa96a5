import { type Row, type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { int4Array, int8Array } from '../write/binaryArrays';
import { timeText } from '../write/sampleRows';
import { type ExpiryLimits } from './expireLimits';
import { bindLimits, LIMITS } from './expiredSamples';
import { leafTables, startMs } from './leaves';
import { type UpkeepRun } from './upkeepRun';

/** A weekly partition of chunks in which something may have expired. Its name is quoted. */
interface ChunkLeaf {
  name: string;
  parent: string;
  endMs: number;
}

const WEEK_MS = 7 * 86_400_000;
const BATCH_ROWS = 5_000;

/** The limits of definitions of raw series. */
export async function rawLimits(run: UpkeepRun, limits: ExpiryLimits): Promise<ExpiryLimits> {
  const rows = await run.rows(
    'SELECT q.query_id FROM promkeep_queries q WHERE q.raw AND q.query_id = ANY ($1::bigint[])',
    [limits.queryIds]
  );
  const raw = new Set(rows.map((row) => Number(row.query_id)));
  const isRaw = (_: unknown, i: number): boolean => raw.has(limits.queryIds[i]);
  return {
    queryIds: limits.queryIds.filter(isRaw),
    limits: limits.limits.filter(isRaw),
    retentions: limits.retentions.filter(isRaw),
  };
}

/** Partitions that begin before the youngest limit. */
export async function chunkLeaves(run: UpkeepRun, { limits }: ExpiryLimits): Promise<ChunkLeaf[]> {
  const youngestMs = limits.reduce((youngest, at) => Math.max(youngest, Date.parse(at)), -Infinity);
  const leaves = await leafTables(run, 'promkeep_chunks');
  return leaves
    .filter((name) => startMs(name) < youngestMs)
    .map((name) => ({ name, parent: 'promkeep_chunks', endMs: startMs(name) + WEEK_MS }));
}

/** Finds rows that must outlive a partition: those of queries whose limit lies before its end, or that have none. */
export function chunksToKeep(
  { name, endMs }: ChunkLeaf,
  limits: ExpiryLimits
): { reasonToKeep: string; values: unknown[] } {
  return {
    reasonToKeep: `SELECT 1 FROM ${name} c JOIN promkeep_raw_series r ON r.series_id = c.series_id
      WHERE NOT EXISTS (SELECT 1 FROM ${LIMITS} WHERE l.query_id = r.query_id AND l.at >= $4::timestamptz) LIMIT 1`,
    values: [...bindLimits(limits), timeText(endMs)],
  };
}

/** Removes rows that have expired as a whole, and series of which nothing is left then. */
export async function deleteExpiredChunks(run: UpkeepRun, { name }: ChunkLeaf, limits: ExpiryLimits): Promise<number> {
  let total = 0;
  for (const [i, queryId] of limits.queryIds.entries()) {
    const labels = new Set<number>();
    const deleteBatch = async (tx: Transaction): Promise<number> => {
      if ((await lockById(tx, queryId))?.retention !== limits.retentions[i]) {
        return 0;
      }
      const rows = await tx.rows(
        `DELETE FROM ${name} WHERE ctid = ANY (ARRAY(
           SELECT c.ctid FROM promkeep_raw_series r JOIN ${name} c ON c.series_id = r.series_id
           WHERE r.query_id = $1::bigint AND c.to_time < $2::timestamptz LIMIT ${BATCH_ROWS})) RETURNING series_id`,
        [queryId, limits.limits[i]]
      );
      await deleteEmpty(tx, [...new Set(rows.map((row) => Number(row.series_id)))], labels);
      return rows.length;
    };
    if (Date.parse(limits.limits[i]) > startMs(name)) {
      total += (await run.failures.guard(queryId, () => run.drain(BATCH_ROWS, deleteBatch))) ?? 0;
      await deleteLabels(run, labels);
    }
  }
  return total;
}

/** Forgets series of which a partition that was dropped had all. */
export async function forgetEmptySeries(run: UpkeepRun): Promise<void> {
  const queries = await run.rows('SELECT q.query_id FROM promkeep_queries q WHERE q.raw ORDER BY q.query_id');
  for (const queryId of queries.map((row) => Number(row.query_id))) {
    const labels = new Set<number>();
    await run.failures.guard(queryId, async () => {
      for (let last = 0, found = BATCH_ROWS; found === BATCH_ROWS;) {
        const ids = await run.batch((tx) => forgetPage(tx, queryId, last, labels));
        found = ids.length;
        last = ids.at(-1) ?? last;
      }
    });
    await deleteLabels(run, labels);
  }
}

async function forgetPage(tx: Transaction, queryId: number, last: number, labels: Set<number>): Promise<number[]> {
  await lockById(tx, queryId);
  const rows = await tx.rows(
    `SELECT r.series_id FROM promkeep_raw_series r WHERE r.query_id = $1::bigint AND r.series_id > $2::bigint
     ORDER BY r.series_id LIMIT ${BATCH_ROWS}`,
    [queryId, last]
  );
  const page = rows.map((row) => Number(row.series_id));
  await deleteEmpty(tx, page, labels);
  return page;
}

/**
 * The caller holds the query's lock: whoever writes chunks of a series has found it behind that lock.
 *
 * @param labels those of the series that go are added
 */
async function deleteEmpty(tx: Transaction, seriesIds: readonly number[], labels: Set<number>): Promise<void> {
  if (seriesIds.length > 0) {
    const rows = await tx.rows(
      `DELETE FROM promkeep_raw_series r WHERE r.series_id = ANY ($1::bigint[])
       AND NOT EXISTS (SELECT 1 FROM promkeep_chunks c WHERE c.series_id = r.series_id) RETURNING r.label_ids::text AS label_ids`,
      [int8Array(seriesIds)]
    );
    addLabels(labels, rows);
  }
}

/** Removes series of a query whose chunks are gone. Their labels are added to `labels`. @returns how many series */
export async function deleteSeries(
  tx: Transaction,
  queryId: number,
  limit: number,
  labels: Set<number>
): Promise<number> {
  const rows = await tx.rows(
    `DELETE FROM promkeep_raw_series WHERE series_id = ANY (ARRAY(
       SELECT r.series_id FROM promkeep_raw_series r WHERE r.query_id = $1::bigint LIMIT $2::bigint))
     RETURNING label_ids::text AS label_ids`,
    [queryId, limit]
  );
  addLabels(labels, rows);
  return rows.length;
}

function addLabels(labels: Set<number>, rows: readonly Row[]): void {
  for (const row of rows) {
    const text = String(row.label_ids);
    text
      .slice(1, -1)
      .split(',')
      .filter(Boolean)
      .forEach((id) => labels.add(Number(id)));
  }
}

/**
 * Removes those of some labels that no series has any more. Whoever refers to a label that is there holds a lock on the table
 * (`resolveRaw`) that keeps this out; where that takes long they stay, which costs a row each.
 */
export async function deleteLabels(run: UpkeepRun, labels: ReadonlySet<number>): Promise<void> {
  const ids = [...labels];
  for (let start = 0; start < ids.length; start += BATCH_ROWS) {
    await run.unlessBusy(async (tx) => {
      await tx.run('LOCK TABLE promkeep_labels IN SHARE ROW EXCLUSIVE MODE');
      await tx.run(
        `DELETE FROM promkeep_labels l WHERE l.label_id = ANY ($1::integer[])
         AND NOT EXISTS (SELECT 1 FROM promkeep_raw_series r WHERE r.label_ids @> ARRAY[l.label_id])`,
        [int4Array(ids.slice(start, start + BATCH_ROWS))]
      );
    });
  }
}
