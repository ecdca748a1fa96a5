import { PromkeepError } from '../../core/model/errors';
import { type Database, type Transaction } from '../connect/database';
import { causeCode } from '../connect/sqlState';

const DEFAULT_SCHEMA = 'promkeep';
/** The schema is only on the search path when it is known to be ours. */
export const CATALOG = { searchPath: 'catalog' } as const;

/** Double quotes as SQL wants them. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * The schema that was asked for; else the one that holds an archive already or is the role's own, if it is the first on the
 * role's path; else `promkeep`. Not `public`, where others may create on many servers.
 */
export async function resolveSchema(database: Database, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) {
    return wanted;
  }
  // Qualified, and read as it comes: on the role's own path `text` and `=` may be somebody else's.
  const current = await database.rows('SELECT pg_catalog.current_schema() AS name', [], { searchPath: 'role' });
  const name = current[0].name;
  if (typeof name !== 'string') {
    return DEFAULT_SCHEMA;
  }
  const found = await database.transaction((tx) => isOurs(tx, name), { ...CATALOG, readOnly: true });
  return found ? name : DEFAULT_SCHEMA;
}

/** Whether the role's current schema is its own, or holds an archive that no stranger has put there. */
async function isOurs(tx: Transaction, name: string): Promise<boolean> {
  const [schema] = await tx.rows(
    `SELECT n.nspowner = r.oid AND n.nspname <> 'public' AS own, EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid
       AND c.relname = 'promkeep_migrations' AND pg_has_role(c.relowner, 'MEMBER')) AS used
     FROM pg_namespace n, pg_roles r WHERE n.nspname = $1::text AND r.rolname = current_user`,
    [name]
  );
  return (
    schema?.own === true || (schema?.used === true && !(await tableExists(tx, DEFAULT_SCHEMA, 'promkeep_migrations')))
  );
}

/** Makes the schema unless it is there. Throws `ARCHIVE_DENIED` where the role may not; the message has the statement that helps. */
export async function ensureSchema(database: Database, name: string): Promise<void> {
  const found = await database.rows('SELECT 1 FROM pg_namespace n WHERE n.nspname = $1::text', [name], CATALOG);
  if (found.length === 0) {
    try {
      await database.transaction((tx) => tx.run(`CREATE SCHEMA IF NOT EXISTS ${quoteName(name)}`), CATALOG);
    } catch (error) {
      throw causeCode(error) === '42501' ? mayNotCreate(name, error) : error;
    }
  }
}

function mayNotCreate(name: string, cause: unknown): PromkeepError {
  const message =
    `The archive's role may not create the schema ${name}. Let the database's owner run CREATE SCHEMA ${quoteName(name)} ` +
    'AUTHORIZATION with the name of that role, or set archive.schema to one it owns';
  return new PromkeepError('ARCHIVE_DENIED', message, { cause });
}

/** Reads the catalog itself: `to_regclass` may answer from a cache that has not heard of the last commit of another session. */
export async function tableExists(tx: Transaction, schema: string, table: string): Promise<boolean> {
  const rows = await tx.rows(
    `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1::text AND c.relname = $2::text`,
    [schema, table]
  );
  return rows.length > 0;
}
