import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DUMP_BIN_DIR } from '../../scripts/dumpSchema';
import { startPostgres, type RunningPostgres } from '../../scripts/stack/postgres';
import { postgresUser } from '../../scripts/stack/postgresBinaries';
import { ArchiverStack, metric } from './archiverStack';
import { type FaultyProxy, startFaultyProxy } from './faultyProxy';
import { pause, until, type ServingProgram } from './promkeepProgram';

/**
 * The primary dies and the archivers find themselves on a streaming standby: read-only at first, then promoted, maybe without the
 * last commits. Two archivers, by an address that moves, as behind a virtual IP or a managed cloud's host name.
 */
jest.setTimeout(180_000);

const isHere = existsSync(path.join(DUMP_BIN_DIR, 'pg_basebackup'));
const suite = isHere ? describe : describe.skip;

suite(`failing over to a standby${isHere ? '' : ' (no pg_basebackup here)'}`, () => {
  const stack = new ArchiverStack();
  const folders: string[] = [];
  let primary: RunningPostgres;
  let standby: RunningPostgres;
  let proxy: FaultyProxy;
  let archivers: ServingProgram[];

  const folder = async (): Promise<string> => {
    folders.push(await mkdtemp(path.join(os.tmpdir(), 'promkeep-test-failover-')));
    return folders[folders.length - 1];
  };

  beforeAll(async () => {
    await stack.start({ lease: '2s', postgres: { binDir: DUMP_BIN_DIR, dataDir: await folder() } });
    primary = stack.postgres;
    proxy = await startFaultyProxy(0, primary.port);
    const moving = new URL(primary.url);
    moving.port = String(proxy.port);
    archivers = [await stack.archiver(moving.href), await stack.archiver(moving.href)];
    await stack.recordedUntil(Date.now() - 5_000);
    standby = await startStandby();
  });
  afterAll(async () => {
    await stack.stop();
    await primary?.stop();
    proxy?.stop();
    await Promise.all(folders.map((one) => rm(one, { recursive: true, force: true })));
  });

  async function startStandby(): Promise<RunningPostgres> {
    const dataDir = await folder();
    const url = new URL(primary.url);
    const env = { ...process.env, PGPASSWORD: decodeURIComponent(url.password) };
    const pgdata = path.join(dataDir, 'pgdata');
    // The password goes into the standby's own settings with -R, which streaming needs.
    await promisify(execFile)(
      path.join(DUMP_BIN_DIR, 'pg_basebackup'),
      ['-D', pgdata, '-R', '-X', 'stream', '-c', 'fast', '-d', primary.url],
      { env }
    );
    const user = await postgresUser();
    if (user !== undefined) {
      execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, pgdata]);
    }
    await copyFile(path.join(folders[0], 'superuser-password'), path.join(dataDir, 'superuser-password'));
    return startPostgres({ binDir: DUMP_BIN_DIR, dataDir });
  }

  const failures = async (): Promise<number> => {
    const counts = archivers.map((one) =>
      metric(one, 'promkeep_collect_failures_total{query="load",reason="archive-down"}')
    );
    return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  };

  it('says that the standby is read-only, then goes on where the promoted one stands, once and without a hole', async () => {
    const before = await failures();
    await primary.process.stop('SIGKILL');
    proxy.target(standby.port);
    stack.postgres = standby;
    await until('the standby refused writes', async () =>
      archivers.some((one) => one.process.output().includes('ARCHIVE_READ_ONLY'))
    );
    await until('a failure is counted', async () => (await failures()) > before);
    const answer = await fetch(`${archivers[0].url}/api/archive/gaps`);
    expect(answer.status).toBe(200);
    await pause(2_000);
    await stack.sql('SELECT pg_promote(true)');
    await stack.recordedUntil(Date.now());
    await until('exact', async () => stack.expectExact().then(() => true), 10_000);
    const leading = await Promise.all(archivers.map((one) => metric(one, 'promkeep_archive_leader')));
    expect(leading.filter((leads) => leads === 1)).toHaveLength(1);
  });
});
