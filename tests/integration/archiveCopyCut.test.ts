import { type Client } from 'pg';
import { connectionFromUrl } from '../../pkg/archive/connect/connection';
import { Database } from '../../pkg/archive/connect/database';
import { STATEMENT_LIMITS } from '../../pkg/archive/connect/statementLimits';
import { type Archive } from '../../pkg/core/ports/archive';
import { type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { SERVERS, silentLogger, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, manySeries, STEP, writing } from './archiveWrites';
import { type FaultyProxy, startFaultyProxy } from './faultyProxy';

/** Writes so large that they are copied, over a connection that breaks at the worst moments, and under foreign time limits. */
jest.setTimeout(180_000);

const DAY = 86_400_000;
const [SERIES, POINTS] = [20, 1_500];

describe.each(SERVERS)('large writes on $name', (server) => {
  const test = new TestServer(server);
  let client: Client;
  let proxy: FaultyProxy;
  let url: string;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    client = await test.client(url);
    proxy = await startFaultyProxy(0, test.postgres.port);
    const through = new URL(url);
    through.port = String(proxy.port);
    archive = test.archive(through.href);
    await archive.definitions.provision([{ name: 'cpu', expression: 'up', stepMs: STEP, retention: '1y' }]);
    // What follows must not be the first write of its kind: partitions and series are there.
    const range = { fromMs: T0 - DAY, toMs: T0 - DAY };
    const first = manySeries(SERIES, 1, () => 0).map((one) => ({ ...one, timesMs: Float64Array.of(T0 - DAY) }));
    await archive.samples.writeRange(writing(first, { range }), live());
  });
  afterEach(async () => {
    await test.closeAll();
    proxy.stop();
  });

  /** Fetched when its samples are young (copied one by one), or long after their day has closed (copied as packed rows). */
  const large = (fetchedAtMs: number, plus = 0): RangeWrite => {
    const range = { fromMs: T0, toMs: T0 + (POINTS - 1) * STEP };
    const one = writing(
      manySeries(SERIES, POINTS, (n, i) => n + i / 7 + plus),
      { range, covered: [range] }
    );
    return { ...one, provenance: { ...one.provenance, fetchedAtMs } };
  };

  async function expectWhole(plus = 0): Promise<void> {
    const sum = (SERIES * POINTS * (SERIES - 1)) / 2 + (SERIES * POINTS * (POINTS - 1)) / 14 + SERIES * POINTS * plus;
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT count(*)::int AS samples, count(DISTINCT (labels, timestamp))::int AS different, sum(metric_value) AS sum
       FROM metrics_data WHERE timestamp >= $1`,
      [new Date(T0)]
    );
    expect(rows).toEqual([{ samples: SERIES * POINTS, different: SERIES * POINTS, sum: expect.closeTo(sum, 1) }]);
    expect(await archive.ledger.coverage('cpu')).toEqual([{ fromMs: T0, toMs: T0 + (POINTS - 1) * STEP }]);
  }

  it('fail in time when the network swallows them, once, and the next one works', async () => {
    const through = new URL(url);
    through.port = String(proxy.port);
    const database = new Database(connectionFromUrl(through.href), silentLogger, {
      ...STATEMENT_LIMITS,
      serverMs: { ...STATEMENT_LIMITS.serverMs, asked: 1_000 },
      graceMs: 500,
    });
    await client.query('CREATE TABLE public.stalled (n bigint)');
    const copy = (): Promise<unknown> =>
      database.transaction((tx) =>
        tx.copyIn('COPY public.stalled FROM STDIN', [Buffer.from('1\n'), Buffer.from('2\n')])
      );
    proxy.stallNextCopy();
    await expect(copy()).rejects.toThrow('Query read timeout');
    await copy();
    expect(proxy.lost()).toBe(true);
    expect((await client.query('SELECT n::int FROM stalled ORDER BY n')).rows).toEqual([{ n: 1 }, { n: 2 }]);
    await database.close();
  });

  it('that read fail in time as well, also in their middle, and give all of their bytes otherwise', async () => {
    const through = new URL(url);
    through.port = String(proxy.port);
    const database = new Database(connectionFromUrl(through.href), silentLogger, {
      ...STATEMENT_LIMITS,
      serverMs: { ...STATEMENT_LIMITS.serverMs, asked: 1_000 },
      graceMs: 500,
    });
    const read = (sql: string): Promise<Buffer> => database.transaction((tx) => tx.copyOut(`COPY (${sql}) TO STDOUT`));
    const numbers = Array.from({ length: 200_000 }, (_, n) => `${n}\n`).join('');
    expect((await read('SELECT generate_series(0, 199999)')).toString()).toBe(numbers);
    proxy.stallNextCopy();
    await expect(read('SELECT 1')).rejects.toThrow('Query read timeout');
    await expect(read('SELECT 1 / (150000 - n) FROM generate_series(0, 199999) n')).rejects.toThrow('division by zero');
    await expect(read('SELECT pg_sleep(n) FROM generate_series(0, 60) n')).rejects.toThrow(
      /statement timeout|too long/
    );
    expect((await read('SELECT 1')).toString()).toBe('1\n');
    await database.close();
  });

  describe.each([
    ['samples', T0 + 7 * 3_600_000],
    ['packed rows', T0 + 3 * DAY],
  ])('of %s', (_, fetchedAtMs) => {
    it.each(['loseNextCopyAnswer', 'loseNextCommitAnswer', 'cutBeforeNextCommit'] as const)(
      'are there once after %s',
      async (fault) => {
        proxy[fault]();
        const outcome = await archive.samples.writeRange(large(fetchedAtMs), live());
        expect(proxy.lost()).toBe(true);
        expect(outcome).toMatchObject({ inserted: SERIES * POINTS, unchanged: 0, revised: 0, withdrawn: 0 });
        await expectWhole();
      }
    );

    it('are revised once, wherever the connection breaks', async () => {
      await archive.samples.writeRange(large(fetchedAtMs), live());
      for (const [round, fault] of (['loseNextCommitAnswer', 'cutBeforeNextCommit'] as const).entries()) {
        proxy[fault]();
        expect(await archive.samples.writeRange(large(fetchedAtMs, round + 1), live())).toMatchObject({
          inserted: 0,
          revised: SERIES * POINTS,
        });
        await expectWhole(round + 1);
      }
    });
  });

  /** Beyond the limit of 200 ms that is set below, which leaves a busy machine time enough to begin a transaction. */
  const holding = async (sql: string, work: () => Promise<unknown>): Promise<unknown> => {
    const [holder, began] = [await test.client(url), Date.now()];
    await holder.query('SET statement_timeout = 0; BEGIN');
    await holder.query(sql);
    const done = work();
    await new Promise((resolve) => setTimeout(resolve, 800));
    await holder.query('ROLLBACK');
    const outcome = await done;
    expect(Date.now() - began).toBeGreaterThan(800);
    return outcome;
  };

  it('do not mind a statement_timeout of the database, nor does making the tables', async () => {
    await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET statement_timeout = '200ms'`);
    const again = test.archive(url);
    const write = (): Promise<unknown> => again.samples.writeRange(large(T0 + 7 * 3_600_000), live());
    expect(await holding('SELECT * FROM promkeep_queries FOR UPDATE', write)).toMatchObject({
      inserted: SERIES * POINTS,
    });
    await expectWhole();
    const pack = (): Promise<unknown> => test.jobs(url).packClosed(live());
    expect(await holding('LOCK TABLE promkeep_samples IN SHARE MODE', pack)).toMatchObject({ rows: 2 * SERIES });
    expect(await again.samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + DAY } }, live())).toHaveLength(
      SERIES
    );
    const elsewhere = test.archive(url, { connection: { schema: 'other' } });
    await client.query('CREATE SCHEMA other');
    await holding(`SELECT pg_advisory_xact_lock(hashtext('promkeep migration'), hashtext('other'))`, () =>
      elsewhere.samples.writeRange(writing([gridSeries({}, [1])]), live())
    );
    expect((await elsewhere.status()).samples).toBe(1);
  });
});
