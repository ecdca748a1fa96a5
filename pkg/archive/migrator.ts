import { PromkeepError } from '../core/errors';
import { type Database, type Transaction } from './database';
import { type Migration, MIGRATIONS } from './migrations/list';

/** A schema that is ready for use. */
export interface ReadySchema {
  /** Quoted, for statements. */
  quoted: string;
  name: string;
  from: number;
  to: number;
}

const CREATE_TIMEOUT_MS = 300_000;

/**
 * Brings the schema up to date and resolves when it is. Every migration has its own transaction under a transaction-level
 * lock, so programs that start together wait for each other and each step is done once.
 * Throws `ARCHIVE_NEWER` when the database was migrated by a newer Promkeep.
 *
 * @param wanted name of the schema; absent: the role's current schema
 */
export async function migrateSchema(
  database: Database,
  wanted: string | undefined,
  migrations: readonly Migration[] = MIGRATIONS
): Promise<ReadySchema> {
  const name = await resolveSchema(database, wanted);
  const quoted = quoteName(name);
  const from = await database.transaction((tx) => readVersion(tx, name), { readOnly: true });
  let version = from;
  while (version < migrations.length) {
    version = await database.transaction((tx) => applyNext(tx, name, migrations), {
      statementTimeoutMs: CREATE_TIMEOUT_MS,
    });
  }
  if (version > migrations.length) {
    throw new PromkeepError(
      'ARCHIVE_NEWER',
      `The archive has schema version ${version}, this Promkeep knows versions up to ${migrations.length}: update Promkeep`
    );
  }
  return { quoted, name, from, to: version };
}

/** Double quotes as SQL wants them. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function resolveSchema(database: Database, wanted: string | undefined): Promise<string> {
  const [row] = await database.transaction(
    (tx) =>
      tx.rows(
        `SELECT coalesce($1::text, current_schema()::text) AS name, to_regnamespace(quote_ident($1::text)) IS NOT NULL AS found`,
        [wanted ?? null]
      ),
    { readOnly: true, ownSearchPath: true }
  );
  if (typeof row.name !== 'string') {
    throw new PromkeepError('SETTINGS_INVALID', 'The archive role has no schema on its search path: set the schema');
  }
  const name = row.name;
  if (wanted !== undefined && row.found !== true) {
    await database.transaction((tx) => tx.run(`CREATE SCHEMA IF NOT EXISTS ${quoteName(name)}`));
  }
  return name;
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

/** Applies one migration, or finds that another program did; gives the version the schema has then. */
async function applyNext(tx: Transaction, name: string, migrations: readonly Migration[]): Promise<number> {
  await tx.run(`SELECT pg_advisory_xact_lock(hashtext('promkeep migration'), hashtext($1::text))`, [name]);
  const quoted = quoteName(name);
  const version = await readVersion(tx, name);
  if (version >= migrations.length) {
    return version;
  }
  if (version === 0) {
    await refuseForeignTable(tx, name);
  }
  const migration = migrations[version];
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
