import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createArchive } from '../pkg/archive/archive';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { startPostgres } from './stack/postgres';

/**
 * The archive's schema as `docs/schema.sql` shows it. Always dumped by the same major version: others print the same schema
 * differently, and the PostgreSQL that npm installs has no pg_dump. `npx tsx scripts/dumpSchema.ts` writes the file.
 */
export const DUMP_BIN_DIR = '/usr/lib/postgresql/15/bin';
export const SCHEMA_FILE = path.resolve(__dirname, '../docs/schema.sql');

const HEADER = `-- The archive's schema, dumped from a freshly migrated PostgreSQL 15 by scripts/dumpSchema.ts.
-- For reading only: Promkeep makes it by the files in pkg/archive/schema. A test fails when the two drift apart.
-- Partitions of promkeep_samples are made as samples arrive.
`;

/** Migrates an empty database and dumps it. */
export async function dumpSchema(): Promise<string> {
  const postgres = await startPostgres({ binDir: DUMP_BIN_DIR });
  try {
    const archive = createArchive({
      connection: connectionFromUrl(postgres.url),
      source: { orgId: 1, name: 'default' },
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      clock: { nowMs: Date.now },
    });
    await archive.migrate();
    await archive.close();
    const url = new URL(postgres.url);
    const password = decodeURIComponent(url.password);
    url.password = '';
    const { stdout } = await promisify(execFile)(
      path.join(DUMP_BIN_DIR, 'pg_dump'),
      ['--schema-only', '--no-owner', '--schema=promkeep', url.href],
      { env: { ...process.env, PGPASSWORD: password }, maxBuffer: 16 * 1024 * 1024 }
    );
    return HEADER + withoutNoise(stdout);
  } finally {
    await postgres.stop();
  }
}

/** Takes out what depends on the minor version, on chance (the token of `\restrict`) or says nothing. */
function withoutNoise(dump: string): string {
  const lines = dump
    .split('\n')
    .filter(
      (line) =>
        !/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict |CREATE SCHEMA promkeep|COMMENT ON SCHEMA)/.test(line)
    );
  return `${lines
    .join('\n')
    .replace(/\n{2,}/g, '\n\n')
    .trimEnd()}\n`;
}

function ignore(): void {
  // Only the file matters.
}

if (require.main === module) {
  void dumpSchema()
    .then((text) => writeFile(SCHEMA_FILE, text))
    .catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exitCode = 1;
    });
}
