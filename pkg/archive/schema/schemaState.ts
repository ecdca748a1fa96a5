import { createHash } from 'node:crypto';
import { PromkeepError } from '../../core/model/errors';
import { type Transaction } from '../connect/database';
import { quoteName, tableExists } from './schemaName';
import { type SchemaScript, type SqlFile } from './schemaScript';

/** What a database says of itself in the newest row of `promkeep_migrations`. */
export interface SchemaState {
  /** 0: there is no archive. */
  version: number;
  revision: number;
  /** Hash of each file of routines, by its name. */
  texts: Readonly<Record<string, unknown>>;
  /** Made by the fifteen migrations of before the first release, whose last state is that of the first one today. */
  unreleased: boolean;
}

const UNRELEASED_VERSION = 15;

/** Throws `SETTINGS_INVALID` when the archive is from before the first release and cannot be carried on. */
export async function readState(tx: Transaction, name: string): Promise<SchemaState> {
  const none = { version: 0, revision: 0, texts: {}, unreleased: false };
  if (!(await tableExists(tx, name, 'promkeep_migrations'))) {
    return none;
  }
  // As an object, since an archive from before the first release lacks columns.
  const [row] = await tx.rows(
    `SELECT m.version, to_jsonb(m) AS columns FROM ${quoteName(name)}.promkeep_migrations m ORDER BY m.version DESC LIMIT 1`
  );
  if (row === undefined) {
    return none;
  }
  const { revision, texts } = Object(row.columns) as Record<string, unknown>;
  const version = Number(row.version);
  const unreleased = revision === undefined;
  if (unreleased && version !== UNRELEASED_VERSION) {
    throw new PromkeepError(
      'SETTINGS_INVALID',
      `Schema ${name} holds an archive from before the first release of Promkeep (schema version ${version}). Only the last one, ` +
        `version ${UNRELEASED_VERSION}, can be carried on: docs/operations.md says how to get there. Or set another schema (archive.schema)`
    );
  }
  return { version, revision: Number(revision ?? 0), texts: Object(texts ?? {}), unreleased };
}

/** Also when the database is newer: then there is nothing to do for this program. */
export function isUpToDate(state: SchemaState, name: string, script: SchemaScript): boolean {
  const ahead = state.version - script.migrations.length || state.revision - script.revision;
  return !state.unreleased && (ahead > 0 || (ahead === 0 && changedRoutines(state, name, script).length === 0));
}

/** The files that have to be run again: all after a migration, which may have dropped what was in its way. */
export function changedRoutines(state: SchemaState, name: string, { migrations, routines }: SchemaScript): SqlFile[] {
  const all = state.unreleased || state.version < migrations.length;
  return routines.filter((file) => all || state.texts[file.name] !== hashOf(file, name));
}

/** Of the schema's name as well: it is on the path that functions keep, and an owner may rename the schema. */
export function hashOf({ sql }: SqlFile, name: string): string {
  return createHash('sha256')
    .update(`${quoteName(name)}\n${sql}`)
    .digest('hex');
}
