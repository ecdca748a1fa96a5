import { type Database } from '../connect/database';
import { type ExpiryRun } from './expireRun';
import { leafTables } from '../schema/leafTables';

const BATCH_ROWS = 500;

/**
 * Packed rows follow their query into another class, some hundred a transaction, under the query's lock. A row that is longer
 * than a partition of the new class is taken apart instead, and packed anew by the next run of packing.
 */
export async function moveClasses({ database, schema, failures, signal }: Omit<ExpiryRun, 'plan'>): Promise<number> {
  const leaves = await database.transaction((tx) => leafTables(tx, schema, 'promkeep_packed'), {
    signal,
    readOnly: true,
  });
  const queries = new Set<number>();
  for (const leaf of leaves) {
    const rows = await database.transaction(
      (tx) =>
        tx.rows(
          `SELECT DISTINCT r.query_id FROM ${leaf} p
           JOIN ${schema}.promkeep_series r ON r.series_id = p.series_id
           JOIN ${schema}.promkeep_queries q ON q.query_id = r.query_id
           WHERE p.retention <> ${schema}.promkeep_retention_class(q.retention)`
        ),
      { signal, readOnly: true, purpose: 'upkeep' }
    );
    rows.forEach((row) => queries.add(Number(row.query_id)));
  }
  let moved = 0;
  for (const queryId of queries) {
    await failures.guard(queryId, async () => {
      for (let touched = BATCH_ROWS; touched > 0; moved += touched) {
        touched = await moveBatch(database, schema, queryId, signal);
      }
    });
  }
  return moved;
}

function moveBatch(database: Database, schema: string, queryId: number, signal: AbortSignal): Promise<number> {
  return database.transaction(
    async (tx) => {
      const [query] = await tx.rows(
        `SELECT ${schema}.promkeep_retention_class(retention) AS class,
           ${schema}.promkeep_partition_days(${schema}.promkeep_retention_class(retention)) * 86400000::bigint AS width
         FROM ${schema}.promkeep_queries WHERE query_id = $1::bigint FOR NO KEY UPDATE`,
        [queryId]
      );
      if (query === undefined) {
        return 0;
      }
      const rows = await tx.rows(
        `SELECT p.series_id, p.from_time::text AS from_time, p.retention,
           ${schema}.promkeep_period_start(p.from_time, $3::bigint) = ${schema}.promkeep_period_start(p.to_time, $3::bigint) AS fits
         FROM ${schema}.promkeep_packed p JOIN ${schema}.promkeep_series r ON r.series_id = p.series_id
         WHERE r.query_id = $1::bigint AND p.retention <> $2::text LIMIT ${BATCH_ROWS}`,
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
      await tx.run(
        `SELECT ${schema}.promkeep_ensure_packed_partition($1::text, at) FROM unnest($2::timestamptz[]) AS at`,
        [query.class, starts]
      );
      await tx.run(
        `UPDATE ${schema}.promkeep_packed p SET retention = $1::text
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
    { signal, purpose: 'upkeep' }
  );
}
