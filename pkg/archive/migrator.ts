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
  const from = await database.transaction((tx) => readVersion(tx, quoted), { readOnly: true });
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

async function readVersion(tx: Transaction, quoted: string): Promise<number> {
  const ledger = `${quoted}.promkeep_migrations`;
  const [found] = await tx.rows('SELECT to_regclass($1) IS NOT NULL AS there', [ledger]);
  if (found.there !== true) {
    return 0;
  }
  const [row] = await tx.rows(`SELECT coalesce(max(version), 0) AS version FROM ${ledger}`);
  return Number(row.version);
}

/** Applies one migration, or finds that another program did; gives the version the schema has then. */
async function applyNext(tx: Transaction, name: string, migrations: readonly Migration[]): Promise<number> {
  await tx.run(`SELECT pg_advisory_xact_lock(hashtext('promkeep migration'), hashtext($1))`, [name]);
  const quoted = quoteName(name);
  const version = await readVersion(tx, quoted);
  if (version >= migrations.length) {
    return version;
  }
  if (version === 0) {
    await refuseForeignTable(tx, name);
  }
  const migration = migrations[version];
  // Split and join: a `$` in a name would mean something to `replace`.
  const literal = `'${name.replaceAll("'", "''")}'`;
  await tx.run(migration.sql.split('{schemaText}').join(literal).split('{schema}').join(quoted));
  await tx.run(`INSERT INTO ${quoted}.promkeep_migrations (version, name) VALUES ($1, $2)`, [
    version + 1,
    migration.name,
  ]);
  return version + 1;
}

/** The source text's own script makes a table of the same name; its rows are the user's and are not touched. */
async function refuseForeignTable(tx: Transaction, name: string): Promise<void> {
  const [row] = await tx.rows('SELECT to_regclass($1) IS NOT NULL AS there', [`${quoteName(name)}.metrics_data`]);
  if (row.there === true) {
    throw new PromkeepError(
      'SETTINGS_INVALID',
      `Schema ${name} already has a table metrics_data that is not Promkeep's. Rename it ` +
        '(ALTER TABLE metrics_data RENAME TO metrics_data_old; docs/sql.md shows how to bring its rows over), or set another schema'
    );
  }
}
