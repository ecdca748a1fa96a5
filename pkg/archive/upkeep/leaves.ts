import { type Transaction } from '../connect/database';

/** The tables that hold the rows of a partitioned one, quoted, oldest first. A statement for each does not grow with the archive. */
export async function leafTables(tx: Pick<Transaction, 'rows'>, table: string): Promise<string[]> {
  const rows = await tx.rows(
    `SELECT format('%I', c.relname) AS name FROM pg_partition_tree(to_regclass($1::text)) t
     JOIN pg_class c ON c.oid = t.relid WHERE t.isleaf AND c.relkind = 'r' ORDER BY c.relname`,
    [table]
  );
  return rows.map(({ name }) => String(name));
}

/** Begin of the period in a partition's name, Unix ms; NaN where there is none. */
export function startMs(partition: string): number {
  const [, year, month, day] = /(?<!\d)(\d{4,})(\d\d)(\d\d)$/.exec(partition) ?? [];
  return Date.parse(`${year}-${month}-${day}T00:00:00Z`);
}
