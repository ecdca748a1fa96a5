import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(120_000);

describe.each(SERVERS)('rollups on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    client = await test.client(url);
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'a' }, VALUES)]), live());
  });
  afterEach(() => test.closeAll());

  const VALUES = Array.from({ length: 50 }, (_, i) => (i * 7) % 11);
  const rollup = async (from: string): Promise<Array<Record<string, unknown>>> =>
    (
      await client.query<Record<string, unknown>>(
        `SELECT timestamp, min_value, max_value, sum_value, sample_count::int AS n, last_value FROM ${from} ORDER BY timestamp`
      )
    ).rows;
  /** Straight from the definition: a sample at t is in the bucket that ends at t rounded up. */
  const expected = (values: number[], widthMs: number): unknown[] => {
    const buckets = new Map<number, number[]>();
    values.forEach((value, i) => {
      const end = Math.ceil((T0 + i * STEP) / widthMs) * widthMs;
      buckets.set(end, [...(buckets.get(end) ?? []), value]);
    });
    return [...buckets].map(([end, all]) => ({
      timestamp: new Date(end),
      min_value: Math.min(...all),
      max_value: Math.max(...all),
      sum_value: all.reduce((sum, value) => sum + value, 0),
      n: all.length,
      last_value: all.at(-1),
    }));
  };

  // [A10]
  it('are right-closed, labelled by their end, the same before and after packing', async () => {
    const before = await rollup('metrics_5m');
    expect(before).toEqual(expected(VALUES, 300_000));
    expect(before[0]).toMatchObject({ timestamp: new Date(T0), n: 1, sum_value: 0 });
    await test.jobs(url).packClosed(live());
    expect(await rollup('metrics_5m')).toEqual(before);
    expect(await rollup('metrics_1h')).toEqual(expected(VALUES, 3_600_000));
  });

  it('follow late and revised samples at once', async () => {
    await test.jobs(url).packClosed(live());
    const revised = VALUES.map((value) => value * 2);
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'a' }, revised)]), live());
    expect(await rollup('metrics_5m')).toEqual(expected(revised, 300_000));
  });

  it('have any width over a range, cut at its borders', async () => {
    await test.jobs(url).packClosed(live());
    const end = (minutes: number): string => `'${new Date(T0 + minutes * 60_000).toISOString()}'`;
    expect(await rollup(`metrics_rollup('1 minute', ${end(1)}, ${end(4)})`)).toEqual(
      expected(VALUES, 60_000).slice(2, 5)
    );
  });
});
