import { type ExpiryLimits } from './expireLimits';
import { type ExpiryRun } from './expireRun';
import { timeText } from '../write/sampleRows';

/** A partition of packed rows of one class. */
export interface PackedLeaf {
  name: string;
  retention: string;
  /** Unix ms after its last sample. */
  endMs: number;
}

const DAY_MS = 86_400_000;
const BATCH_SAMPLES = 20_000;
const BATCH_ROWS = 500;

/** The limits as a table `l`; of a query that has another class by now there is none. */
const limitsFrom = (schema: string): string =>
  `unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS l(query_id, at, retention)
   JOIN ${schema}.promkeep_queries q ON q.query_id = l.query_id AND q.retention = l.retention`;

const bindLimits = ({ queryIds, limits, retentions }: ExpiryLimits): unknown[] => [queryIds, limits, retentions];

/** Partitions of packed rows whose last possible time has expired. */
export async function expiredLeaves({ database, schema, nowMs, signal }: ExpiryRun): Promise<PackedLeaf[]> {
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

/** Finds rows that must outlive this partition: those of queries of another class, or whose limit lies before its end. */
export function strangersIn(
  schema: string,
  { name, endMs }: PackedLeaf,
  limits: ExpiryLimits
): { reasonToKeep: string; values: unknown[] } {
  return {
    reasonToKeep: `SELECT 1 FROM ${schema}."${name}" p JOIN ${schema}.promkeep_series r ON r.series_id = p.series_id
      WHERE NOT EXISTS (SELECT 1 FROM ${limitsFrom(schema)}
        WHERE l.query_id = r.query_id AND l.at >= $4::timestamptz AND ${schema}.promkeep_retention_class(q.retention) = p.retention)
      LIMIT 1`,
    values: [...bindLimits(limits), timeText(endMs)],
  };
}

/** Of a partition that has to stay for some queries, the rows of the others: one query must not keep what others wanted gone. */
export async function deleteExpiredRows(run: ExpiryRun, leaf: PackedLeaf, limits: ExpiryLimits): Promise<number> {
  const { database, schema, signal } = run;
  const statement = `DELETE FROM ${schema}."${leaf.name}" WHERE ctid = ANY (ARRAY(
     SELECT p.ctid FROM ${limitsFrom(schema)}
     JOIN ${schema}.promkeep_series r ON r.query_id = l.query_id
     JOIN ${schema}."${leaf.name}" p ON p.series_id = r.series_id
     WHERE l.at >= $4::timestamptz AND ${schema}.promkeep_retention_class(q.retention) = p.retention LIMIT ${BATCH_ROWS}))`;
  return inBatches(BATCH_ROWS, () =>
    database.transaction((tx) => tx.run(statement, [...bindLimits(limits), timeText(leaf.endMs)]), {
      signal,
      purpose: 'upkeep',
    })
  );
}

/** Names of the weekly partitions of samples. */
export async function sampleLeaves({ database, schema, signal }: ExpiryRun): Promise<string[]> {
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

/** Removes what has expired from a partition of samples. What fails for all together is tried query by query. */
export async function deleteExpired(run: ExpiryRun, partition: string, limits: ExpiryLimits): Promise<number> {
  const { failures } = run;
  const together = await failures.attempt(() => deleteFrom(run, partition, limits));
  if (together !== undefined) {
    return together;
  }
  let total = 0;
  for (const [i, queryId] of limits.queryIds.entries()) {
    const one = { queryIds: [queryId], limits: [limits.limits[i]], retentions: [limits.retentions[i]] };
    total += (await failures.guard(queryId, () => deleteFrom(run, partition, one))) ?? 0;
  }
  return total;
}

function deleteFrom({ database, schema, signal }: ExpiryRun, partition: string, limits: ExpiryLimits): Promise<number> {
  const statement = `DELETE FROM ${schema}."${partition}" WHERE ctid = ANY (ARRAY(
     SELECT s.ctid FROM ${limitsFrom(schema)}
     JOIN ${schema}.promkeep_series r ON r.query_id = l.query_id
     JOIN ${schema}."${partition}" s ON s.series_id = r.series_id
     WHERE s.time < l.at LIMIT ${BATCH_SAMPLES}))`;
  return inBatches(BATCH_SAMPLES, () =>
    database.transaction((tx) => tx.run(statement, bindLimits(limits)), {
      signal,
      purpose: 'upkeep',
    })
  );
}

async function inBatches(size: number, work: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let deleted = size; deleted === size; total += deleted) {
    deleted = await work();
  }
  return total;
}

/** Begin of the period in a partition's name, Unix ms. */
export function startMs(partition: string): number {
  const [, year, month, day] = /(?<!\d)(\d{4,})(\d\d)(\d\d)$/.exec(partition) ?? [];
  return Date.parse(`${year}-${month}-${day}T00:00:00Z`);
}
