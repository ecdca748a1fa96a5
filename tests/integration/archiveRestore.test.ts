import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DUMP_BIN_DIR } from '../../scripts/dumpSchema';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { ArchiverStack } from './archiverStack';
import { runProgram, until } from './promkeepProgram';

/** Backup and restore as docs/operations.md says, with PostgreSQL's own tools, and recording that goes on in the restored archive. */
jest.setTimeout(180_000);

const isHere = existsSync(path.join(DUMP_BIN_DIR, 'pg_restore'));
const suite = isHere ? describe : describe.skip;

suite(`an archive that was dumped and restored${isHere ? '' : ' (no pg_dump here)'}`, () => {
  const stack = new ArchiverStack();
  const DATA = `SELECT id, metric_name, metric_value, timestamp, labels, source, created_at, org_id, source_name, query FROM metrics_data ORDER BY id`;
  let folder: string;
  let original: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-test-dump-'));
    await stack.start({ lease: '2s', postgres: { binDir: DUMP_BIN_DIR } });
    original = stack.postgres.url;
  });
  afterAll(async () => {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function tool(name: string, database: string, ...args: string[]): Promise<void> {
    const url = new URL(database);
    const env = { ...process.env, PGPASSWORD: decodeURIComponent(url.password) };
    url.password = '';
    await promisify(execFile)(path.join(DUMP_BIN_DIR, name), [...args, '-d', url.href], { env });
  }

  async function record(seconds: number): Promise<void> {
    const archiver = await stack.archiver(stack.postgres.url);
    await stack.recordedUntil(Date.now() + seconds * 1_000);
    await archiver.process.stop();
  }

  it('holds the same rows, packed and not', async () => {
    await record(8);
    const server = new TestServer({ name: 'running' });
    await server.jobs(original, Date.now() + 3 * 86_400_000).packClosed(live());
    await server.closeAll();
    await record(3);
    await stack.sql(
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp) VALUES ('own', 'NaN', now()), ('own', '-0', '2020-02-02Z');
       CREATE ROLE analyst LOGIN PASSWORD 'p'; SELECT promkeep_grant_reader('analyst', 1)`
    );
    const dump = path.join(folder, 'archive.dump');
    await tool('pg_dump', original, '-Fc', '--no-owner', '-f', dump);
    const rows = await stack.sql(DATA);
    // What is recorded from here on is not in the backup.
    await record(3);
    const restored = await stack.postgres.createDatabase('restored');
    // pg_restore takes the file last.
    await tool('pg_restore', restored, '--no-owner', '--exit-on-error', dump);
    stack.postgres = { ...stack.postgres, url: restored };
    expect(await stack.sql(DATA)).toEqual(rows);
    const [{ packed, recent }] = await stack.sql(
      'SELECT (SELECT count(*)::int FROM promkeep_packed) AS packed, (SELECT count(*)::int FROM promkeep_samples) AS recent'
    );
    expect(Math.min(Number(packed), Number(recent))).toBeGreaterThan(2);
  });

  it('agrees with Prometheus, says what came since is missing, and shows a reader what it showed before', async () => {
    const verified = await runProgram(['verify', '--config', stack.configFile], stack.environment());
    expect([verified.code, verified.output]).toEqual([0, expect.stringContaining('load')]);
    const gaps = await runProgram(['gaps', '--config', stack.configFile], stack.environment());
    expect(gaps.output).toMatch(/^load .* not-recorded/m);
    const analyst = new URL(stack.postgres.url);
    [analyst.username, analyst.password] = ['analyst', 'p'];
    expect(await stack.sql('SELECT count(*) FROM metrics_data', analyst.href)).toEqual(
      await stack.sql('SELECT count(*) FROM metrics_data')
    );
  });

  it('goes on: what came since is fetched again, nothing is missing or doubled, late samples meet packed rows', async () => {
    await stack.sql(`DELETE FROM metrics_data WHERE query IS NULL`);
    await record(1);
    await until('exact', async () => stack.expectExact().then(() => true), 10_000);
    const server = new TestServer({ name: 'running' });
    await server.jobs(stack.postgres.url, Date.now() + 3 * 86_400_000).packClosed(live());
    await server.closeAll();
    await stack.expectExact();
    await record(1);
    await stack.expectExact();
  });
});
