import { timeText } from '../write/sampleRows';
import { type ExpiryLimits } from './expireLimits';
import { startMs } from './leaves';
import { type UpkeepRun } from './upkeepRun';

/** A partition of packed rows of one class. Names are quoted. */
export interface PackedLeaf {
  name: string;
  parent: string;
  /** Unix ms after its last sample. */
  endMs: number;
}

const DAY_MS = 86_400_000;
const BATCH_SAMPLES = 20_000;
const BATCH_ROWS = 500;

/** The limits as a table `l`; of a query that has another class by now there is none. */
export const LIMITS = `unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS l(query_id, at, retention)
   JOIN promkeep_queries q ON q.query_id = l.query_id AND q.retention = l.retention`;

export const bindLimits = ({ queryIds, limits, retentions }: ExpiryLimits): unknown[] => [queryIds, limits, retentions];

/** Partitions of packed rows whose last possible time has expired. */
export async function expiredLeaves(run: UpkeepRun): Promise<PackedLeaf[]> {
  const rows = await run.rows(
    `SELECT format('%I', leaf.relname) AS name, format('%I', class.relname) AS parent, promkeep_partition_days(named.retention) AS days
     FROM pg_inherits outer_level
     JOIN pg_class class ON class.oid = outer_level.inhrelid
     JOIN pg_inherits inner_level ON inner_level.inhparent = class.oid
     JOIN pg_class leaf ON leaf.oid = inner_level.inhrelid
     CROSS JOIN LATERAL (SELECT substr(class.relname, length('promkeep_packed_') + 1) AS retention) named
     WHERE outer_level.inhparent = 'promkeep_packed'::regclass
       AND to_date(right(leaf.relname, 8), 'YYYYMMDD') + promkeep_partition_days(named.retention)
         + promkeep_retention_days(named.retention) <= ($1::timestamptz AT TIME ZONE 'UTC')::date
     ORDER BY leaf.relname`,
    [timeText(run.nowMs)]
  );
  return rows.map((row) => {
    const name = String(row.name);
    return { name, parent: String(row.parent), endMs: startMs(name) + Number(row.days) * DAY_MS };
  });
}

/** Finds rows that must outlive this partition: those of queries of another class, or whose limit lies before its end. */
export function strangersIn(
  { name, endMs }: PackedLeaf,
  limits: ExpiryLimits
): { reasonToKeep: string; values: unknown[] } {
  return {
    reasonToKeep: `SELECT 1 FROM ${name} p JOIN promkeep_series r ON r.series_id = p.series_id
      WHERE NOT EXISTS (SELECT 1 FROM ${LIMITS}
        WHERE l.query_id = r.query_id AND l.at >= $4::timestamptz AND promkeep_retention_class(q.retention) = p.retention)
      LIMIT 1`,
    values: [...bindLimits(limits), timeText(endMs)],
  };
}

/** Of a partition that has to stay for some queries, the rows of the others: one query must not keep what others wanted gone. */
export async function deleteExpiredRows(run: UpkeepRun, leaf: PackedLeaf, limits: ExpiryLimits): Promise<number> {
  const statement = `DELETE FROM ${leaf.name} WHERE ctid = ANY (ARRAY(
     SELECT p.ctid FROM ${LIMITS}
     JOIN promkeep_series r ON r.query_id = l.query_id
     JOIN ${leaf.name} p ON p.series_id = r.series_id
     WHERE l.at >= $4::timestamptz AND promkeep_retention_class(q.retention) = p.retention LIMIT ${BATCH_ROWS}))`;
  return run.drain(BATCH_ROWS, (tx) => tx.run(statement, [...bindLimits(limits), timeText(leaf.endMs)]));
}

/** Removes what has expired from a partition of samples. What fails for all together is tried query by query. */
export async function deleteExpired(run: UpkeepRun, partition: string, limits: ExpiryLimits): Promise<number> {
  const statement = `DELETE FROM ${partition} WHERE ctid = ANY (ARRAY(
     SELECT s.ctid FROM ${LIMITS}
     JOIN promkeep_series r ON r.query_id = l.query_id
     JOIN ${partition} s ON s.series_id = r.series_id
     WHERE s.time < l.at LIMIT ${BATCH_SAMPLES}))`;
  const deleteOf = (some: ExpiryLimits): Promise<number> =>
    run.drain(BATCH_SAMPLES, (tx) => tx.run(statement, bindLimits(some)));
  const together = await run.failures.attempt(() => deleteOf(limits));
  if (together !== undefined) {
    return together;
  }
  let total = 0;
  for (const [i, queryId] of limits.queryIds.entries()) {
    const one = { queryIds: [queryId], limits: [limits.limits[i]], retentions: [limits.retentions[i]] };
    total += (await run.failures.guard(queryId, () => deleteOf(one))) ?? 0;
  }
  return total;
}
