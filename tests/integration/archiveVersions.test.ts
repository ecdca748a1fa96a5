import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { T0, TestServer, VERSION_SERVERS } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(180_000);

const DAY = 86_400_000;
const SAMPLES = 3 * 40;

/**
 * In short, on every PostgreSQL that is supported: what depends on the server's version. `npm test` runs it once more for each
 * version that npm has; the long suites run on two servers.
 */
describe.each(VERSION_SERVERS())('the archive on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let archive: Archive;

  beforeAll(async () => {
    await test.start();
    url = await test.freshDatabase();
    archive = test.archive(url);
    expect((await archive.migrate()).from).toBe(0);
    client = await test.client(url);
  });
  afterAll(() => test.stop());

  const count = async (from: string, who = client): Promise<number> =>
    Number((await who.query<{ n: string }>(`SELECT count(*) AS n FROM ${from}`)).rows[0].n);
  const reader = async (orgId: number): Promise<Client> => {
    await client.query(`CREATE ROLE reader_${orgId} LOGIN PASSWORD 'p'`);
    await client.query(`SELECT promkeep_grant_reader('reader_${orgId}', ${orgId})`);
    const theirs = new URL(url);
    theirs.username = `reader_${orgId}`;
    theirs.password = 'p';
    return test.client(theirs.href);
  };

  it('records, and writes again without doubling', async () => {
    const range = { fromMs: T0, toMs: T0 + 39 * STEP };
    const write = writing(
      manySeries(3, 40, (n, i) => n + i / 8),
      { range, covered: [range], retention: '30d' }
    );
    expect(await archive.samples.writeRange(write, live())).toMatchObject({ inserted: SAMPLES });
    expect(await archive.samples.writeRange(write, live())).toMatchObject({ inserted: 0, unchanged: SAMPLES });
    expect(await archive.ledger.coverage('cpu')).toEqual([range]);
  });

  it('packs, rolls up, and shows the same before and after', async () => {
    const read = (): Promise<unknown> =>
      archive.samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + DAY } }, live());
    const flat = async (): Promise<unknown> => (await client.query('SELECT * FROM metrics_data ORDER BY id')).rows;
    const before = [await read(), await flat()];
    expect(await test.jobs(url, T0 + 3 * DAY).packClosed(live())).toMatchObject({ samples: SAMPLES, busy: 0 });
    await test.jobs(url, T0 + 3 * DAY).rollUp(live());
    expect([await read(), await flat()]).toEqual(before);
    expect(await count('promkeep_rollups')).toBeGreaterThan(0);
    expect(await count("metrics_between('2026-01-01Z', '2026-01-02Z')")).toBe(SAMPLES);
    expect(await count("metrics_rollup('15 minutes', '2025-12-31Z', '2026-01-02Z')")).toBeGreaterThan(0);
    expect(await count('metrics_5m')).toBeGreaterThan(0);
  });

  it('puts the functions behind metrics_between in place of their calls', async () => {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM metrics_between('2026-01-01Z', '2026-01-02Z') WHERE metric_name = 'x'`
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).not.toMatch(/Function Scan on (metrics_between|promkeep_rows)/);
  });

  it('keeps organisations apart', async () => {
    const theirs = await reader(2);
    expect(await count('metrics_data', await reader(1))).toBe(SAMPLES);
    expect(await count('metrics_data', theirs)).toBe(0);
    expect(await count('promkeep_packed', theirs)).toBe(0);
    await client.query('GRANT INSERT ON metrics_data TO reader_2');
    const insert = `INSERT INTO metrics_data (metric_name, metric_value, timestamp) VALUES ('mine', 1, '2026-02-02Z')`;
    await theirs.query(insert);
    await theirs.query(insert);
    expect((await theirs.query('SELECT org_id FROM metrics_data')).rows).toEqual([{ org_id: '2' }]);
  });

  it('expires', async () => {
    const jobs = test.jobs(url, T0 + 60 * DAY);
    await jobs.rollUp(live());
    const { dropped } = await jobs.expire(live());
    expect(dropped.some((name) => name.startsWith('promkeep_packed_30d'))).toBe(true);
    expect(await count("metrics_data WHERE query = 'cpu'")).toBe(0);
    expect(await count('metrics_1h')).toBeGreaterThan(0);
  });
});
