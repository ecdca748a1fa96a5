import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startPostgres } from '../../scripts/stack/postgres';
import { ArchiverStack, metric, STACK_POSTGRES } from './archiverStack';
import { until, type ServingProgram } from './promkeepProgram';

/** A recording archiver whose PostgreSQL lies on a file system that runs full: 192 MB in memory, mounted by root. */
jest.setTimeout(240_000);

const folder = mkdtempSync(path.join(os.tmpdir(), 'promkeep-test-full-'));
const refusal = mount();
const suite = refusal === undefined ? describe : describe.skip;

suite(`the disk of PostgreSQL is full${refusal === undefined ? '' : ` (skipped: ${refusal})`}`, () => {
  const stack = new ArchiverStack();
  const settings = { max_wal_size: '64MB', min_wal_size: '32MB', wal_recycle: 'off', restart_after_crash: 'off' };
  let archiver: ServingProgram;

  beforeAll(async () => {
    await stack.start({ lease: '2s', postgres: { dataDir: folder, settings } });
    archiver = await stack.archiver();
    await stack.recordedUntil(Date.now() - 5_000);
  });
  afterAll(async () => {
    await stack.stop();
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  const failures = async (): Promise<number> => {
    const counts = ['load', 'cpu'].map((query) =>
      metric(archiver, `promkeep_collect_failures_total{query="${query}",reason="archive-down"}`)
    );
    return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  };
  const recovers = async (): Promise<void> => {
    await stack.recordedUntil(Date.now());
    await until('exact', async () => stack.expectExact().then(() => true), 10_000);
  };

  it('says so, serves on, and catches up when there is room', async () => {
    const before = await failures();
    const filler = fill();
    await until(
      'a write has failed for want of room',
      async () => archiver.process.output().includes('ARCHIVE_FULL'),
      90_000
    );
    await until('it is counted', async () => (await failures()) > before);
    expect((await fetch(`${archiver.url}/healthz`)).status).toBe(200);
    rmSync(filler);
    await recovers();
  });

  it('catches up when PostgreSQL went down over it and was started again', async () => {
    const { port } = stack.postgres;
    let ended = false;
    void stack.postgres.process.exited.then(() => (ended = true));
    const filler = fill();
    // A new segment of the log has no room, which ends the server.
    await until('the server is down', async () => {
      await stack
        .sql(`SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS hog (); DROP TABLE hog`)
        .catch(() => undefined);
      return ended;
    });
    rmSync(filler);
    stack.postgres = await until('PostgreSQL runs again', () =>
      startPostgres({ ...STACK_POSTGRES, dataDir: folder, port, settings })
    );
    await recovers();
  });
});

/** @returns why it cannot be done here */
function mount(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=192m,mode=0711', 'tmpfs', folder], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return `no right to mount a tmpfs, ${String(error).split('\n').at(-2) ?? ''}`;
  }
}

/** Takes all the room that is left; gives the file that does. */
function fill(): string {
  const file = path.join(folder, 'filler');
  const target = openSync(file, 'w');
  const block = Buffer.alloc(4096);
  try {
    for (;;) {
      writeSync(target, block);
    }
  } catch {
    return file;
  } finally {
    closeSync(target);
  }
}
