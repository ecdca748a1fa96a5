import { PromkeepError } from '../../core/model/errors';
import { type Database, type Transaction } from '../connect/database';
import { type Migration, MIGRATIONS } from './migrations/list';
import { requireOwnSchema } from './schemaSafety';
import { errorCode } from '../connect/sqlState';

export const DEFAULT_SCHEMA = 'promkeep';
const LOCK_TIMEOUT = '10s';
const OTHERS_TIMEOUT = '60s';
/** The schema is only on the search path when it is known to be ours. */
const CATALOG = { searchPath: 'catalog' } as const;

/** A schema that is ready for use. */
export interface ReadySchema {
  /** Quoted, for statements. */
  quoted: string;
  name: string;
  from: number;
  to: number;
}

/**
 * Brings the schema up to date and resolves when it is. Every migration has its own transaction under a transaction-level
 * lock, so programs that start together wait for each other and each step is done once.
 * Throws `ARCHIVE_NEWER` when the database was migrated by a newer Promkeep, `SETTINGS_INVALID` when others may create in the schema.
 *
 * @param wanted name of the schema; absent: see `resolveSchema`
 */
export async function migrateSchema(
  database: Database,
  wanted: string | undefined,
  migrations: readonly Migration[] = MIGRATIONS
): Promise<ReadySchema> {
  const name = await resolveSchema(database, wanted);
  const quoted = quoteName(name);
  await ensureSchema(database, name);
  const from = await database.transaction(
    async (tx) => {
      await requireOwnSchema(tx, name);
      return readVersion(tx, name);
    },
    { ...CATALOG, readOnly: true }
  );
  let version = from;
  while (version < migrations.length) {
    version = await database.transaction((tx) => applyNext(tx, name, migrations), {
      ...CATALOG,
      purpose: 'migration',
    });
  }
  if (version > migrations.length) {
    throw new PromkeepError(
      'ARCHIVE_NEWER',
      `The archive has schema version ${version}, this Promkeep knows versions up to ${migrations.length}: update Promkeep`
    );
  }
  database.useSchema({ name, quoted });
  return { quoted, name, from, to: version };
}

/** Double quotes as SQL wants them. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * The schema that was asked for; else the one that holds an archive already or is the role's own, if it is the first on the
 * role's path; else `promkeep`. Not `public`, where others may create on many servers.
 */
async function resolveSchema(database: Database, wanted: string | undefined): Promise<string> {
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

async function ensureSchema(database: Database, name: string): Promise<void> {
  const found = await database.rows('SELECT 1 FROM pg_namespace n WHERE n.nspname = $1::text', [name], CATALOG);
  if (found.length === 0) {
    try {
      await database.transaction((tx) => tx.run(`CREATE SCHEMA IF NOT EXISTS ${quoteName(name)}`), CATALOG);
    } catch (error) {
      throw errorCode(error instanceof Error ? error.cause : undefined) === '42501' ? mayNotCreate(name, error) : error;
    }
  }
}

function mayNotCreate(name: string, cause: unknown): PromkeepError {
  const message =
    `The archive's role may not create the schema ${name}. Let the database's owner run CREATE SCHEMA ${quoteName(name)} ` +
    'AUTHORIZATION with the name of that role, or set archive.schema to one it owns';
  return new PromkeepError('ARCHIVE_DENIED', message, { cause });
}

async function readVersion(tx: Transaction, name: string): Promise<number> {
  if (!(await tableExists(tx, name, 'promkeep_migrations'))) {
    return 0;
  }
  const [row] = await tx.rows(
    `SELECT coalesce(max(version), 0) AS version FROM ${quoteName(name)}.promkeep_migrations`
  );
  return Number(row.version);
}

/** Reads the catalog itself: `to_regclass` may answer from a cache that has not heard of the last commit of another session. */
async function tableExists(tx: Transaction, schema: string, table: string): Promise<boolean> {
  const rows = await tx.rows(
    `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1::text AND c.relname = $2::text`,
    [schema, table]
  );
  return rows.length > 0;
}

/**
 * Applies one migration, or finds that another program did; gives the version the schema has then. Of two that make the first
 * one, the slower fails on the table `promkeep_migrations`, which is made before all others, and tries again.
 */
async function applyNext(tx: Transaction, name: string, migrations: readonly Migration[]): Promise<number> {
  const quoted = quoteName(name);
  if ((await readVersion(tx, name)) > 0) {
    // No advisory lock: any role of the database could hold it, for ever. Waits for another program's migration.
    await tx.run(`SET LOCAL lock_timeout = '${OTHERS_TIMEOUT}'`);
    await tx.run(`LOCK TABLE ${quoted}.promkeep_migrations IN SHARE ROW EXCLUSIVE MODE`);
  }
  const version = await readVersion(tx, name);
  if (version >= migrations.length) {
    return version;
  }
  if (version === 0) {
    await refuseForeignTable(tx, name);
  }
  const migration = migrations[version];
  // Whoever waits for a table makes all others wait behind; a transaction tries again.
  await tx.run(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await tx.run(fillIn(migration.sql, { schema: quoted, schemaText: `'${name.replaceAll("'", "''")}'` }));
  await tx.run(`INSERT INTO ${quoted}.promkeep_migrations (version, name) VALUES ($1::integer, $2::text)`, [
    version + 1,
    migration.name,
  ]);
  return version + 1;
}

/** In one pass, since a schema's name may itself look like a placeholder. */
function fillIn(sql: string, names: { schema: string; schemaText: string }): string {
  return sql.replace(/\{(schema|schemaText)\}/g, (_, key: 'schema' | 'schemaText') => names[key]);
}

/** The source text's own script makes a table of the same name; its rows are the user's and are not touched. */
async function refuseForeignTable(tx: Transaction, name: string): Promise<void> {
  if (await tableExists(tx, name, 'metrics_data')) {
    throw new PromkeepError(
      'SETTINGS_INVALID',
      `Schema ${name} already has a table metrics_data that is not Promkeep's. Rename it ` +
        '(ALTER TABLE metrics_data RENAME TO metrics_data_old; docs/sql.md shows how to bring its rows over), or set another schema'
    );
  }
}
