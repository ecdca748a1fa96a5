import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startPostgres } from '../../scripts/stack/postgres';
import { ArchiverStack, metric, STACK_POSTGRES } from './archiverStack';
import { startCommitProxy } from './commitProxy';
import { pause, until, type ServingProgram } from './promkeepProgram';

/** What may happen to PostgreSQL under a recording archiver. After each: every sample once, none missing, the ledger right. */
jest.setTimeout(180_000);

const stack = new ArchiverStack();
const CONNECTIONS = 20;
let dataDir: string;
let archiver: ServingProgram;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'promkeep-test-postgres-'));
  await stack.start({ lease: '2s', postgres: { dataDir, settings: { max_connections: String(CONNECTIONS) } } });
  archiver = await stack.archiver();
  await stack.recordedUntil(Date.now() - 5_000);
});
afterAll(async () => {
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const failures = async (): Promise<number> =>
  (await metric(archiver, 'promkeep_collect_failures_total{query="load",reason="archive-down"}')) ?? 0;
const endOurs = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'promkeep'`;

async function recovers(): Promise<void> {
  await stack.recordedUntil(Date.now());
  await until('exact', async () => stack.expectExact().then(() => true), 10_000);
}

async function restartPostgres(signal: NodeJS.Signals): Promise<void> {
  const { port } = stack.postgres;
  await stack.postgres.process.stop(signal);
  await pause(2_500);
  // The children of a killed postmaster hold its memory for a moment.
  stack.postgres = await until('PostgreSQL runs again', () =>
    startPostgres({ ...STACK_POSTGRES, dataDir, port, settings: { max_connections: String(CONNECTIONS) } })
  );
}

it('PostgreSQL is restarted', async () => {
  await restartPostgres('SIGINT');
  await recovers();
});

it('PostgreSQL is killed', async () => {
  await restartPostgres('SIGKILL');
  await recovers();
});

it('the database becomes read-only and writable again', async () => {
  const before = await failures();
  await stack.sql(`ALTER DATABASE promkeep SET default_transaction_read_only = on`);
  await stack.sql(endOurs);
  await until('a write has failed', async () => (await failures()) > before);
  expect(archiver.process.output()).toContain('ARCHIVE_READ_ONLY');
  // From another database: in this one the command itself would be refused.
  const elsewhere = new URL('/postgres', stack.postgres.url).href;
  await stack.sql('ALTER DATABASE promkeep RESET default_transaction_read_only', elsewhere);
  await stack.sql(endOurs);
  await recovers();
});

it('there are no connections left', async () => {
  const before = await failures();
  const hogs: Client[] = [];
  const hog = async (): Promise<boolean> => {
    const client = new Client({ connectionString: stack.postgres.url });
    client.on('error', () => undefined);
    return client.connect().then(
      () => hogs.push(client) > 0,
      () => false
    );
  };
  await hog();
  await until('a write has failed', async () => {
    await hogs[0].query(endOurs);
    while (await hog()) {
      // One more, until the server refuses.
    }
    return (await failures()) > before;
  });
  await Promise.all(hogs.map((client) => client.end()));
  await recovers();
});

it('answers to COMMIT are lost again and again', async () => {
  await archiver.process.stop();
  const proxy = await startCommitProxy(stack.postgres.port, 5);
  const url = new URL(stack.postgres.url);
  url.port = String(proxy.port);
  archiver = await stack.archiver(url.href);
  await until('some answers are lost', async () => proxy.lost() >= 8);
  await stack.recordedUntil(Date.now());
  await archiver.process.stop();
  proxy.stop();
  await stack.expectExact();
});
