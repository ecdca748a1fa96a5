import { createArchive } from '../../pkg/archive/archive';
import { connectionFromUrl } from '../../pkg/archive/connect/connection';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type Archive } from '../../pkg/core/ports/archive';
import { freePort } from '../../scripts/stack/ports';
import { SERVERS, silentLogger, SOURCE, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, manySeries, writing } from './archiveWrites';
import { startFaultyProxy } from './faultyProxy';
import { hasPooler, startPooler } from './pgbouncer';

jest.setTimeout(180_000);

const UP = [gridSeries({ __name__: 'up' }, [1, 2, 3])];

async function failureOf(promise: Promise<unknown>): Promise<PromkeepError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason
  );
  if (!(error instanceof PromkeepError)) {
    throw new Error(`Expected a PromkeepError, got ${String(error)}`);
  }
  return error;
}

describe.each(SERVERS)('faults, on $name', (server) => {
  const test = new TestServer(server);
  let url: string;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
  });
  afterEach(() => test.closeAll());

  const altered = (change: (url: URL) => void): string => {
    const other = new URL(url);
    change(other);
    return other.href;
  };

  it('names host, port and database when the login fails, never the password', async () => {
    const archive = test.archive(altered((other) => (other.password = 'hunter2')));
    const error = await failureOf(archive.status());
    expect(error.code).toBe('ARCHIVE_LOGIN_FAILED');
    expect(error.message).toContain(`127.0.0.1:${test.postgres.port}/test_`);
    expect(error.message).not.toContain('hunter2');
  });

  it('takes a database that does not exist for a failed login', async () => {
    const error = await failureOf(test.archive(altered((other) => (other.pathname = '/nowhere'))).status());
    expect(error).toMatchObject({ code: 'ARCHIVE_LOGIN_FAILED', message: expect.stringContaining('"nowhere"') });
  });

  it('says soon that nothing listens, and recovers by itself', async () => {
    const port = await freePort();
    const archive = test.archive(altered((other) => (other.port = String(port))));
    const error = await failureOf(archive.samples.writeRange(writing(UP), live()));
    expect(error).toMatchObject({ code: 'ARCHIVE_UNREACHABLE', message: expect.stringContaining(`127.0.0.1:${port}`) });
    const proxy = await startFaultyProxy(port, test.postgres.port);
    expect(await archive.samples.writeRange(writing(UP), live())).toMatchObject({ inserted: 3 });
    await archive.close();
    proxy.stop();
  });

  it('is refused TLS by a server without it, and says so', async () => {
    const archive = test.archive(altered((other) => other.searchParams.set('sslmode', 'require')));
    expect(await failureOf(archive.status())).toMatchObject({
      code: 'ARCHIVE_UNREACHABLE',
      message: expect.stringMatching(/does not support SSL/),
    });
  });

  it('reports a read-only database', async () => {
    const client = await test.client(url);
    await test.archive(url).migrate();
    await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`);
    const archive = test.archive(url);
    expect(await failureOf(archive.samples.writeRange(writing(UP), live()))).toMatchObject({
      code: 'ARCHIVE_READ_ONLY',
    });
    expect(await archive.samples.readSeries({ query: CPU, range: { fromMs: 0, toMs: T0 } }, live())).toEqual([]);
  });

  it('reports a missing right', async () => {
    const role = await makeRole('nothing', '');
    expect(await failureOf(test.archive(role).migrate())).toMatchObject({ code: 'ARCHIVE_DENIED' });
  });

  it('works for a role that owns nothing but its schema', async () => {
    const role = await makeRole(
      'tenant',
      'CREATE SCHEMA AUTHORIZATION tenant; ALTER ROLE tenant SET search_path = tenant'
    );
    const archive = test.archive(role);
    expect(await archive.samples.writeRange(writing(UP), live())).toMatchObject({ inserted: 3 });
    const client = await test.client(role);
    expect((await client.query('SELECT count(*)::int AS n FROM metrics_data')).rows).toEqual([{ n: 3 }]);
    await client.query(
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp) VALUES ('m', 1, '2030-01-01Z')`
    );
    const schemas = await client.query(
      `SELECT DISTINCT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname LIKE 'promkeep%'`
    );
    expect(schemas.rows).toEqual([{ schema: 'tenant' }]);
  });

  async function makeRole(name: string, statement: string): Promise<string> {
    const client = await test.client(url);
    await client.query(
      `REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE ${name} LOGIN PASSWORD 'p'; ${statement}`
    );
    return altered((other) => {
      other.username = name;
      other.password = 'p';
    });
  }

  it('keeps two schemas of one database apart, whatever their names', async () => {
    const names = ['We"ird $1 {schema} näme', "it's"];
    const archives = names.map((schema) => test.archive(url, { connection: { schema } }));
    const [first, second] = await Promise.all(archives.map((archive) => archive.migrate().then(() => archive)));
    await first.samples.writeRange(writing(UP), live());
    expect((await first.status()).samples).toBe(3);
    expect((await second.status()).samples).toBe(0);
  });

  it('refuses a database that a newer Promkeep migrated, also for reading', async () => {
    await test.archive(url).migrate();
    const client = await test.client(url);
    await client.query(`INSERT INTO promkeep_migrations (version, name) VALUES (99, 'future')`);
    const archive = test.archive(url);
    expect(await failureOf(archive.status())).toMatchObject({
      code: 'ARCHIVE_NEWER',
      message: expect.stringContaining('version 99'),
    });
    expect(await failureOf(archive.migrate())).toMatchObject({ code: 'ARCHIVE_NEWER' });
  });

  it("leaves a table metrics_data of the source text's script alone, and says what to do", async () => {
    const client = await test.client(url);
    await client.query('CREATE SCHEMA promkeep; CREATE TABLE promkeep.metrics_data (id serial)');
    expect(await failureOf(test.archive(url).migrate())).toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining('ALTER TABLE metrics_data RENAME'),
    });
  });

  it('migrates again when somebody dropped everything under it', async () => {
    const archive = test.archive(url);
    await archive.samples.writeRange(writing(UP), live());
    const client = await test.client(url);
    await client.query('DROP SCHEMA promkeep CASCADE');
    expect(await archive.samples.writeRange(writing(UP), live())).toMatchObject({ inserted: 3 });
  });

  it('makes a partition again that was dropped under it', async () => {
    const archive = test.archive(url);
    await archive.samples.writeRange(writing(UP), live());
    const client = await test.client(url);
    await client.query('DROP TABLE promkeep_samples_20251229');
    expect(await archive.samples.writeRange(writing(UP), live())).toMatchObject({ inserted: 3 });
  });

  it('survives the end of its idle connections and of a running one', async () => {
    const archive = test.archive(url);
    await archive.samples.writeRange(writing(UP), live());
    const client = await test.client(url);
    const killAll = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'promkeep' AND datname = current_database()`;
    await client.query(killAll);
    expect(await archive.samples.writeRange(writing(UP), live())).toMatchObject({ unchanged: 3 });
    await client.query('BEGIN');
    await client.query('SELECT * FROM promkeep_queries FOR UPDATE');
    const blocked = archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1, 2, 9])]), live());
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.query(killAll);
    await client.query('ROLLBACK');
    expect(await blocked).toMatchObject({ revised: 1, unchanged: 2 });
  });

  // [A4]
  it('counts exactly once when the answer to a commit is lost', async () => {
    const proxy = await startFaultyProxy(await freePort(), test.postgres.port);
    const archive = test.archive(altered((other) => (other.port = String(proxy.port))));
    await archive.migrate();
    await archive.definitions.provision([{ name: 'cpu', expression: 'up', stepMs: 15_000, retention: '1y' }]);
    await archive.samples.writeRange(writing(UP), live());
    proxy.loseNextCommitAnswer();
    const outcome = await archive.samples.writeRange(writing([gridSeries({ __name__: 'new' }, [1, 2, 3, 4])]), live());
    expect(proxy.lost()).toBe(true);
    expect(outcome).toMatchObject({ inserted: 4, unchanged: 0, withdrawn: 3 });
    expect((await archive.status()).samples).toBe(4);
    await archive.close();
    proxy.stop();
  });

  // [A4]
  it('writes once when a connection is cut before the commit', async () => {
    const proxy = await startFaultyProxy(await freePort(), test.postgres.port);
    const archive = test.archive(altered((other) => (other.port = String(proxy.port))));
    await archive.samples.writeRange(writing(UP), live());
    proxy.cutBeforeNextCommit();
    const outcome = await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1, 2, 4])]), live());
    expect(proxy.lost()).toBe(true);
    expect(outcome).toMatchObject({ revised: 1, unchanged: 2 });
    await archive.close();
    proxy.stop();
  });

  // [A17]
  it('closes in bounded time although a statement hangs', async () => {
    const archive = test.archive(url);
    await archive.samples.writeRange(writing(UP), live());
    const client = await test.client(url);
    await client.query('BEGIN');
    await client.query('SELECT * FROM promkeep_queries FOR UPDATE');
    const hanging = failureOf(archive.samples.writeRange(writing(UP), live()));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const startedMs = Date.now();
    await archive.close();
    expect(Date.now() - startedMs).toBeLessThan(7_000);
    expect((await hanging).code).toMatch(/^ARCHIVE_/);
    expect((await failureOf(archive.status())).code).toBe('ARCHIVE_OFF');
    await client.query('ROLLBACK');
  });

  it('reports a server that has no connection left', async () => {
    const client = await test.client(url);
    await client.query(
      `ALTER DATABASE ${new URL(url).pathname.slice(1)} CONNECTION LIMIT 0; CREATE ROLE limited LOGIN PASSWORD 'p'`
    );
    const archive = test.archive(
      altered((other) => {
        other.username = 'limited';
        other.password = 'p';
      })
    );
    expect(await failureOf(archive.status())).toMatchObject({ code: 'ARCHIVE_BUSY' });
  });
});

const whenPooler = hasPooler ? describe : describe.skip;

whenPooler('behind pgbouncer in transaction mode', () => {
  const test = new TestServer(SERVERS[SERVERS.length - 1], { password_encryption: 'md5' });
  let stop: () => Promise<void> = async () => {};
  let pooled: string;

  beforeAll(async () => {
    await test.start();
    ({ url: pooled, stop } = await startPooler(test.postgres.url));
  });
  afterAll(async () => {
    await test.closeAll();
    await stop();
    await test.stop();
  });

  it('works, with several archivers over two server connections', async () => {
    const archives: Archive[] = [1, 2, 3].map(() => test.archive(pooled));
    const series = manySeries(20, 100, (n, i) => n + i);
    const outcomes = await Promise.all(archives.map((archive) => archive.samples.writeRange(writing(series), live())));
    expect(outcomes.map(({ inserted }) => inserted).sort((a, b) => a - b)).toEqual([0, 0, 2000]);
    expect(
      await archives[0].samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 * 2 } }, live())
    ).toHaveLength(20);
    expect((await archives[1].status()).samples).toBe(2000);
  });

  it('cancels through the pooler', async () => {
    const archive = test.archive(pooled);
    const client = await test.client(test.postgres.url);
    await client.query('BEGIN');
    await client.query('SELECT * FROM promkeep_queries FOR UPDATE');
    const abort = new AbortController();
    const result = failureOf(archive.samples.writeRange(writing(UP), abort.signal));
    await new Promise((resolve) => setTimeout(resolve, 300));
    abort.abort();
    expect((await result).code).toBe('QUERY_CANCELLED');
    await client.query('ROLLBACK');
  });
});

it('is not connected to before the first call, and closing then is immediate', async () => {
  const archive = createArchive({
    connection: connectionFromUrl('postgres://nobody@127.0.0.1:1/none'),
    source: SOURCE,
    logger: silentLogger,
    clock: { nowMs: () => T0 },
  });
  await archive.close();
});
