import { type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { leafTables } from './leaves';
import { type UpkeepRun } from './upkeepRun';

const BATCH_ROWS = 500;

/**
 * Packed rows follow their query into another class, some hundred a transaction, under the query's lock. A row that is longer
 * than a partition of the new class is taken apart instead, and packed anew by the next run of packing.
 */
export async function moveClasses(run: UpkeepRun): Promise<number> {
  const queries = new Set<number>();
  for (const leaf of await leafTables(run, 'promkeep_packed')) {
    const rows = await run.rows(
      `SELECT DISTINCT r.query_id FROM ${leaf} p
       JOIN promkeep_series r ON r.series_id = p.series_id
       JOIN promkeep_queries q ON q.query_id = r.query_id
       WHERE p.retention <> promkeep_retention_class(q.retention)`
    );
    rows.forEach((row) => queries.add(Number(row.query_id)));
  }
  let moved = 0;
  for (const queryId of queries) {
    const work = (): Promise<number> => run.drain(BATCH_ROWS, (tx) => moveBatch(tx, queryId));
    moved += (await run.failures.guard(queryId, work)) ?? 0;
  }
  return moved;
}

async function moveBatch(tx: Transaction, queryId: number): Promise<number> {
  const query = await lockById(tx, queryId);
  if (query === undefined) {
    return 0;
  }
  const rows = await tx.rows(
    `SELECT p.series_id, p.from_time::text AS from_time, p.retention,
       promkeep_period_start(p.from_time, w.ms) = promkeep_period_start(p.to_time, w.ms) AS fits
     FROM promkeep_packed p JOIN promkeep_series r ON r.series_id = p.series_id
     CROSS JOIN (SELECT promkeep_partition_days($2::text) * 86400000::bigint AS ms) w
     WHERE r.query_id = $1::bigint AND p.retention <> $2::text LIMIT ${BATCH_ROWS}`,
    [queryId, query.packedClass]
  );
  for (const { series_id: seriesId, from_time: fromTime } of rows.filter(({ fits }) => fits !== true)) {
    await tx.run('SELECT promkeep_take_apart(ARRAY[$1::bigint], $2::timestamptz, $2::timestamptz)', [
      seriesId,
      fromTime,
    ]);
  }
  const fitting = rows.filter(({ fits }) => fits === true);
  const starts = fitting.map(({ from_time: at }) => at);
  await tx.run(
    'SELECT promkeep_ensure_packed_partition($1::text, at) FROM (SELECT DISTINCT unnest($2::timestamptz[]) AS at) n',
    [query.packedClass, starts]
  );
  await tx.run(
    `UPDATE promkeep_packed p SET retention = $1::text
     FROM unnest($2::bigint[], $3::timestamptz[], $4::text[]) AS n(series_id, from_time, retention)
     WHERE p.series_id = n.series_id AND p.from_time = n.from_time AND p.retention = n.retention`,
    [query.packedClass, fitting.map(({ series_id: id }) => id), starts, fitting.map(({ retention }) => retention)]
  );
  return rows.length;
}
