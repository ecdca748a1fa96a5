import { PromkeepError } from '../../core/model/errors';
import { type Database, type Transaction } from '../connect/database';
import { readSql } from './readSql';
import { CATALOG, ensureSchema, quoteName, resolveSchema, tableExists } from './schemaName';
import { requireOwnSchema } from './schemaSafety';
import { schemaScript, type SchemaScript } from './schemaScript';
import { changedRoutines, hashOf, isUpToDate, readState, type SchemaState } from './schemaState';

const LOCK_TIMEOUT = '10s';
const OTHERS_TIMEOUT = '60s';

/** A schema that is ready for use: its version before and after. */
export interface ReadySchema {
  from: number;
  to: number;
}

/**
 * Brings the schema up to date and resolves when it is: numbered migrations that are missing, then functions and views whose
 * text has changed, in one transaction. Programs that start together wait for each other, and it is done once.
 * Throws `ARCHIVE_NEWER` when the database was migrated by a newer Promkeep, `SETTINGS_INVALID` when others may create in the
 * schema or it holds an archive too old to be carried on.
 *
 * @param wanted name of the schema; absent: see `resolveSchema`
 */
export async function migrateSchema(
  database: Database,
  wanted: string | undefined,
  script: SchemaScript = schemaScript()
): Promise<ReadySchema> {
  const name = await resolveSchema(database, wanted);
  await ensureSchema(database, name);
  const found = await database.transaction(
    async (tx) => {
      await requireOwnSchema(tx, name);
      return readState(tx, name);
    },
    { ...CATALOG, readOnly: true }
  );
  const version = isUpToDate(found, name, script)
    ? found.version
    : await database.transaction((tx) => bringUpToDate(tx, name, script), { ...CATALOG, purpose: 'migration' });
  if (version > script.migrations.length) {
    throw new PromkeepError(
      'ARCHIVE_NEWER',
      `The archive has schema version ${version}, this Promkeep knows versions up to ${script.migrations.length}: update Promkeep`
    );
  }
  database.useSchema(quoteName(name));
  return { from: found.version, to: version };
}

/**
 * Does what is missing, or finds that another program did; gives the version the schema has then. Of two that make the first
 * one, the slower fails on the table `promkeep_migrations`, which is made before all others, and tries again.
 */
async function bringUpToDate(tx: Transaction, name: string, script: SchemaScript): Promise<number> {
  if ((await readState(tx, name)).version > 0) {
    // No advisory lock: any role of the database could hold it, for ever. Waits for another program's migration.
    await tx.run(`SET LOCAL lock_timeout = '${OTHERS_TIMEOUT}'`);
    await tx.run(`LOCK TABLE ${quoteName(name)}.promkeep_migrations IN SHARE ROW EXCLUSIVE MODE`);
  }
  const state = await readState(tx, name);
  if (isUpToDate(state, name, script)) {
    return state.version;
  }
  if (state.version === 0) {
    await refuseForeignTable(tx, name);
  }
  // Whoever waits for a table makes all others wait behind; a transaction tries again.
  await tx.run(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  // Created is in the first schema of the path, while `pg_catalog`, which is not on it, is looked into before all others.
  await tx.run(`SET LOCAL search_path = ${quoteName(name)}, pg_temp`);
  await runScript(tx, name, state, script);
  return script.migrations.length;
}

async function runScript(tx: Transaction, name: string, state: SchemaState, script: SchemaScript): Promise<void> {
  const { migrations, routines, revision } = script;
  if (state.unreleased) {
    await tx.run(readSql('adopt.sql'));
  }
  for (let version = (state.unreleased ? 1 : state.version) + 1; version <= migrations.length; version++) {
    const migration = migrations[version - 1];
    for (const { sql } of migration.files) {
      await tx.run(sql);
    }
    await tx.run('INSERT INTO promkeep_migrations (version, name) VALUES ($1::integer, $2::text)', [
      version,
      migration.name,
    ]);
  }
  for (const { sql } of changedRoutines(state, name, script)) {
    await tx.run(sql);
  }
  const texts = Object.fromEntries(routines.map((file) => [file.name, hashOf(file, name)]));
  await tx.run('UPDATE promkeep_migrations SET revision = $1::integer, texts = $2::jsonb WHERE version = $3::integer', [
    revision,
    JSON.stringify(texts),
    migrations.length,
  ]);
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
