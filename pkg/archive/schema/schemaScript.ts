import { readSql } from './readSql';

export interface SqlFile {
  name: string;
  sql: string;
}

export interface Migration {
  name: string;
  files: readonly SqlFile[];
}

/** What a program makes of an empty schema, and brings an older one to. Names are unqualified; the migrator sets the path. */
export interface SchemaScript {
  /** In order; the version is the place in this list, from 1. */
  migrations: readonly Migration[];
  /** Functions, triggers and views, in the order in which they need one another. Each is run again when its text changed. */
  routines: readonly SqlFile[];
  /** Grows with each change of the routines (a test holds it), so that an older program knows that it is the older one. */
  revision: number;
}

/** Reads the files, and so happens in a function. Never change a migration that was released: add another. */
export function schemaScript(): SchemaScript {
  return {
    migrations: [
      {
        name: 'first schema',
        files: ['0001_queries', '0001_samples', '0001_ledger', '0001_rollups', '0001_readers'].map(sqlFile),
      },
      { name: 'raw series', files: ['0002_raw'].map(sqlFile) },
    ],
    routines: [
      ...['classes', 'partitions', 'rawBounds', 'rawChunks', 'rawHistograms', 'rawRows'].map(functionFile),
      ...['packed', 'rollups', 'writing', 'deletions'].map(functionFile),
      sqlFile('views'),
      ...['ranges', 'metricsData', 'readers'].map(functionFile),
    ],
    revision: 2,
  };
}

function functionFile(name: string): SqlFile {
  return sqlFile(`functions/${name}`);
}

function sqlFile(name: string): SqlFile {
  return { name, sql: readSql(`${name}.sql`) };
}
