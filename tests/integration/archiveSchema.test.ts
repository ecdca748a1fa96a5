import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Client } from 'pg';
import { schemaScript } from '../../pkg/archive/schema/schemaScript';
import { DUMP_BIN_DIR, dumpSchema, SCHEMA_FILE } from '../../scripts/dumpSchema';
import { SERVERS, T0, TestServer } from './archiveServers';
import { gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(120_000);

const whenDumpable = existsSync(path.join(DUMP_BIN_DIR, 'pg_dump')) ? it : it.skip;

whenDumpable(
  'docs/schema.sql is the schema that the migrations make (else: npx tsx scripts/dumpSchema.ts)',
  async () => {
    expect(await dumpSchema()).toBe(await readFile(SCHEMA_FILE, 'utf8'));
  }
);

whenDumpable('the files of the schema run in psql as they are', async () => {
  const test = new TestServer({ name: 'PostgreSQL 15', binDir: DUMP_BIN_DIR });
  await test.start();
  try {
    const { migrations, routines } = schemaScript();
    const files = [...migrations.flatMap((migration) => migration.files), ...routines];
    const url = await test.freshDatabase();
    const run = [
      '-v',
      'ON_ERROR_STOP=1',
      '-1',
      '-c',
      'CREATE SCHEMA promkeep',
      '-c',
      'SET search_path = promkeep, pg_temp',
    ];
    const schema = path.resolve(__dirname, '../../pkg/archive/schema');
    const args = files.flatMap(({ name }) => ['-f', path.join(schema, `${name}.sql`)]);
    await promisify(execFile)(path.join(DUMP_BIN_DIR, 'psql'), [...run, ...args, url]);
    const client = await test.client(url);
    expect((await client.query('SELECT * FROM promkeep.metrics_data')).rows).toEqual([]);
  } finally {
    await test.stop();
  }
});

describe.each(SERVERS)('the schema on $name', (server) => {
  const test = new TestServer(server);
  let client: Client;

  beforeAll(async () => {
    await test.start();
    const url = await test.freshDatabase();
    const archive = test.archive(url);
    await archive.migrate();
    client = await test.client(url);
    const now = Math.floor(Date.now() / STEP) * STEP;
    const names = ['cpu_usage', 'app_request_total'];
    const values = Array.from({ length: 20 }, (_, i) => i);
    for (const fromMs of [T0, now - 20 * STEP]) {
      await archive.samples.writeRange(
        writing(
          names.map((name) => gridSeries({ __name__: name, instance: 'localhost:9100', job: 'node' }, values, fromMs)),
          { range: { fromMs, toMs: fromMs + 20 * STEP }, covered: [{ fromMs, toMs: fromMs + 19 * STEP }] }
        ),
        new AbortController().signal
      );
    }
    await archive.ledger.noteGap('cpu', {
      fromMs: T0 + 100 * STEP,
      toMs: T0 + 200 * STEP,
      reason: 'source-down',
      detail: 'x',
    });
  });
  afterAll(() => test.stop());

  it('has a comment on every table, view, column and function', async () => {
    const { rows } = await client.query(`
      SELECT c.relname || '.' || coalesce(a.attname, '') AS what FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'promkeep'
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
        AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)
      UNION ALL
      SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'promkeep'
      WHERE obj_description(p.oid) IS NULL`);
    expect(rows).toEqual([]);
  });

  it('answers every query of docs/sql.md, and takes its statements', async () => {
    const text = await readFile(path.resolve(__dirname, '../../docs/sql.md'), 'utf8');
    const blocks = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql);
    expect(blocks.length).toBeGreaterThanOrEqual(10);
    for (const sql of blocks) {
      // Each in its own transaction that is taken back, so that none depends on another and roles do not pile up.
      await client.query('BEGIN');
      try {
        const result: unknown = await client.query(sql);
        const last: unknown = Array.isArray(result) ? result.at(-1) : result;
        if (/^\s*(SELECT|WITH)/i.test(sql) && !/may be empty/.test(sql)) {
          expect({ sql, rows: rowCountOf(last) }).toEqual({ sql, rows: expect.any(Number) });
          expect(rowCountOf(last)).toBeGreaterThan(0);
        }
      } finally {
        await client.query('ROLLBACK');
      }
    }
  });
});

function rowCountOf(result: unknown): number | undefined {
  return typeof result === 'object' && result !== null && 'rowCount' in result ? Number(result.rowCount) : undefined;
}
