import { type Client } from 'pg';
import { createUpkeep } from '../../pkg/archive/upkeep/upkeep';
import { connectionFromUrl } from '../../pkg/archive/connect/connection';
import { type ArchiveWishes } from '../../pkg/archive/connect/archiveWishes';
import { type Archive } from '../../pkg/core/ports/archive';
import { type Series } from '../../pkg/core/model/series';
import { SERVERS, silentLogger, SOURCE, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { writing } from './archiveWrites';

jest.setTimeout(240_000);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Of the recorded query in these tests; few samples keep them quick. */
const STEP = 2 * MINUTE;

interface Bucket {
  bucket: string;
  min: number;
  max: number;
  sum: number;
  count: number;
  last: number;
}

describe.each(SERVERS)('stored rollups on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    await archive.migrate();
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const seriesOf = (name: string, values: ReadonlyMap<number, number>): Series => {
    const timesMs = [...values.keys()].sort((a, b) => a - b);
    return {
      labels: { __name__: name },
      timesMs: Float64Array.from(timesMs),
      values: Float64Array.from(timesMs, (timeMs) => values.get(timeMs) ?? NaN),
    };
  };
  const write = (model: ReadonlyMap<string, ReadonlyMap<number, number>>, fromMs: number, toMs: number) => {
    const series = [...model].map(([name, values]) =>
      seriesOf(name, new Map([...values].filter(([timeMs]) => timeMs >= fromMs && timeMs <= toMs)))
    );
    const range = { fromMs, toMs };
    const provenance = { expression: 'up', stepMs: STEP, fetchedAtMs: T0, warnings: [] };
    return archive.samples.writeRange(writing(series, { range, retention: '30d', provenance }), live());
  };
  const buckets = async (from: string, name: string): Promise<Bucket[]> =>
    (
      await client.query<Bucket>(
        `SELECT to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS bucket, min_value AS min, max_value AS max,
           sum_value AS sum, sample_count::int AS count, last_value AS last
         FROM ${from} WHERE metric_name = $1 ORDER BY timestamp`,
        [name]
      )
    ).rows;
  /** Straight from the definition. */
  const expected = (values: ReadonlyMap<number, number>, widthMs: number): Bucket[] => {
    const groups = new Map<number, number[]>();
    for (const [timeMs, value] of [...values].sort(([a], [b]) => a - b)) {
      const end = Math.ceil(timeMs / widthMs) * widthMs;
      groups.set(end, [...(groups.get(end) ?? []), value]);
    }
    return [...groups].map(([end, all]) => ({
      bucket: new Date(end).toISOString().slice(0, 16).replace('T', ' '),
      min: Math.min(...all),
      max: Math.max(...all),
      sum: all.reduce((sum, value) => sum + value, 0),
      count: all.length,
      last: all.at(-1) ?? NaN,
    }));
  };
  const grid = (fromMs: number, toMs: number, value: (i: number) => number | undefined): Map<number, number> => {
    const values = new Map<number, number>();
    for (let timeMs = fromMs, i = 0; timeMs <= toMs; timeMs += STEP, i++) {
      const at = value(i);
      if (at !== undefined) {
        values.set(timeMs, at);
      }
    }
    return values;
  };
  const storedCount = async (): Promise<number> =>
    (await client.query<{ n: number }>('SELECT coalesce(sum(bucket_count), 0)::int AS n FROM promkeep_rollups')).rows[0]
      .n;

  const MIX = new Map<string, Map<number, number>>([
    ['constant', grid(T0, T0 + 3 * DAY, () => 7)],
    ['counter', grid(T0, T0 + 3 * DAY, (i) => (i * i) % 100_000)],
    ['gauge', grid(T0, T0 + 3 * DAY, (i) => Math.sin(i) / 3)],
    [
      'odd',
      grid(T0, T0 + 3 * DAY, (i) => [NaN, Infinity, -Infinity, -0, 0, 1e308, -1e308, 5e-324, 2 ** 53, 1][(i * 7) % 10]),
    ],
    ['special', grid(T0, T0 + 3 * DAY, (i) => (i % 400 < 100 ? [Infinity, NaN, -0][i % 3] : -0))],
    ['holes', grid(T0, T0 + 3 * DAY, (i) => (i % 60 < 20 || (i > 500 && i < 900) ? undefined : i))],
    ['huge', grid(T0, T0 + 3 * DAY, (i) => (i % 2 === 0 ? 2 ** 52 : -(2 ** 52)) + (i % 3))],
    ['once', new Map([[T0 + DAY, 3]])],
  ]);

  // [A10]
  it('are what is computed from samples, to the bit, and outlive these', async () => {
    await write(MIX, T0, T0 + 3 * DAY);
    const tell = async (): Promise<unknown> =>
      (
        await client.query(
          `SELECT 'metrics_5m', metric_name, timestamp, encode(float8send(min_value) || float8send(max_value) || float8send(sum_value)
             || float8send(last_value), 'hex') AS bits, sample_count FROM metrics_5m
           UNION ALL
           SELECT 'metrics_1h', metric_name, timestamp, encode(float8send(min_value) || float8send(max_value) || float8send(sum_value)
             || float8send(last_value), 'hex'), sample_count FROM metrics_1h ORDER BY 1, 2, 3`
        )
      ).rows;
    const computed = await tell();
    const at = (days: number): ReturnType<TestServer['jobs']> => test.jobs(url, T0 + days * DAY);
    await at(2).rollUp(live());
    expect(await storedCount()).toBeGreaterThan(0);
    expect(await tell()).toEqual(computed);
    await at(40).packClosed(live());
    await at(40).rollUp(live());
    expect(await tell()).toEqual(computed);
    expect(await at(40).expire(live())).toMatchObject({ busy: [] });
    await at(70).expire(live());
    expect((await client.query('SELECT count(*)::int AS n FROM metrics_data')).rows).toEqual([{ n: 0 }]);
    expect(await tell()).toEqual(computed);
    for (const [name, values] of MIX) {
      if (!['odd', 'special', 'gauge'].includes(name)) {
        expect(await buckets('metrics_5m', name)).toEqual(expected(values, 5 * MINUTE));
        expect(await buckets('metrics_1h', name)).toEqual(expected(values, HOUR));
      }
    }
  });

  it('are the same for any order of writing, revising, withdrawing, packing and storing', async () => {
    const random = seeded(20261123);
    const model = new Map([
      ['a', new Map<number, number>()],
      ['b', new Map<number, number>()],
    ]);
    for (let round = 0; round < 25; round++) {
      const fromMs = T0 + Math.floor(random() * 2_100) * STEP;
      const toMs = fromMs + Math.floor(random() * 400) * STEP;
      for (const values of model.values()) {
        for (let timeMs = fromMs; timeMs <= toMs; timeMs += STEP) {
          if (random() < 0.1) {
            values.delete(timeMs);
          } else {
            values.set(timeMs, Math.floor(random() * 1_000));
          }
        }
      }
      await write(model, fromMs, toMs);
      const jobs = test.jobs(url, T0 + Math.floor(random() * 5) * DAY);
      const action = random();
      if (action < 0.4) {
        await jobs.packClosed(live());
      }
      if (action > 0.2) {
        await jobs.rollUp(live());
      }
      await jobs.close();
      for (const [name, values] of model) {
        expect(await buckets('metrics_5m', name)).toEqual(expected(values, 5 * MINUTE));
        expect(await buckets('metrics_1h', name)).toEqual(expected(values, HOUR));
        expect(await buckets(`metrics_rollup('15 minutes', '-infinity', 'infinity')`, name)).toEqual(
          expected(values, 15 * MINUTE)
        );
      }
    }
    expect(await storedCount()).toBeGreaterThan(500);
  });

  // [A10]
  it('keep samples from expiring until they are stored, and never change afterwards', async () => {
    await write(MIX, T0, T0 + 3 * DAY);
    const at = (days: number): ReturnType<TestServer['jobs']> => test.jobs(url, T0 + days * DAY);
    expect(await at(60).expire(live())).toMatchObject({ deletedSamples: 0, dropped: [] });
    await at(60).rollUp(live());
    const before = await buckets('metrics_5m', 'counter');
    expect((await at(60).expire(live())).deletedSamples).toBeGreaterThan(10_000);
    // Somebody fills in again what has expired: its rollups stay, and nothing is counted twice.
    await write(new Map([['counter', grid(T0, T0 + DAY, () => 1)]]), T0, T0 + DAY);
    expect(await buckets('metrics_5m', 'counter')).toEqual(before);
    await at(61).rollUp(live(), { source: SOURCE });
    expect(await buckets('metrics_5m', 'counter')).toEqual(before);
    await at(62).expire(live());
    expect(await buckets('metrics_5m', 'counter')).toEqual(before);
  });

  // [A10]
  it('can be computed again while there are samples', async () => {
    await write(MIX, T0, T0 + 3 * DAY);
    const jobs = test.jobs(url, T0 + 5 * DAY);
    await jobs.rollUp(live());
    const right = await buckets('metrics_1h', 'counter');
    await client.query('UPDATE promkeep_rollups SET last_values = last_values[1:2] || 5::float8 || last_values[4:]');
    expect(await buckets('metrics_1h', 'counter')).not.toEqual(right);
    expect(await jobs.rollUp(live())).toMatchObject({ queries: 0, buckets: 0, busy: 0 });
    await jobs.rollUp(live(), { source: SOURCE, query: 'somebody else' });
    expect(await buckets('metrics_1h', 'counter')).not.toEqual(right);
    await jobs.rollUp(live(), { source: SOURCE, query: 'cpu', range: { fromMs: T0, toMs: T0 + 4 * DAY } });
    expect(await buckets('metrics_1h', 'counter')).toEqual(right);
  });

  it('expire on their own, by whole partitions', async () => {
    await write(MIX, T0, T0 + 3 * DAY);
    const retention = { fiveMinutes: '60d', hours: 'forever' };
    const jobs = (days: number): ReturnType<typeof createUpkeep> =>
      createUpkeep({
        connection: connectionFromUrl(url),
        logger: silentLogger,
        clock: { nowMs: () => T0 + days * DAY },
        wishes: retention,
      });
    const [early, late] = [jobs(50), jobs(100)];
    await early.rollUp(live());
    await early.expire(live());
    expect((await buckets('metrics_5m', 'counter')).length).toBeGreaterThan(800);
    expect((await late.expire(live())).dropped).toEqual(
      expect.arrayContaining([expect.stringMatching(/^promkeep_rollups_300_/)])
    );
    expect(await buckets('metrics_5m', 'counter')).toEqual([]);
    expect(await buckets('metrics_1h', 'counter')).toHaveLength(73);
    await Promise.all([early.close(), late.close()]);
  });

  it('are kept as long as the archive says, whichever program runs the job', async () => {
    await write(MIX, T0, T0 + 3 * DAY);
    const start = (days: number, wishes?: ArchiveWishes): ReturnType<typeof createUpkeep> => {
      const clock = { nowMs: () => T0 + days * DAY };
      return createUpkeep({ connection: connectionFromUrl(url), logger: silentLogger, clock, wishes });
    };
    const settings = async (): Promise<unknown[]> =>
      (await client.query('SELECT name, value FROM promkeep_settings ORDER BY name')).rows.map(Object.values);
    const [plugin, later] = [start(50), start(100)];
    const serve = start(50, { fiveMinutes: '60d' });
    await plugin.rollUp(live());
    expect(await settings()).toEqual([]);
    await serve.expire(live());
    expect(await settings()).toEqual([['five_minute_rollups', '1y']]);
    await test.endGrace(url);
    await later.expire(live());
    expect(await settings()).toEqual([['five_minute_rollups', '60d']]);
    expect(await buckets('metrics_5m', 'counter')).toEqual([]);
    expect(await buckets('metrics_1h', 'counter')).toHaveLength(73);
    // The program that was started last decides, for those that run already as well.
    const restarted = start(100, { fiveMinutes: '90d', hours: 'forever' });
    await restarted.rollUp(live());
    await serve.rollUp(live());
    expect(await settings()).toEqual([
      ['five_minute_rollups', '90d'],
      ['hourly_rollups', 'forever'],
    ]);
    await Promise.all([plugin, later, serve, restarted].map((one) => one.close()));
  });

  it('take no wrong setting', async () => {
    const set = (name: string, value: string): Promise<unknown> =>
      client.query('INSERT INTO promkeep_settings (name, value) VALUES ($1, $2)', [name, value]);
    await expect(set('hourly_rollups', 'soon')).rejects.toThrow('check constraint');
    await expect(set('rollups', '1y')).rejects.toThrow('check constraint');
    await set('hourly_rollups', 'none');
  });

  it('are not stored where samples stay longer, nor for what was kept or inserted', async () => {
    const values = [
      seriesOf(
        'm',
        grid(T0, T0 + DAY, (i) => i)
      ),
    ];
    const range = { fromMs: T0, toMs: T0 + DAY };
    await archive.samples.writeRange(writing(values, { range, retention: 'forever' }), live());
    await archive.samples.writeRange(
      writing(values, { range, retention: '7d', query: { kind: 'kept', expression: 'up', stepMs: STEP, phaseMs: 0 } }),
      live()
    );
    await client.query(`INSERT INTO metrics_data (metric_name, metric_value, timestamp) VALUES ('m', 1, '2026-01-01')`);
    await test.jobs(url, T0 + 5 * DAY).rollUp(live());
    expect(await storedCount()).toBe(0);
    expect((await buckets('metrics_1h', 'm')).length).toBe(2 * 25 + 1);
  });
});

/** The same numbers every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
