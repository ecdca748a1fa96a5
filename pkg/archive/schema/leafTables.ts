import { type Transaction } from '../connect/database';

/** The tables that hold the rows of a partitioned one, quoted and with their schema. A statement for each does not grow with the archive. */
export async function leafTables(tx: Transaction, schema: string, table: string): Promise<string[]> {
  const rows = await tx.rows(
    `SELECT format('%s.%I', $2::text, c.relname) AS name FROM pg_partition_tree(to_regclass($1::text)) t
     JOIN pg_class c ON c.oid = t.relid WHERE t.isleaf AND c.relkind = 'r' ORDER BY c.relname`,
    [`${schema}.${table}`, schema]
  );
  return rows.map(({ name }) => String(name));
}
