import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { type QueryIdentity } from '../../pkg/core/ports/sampleStore';
import { type Series } from '../../pkg/core/model/series';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(180_000);

const DAY = 86_400_000;
const HOUR = 3_600_000;
const EVERYTHING = { fromMs: T0 - 365 * DAY, toMs: T0 + 365 * DAY };
const ODD = [1.5, NaN, Infinity, -Infinity, -0, 0, 5e-324, -1.7976931348623157e308];

describe.each(SERVERS)('packing on $name', (server) => {
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

  const rows = async (sql: string, values: unknown[] = []): Promise<Array<Record<string, unknown>>> =>
    (await client.query<Record<string, unknown>>(sql, values)).rows;
  const pack = (nowMs?: number): ReturnType<ReturnType<TestServer['jobs']>['packClosed']> =>
    test.jobs(url, nowMs).packClosed(live());
  const read = (query: QueryIdentity = CPU, range = EVERYTHING): Promise<Series[]> =>
    archive.samples.readSeries({ query, range }, live());
  const unpacked = async (): Promise<number> => Number((await rows('SELECT count(*) AS n FROM promkeep_samples'))[0].n);
  /** Everything a reader of metrics_data sees, values bit by bit; created_at becomes the packed period's. */
  const flat = (from = 'metrics_data'): Promise<unknown> =>
    rows(`SELECT id, metric_name, float8send(metric_value) AS bits, timestamp, labels, source, org_id, source_name, query
          FROM ${from} ORDER BY id`);

  // [A8]
  it('changes nothing that can be read: series, flat rows with their ids, status, coverage', async () => {
    const sparse = { ...gridSeries({ __name__: 'sparse' }, [1, 2, 3, 4]), timesMs: times(0, 1, 5, 6) };
    const random = { ...gridSeries({ __name__: 'random' }, [...Array(40).keys()]), timesMs: irregular(40) };
    const covered = { fromMs: T0, toMs: T0 + 2 * DAY };
    const series = [gridSeries({ __name__: 'odd' }, ODD), sparse, random, gridSeries(undefined, [7]), ...twoDays()];
    await archive.samples.writeRange(writing(series, { covered: [covered] }), live());
    const state = async (): Promise<unknown> => {
      const { bytes, ...status } = await archive.status();
      expect(bytes).toBeGreaterThan(0);
      return [await read(), await flat(), status, await archive.ledger.coverage('cpu')];
    };
    const before = await state();
    const outcome = await pack();
    expect(outcome).toMatchObject({ samples: await sampleCount(), busy: 0 });
    expect(await unpacked()).toBe(0);
    expect(await state()).toEqual(before);
    expect(await pack()).toMatchObject({ samples: 0, rows: 0, periods: 0, busy: 0, condensedFetches: 0 });
  });

  const sampleCount = async (): Promise<number> =>
    Number((await rows('SELECT sum(sample_count) AS n FROM promkeep_packed'))[0].n);

  it('needs only start, step and values for a grid, and times for what has none', async () => {
    await archive.samples.writeRange(
      writing([
        gridSeries({ __name__: 'grid' }, [1, 2, 3]),
        { ...gridSeries({ __name__: 'x' }, [...Array(40).keys()]), timesMs: irregular(40) },
      ]),
      live()
    );
    await pack();
    const shapes = await rows(
      `SELECT r.metric_name, p.step_us, cardinality(p.offsets_us) AS offsets, cardinality(p.sample_values) AS samples
       FROM promkeep_packed p JOIN promkeep_series r USING (series_id) ORDER BY 1`
    );
    expect(shapes).toEqual([
      { metric_name: 'grid', step_us: String(STEP * 1000), offsets: null, samples: 3 },
      { metric_name: 'x', step_us: null, offsets: 40, samples: 40 },
    ]);
  });

  it('stores differences only where they are exact', async () => {
    const series: Array<[string, number[]]> = [
      ['counter', [5, 7, 7, 0, 2 ** 52]],
      ['extremes', [-(2 ** 52), 2 ** 52, -(2 ** 52) + 1]],
      ['fraction', [1, 2.5]],
      ['minus-zero', [0, -0, 1]],
      ['nan', [1, NaN]],
      ['infinite', [1, Infinity]],
      ['too-large', [1, 2 ** 52 + 1]],
    ];
    const written = series.map(([name, values]) => gridSeries({ __name__: name }, values));
    await archive.samples.writeRange(writing(written), live());
    const before = await flat();
    await pack();
    expect(await read()).toEqual(written);
    expect(await flat()).toEqual(before);
    const found = await rows(
      `SELECT r.metric_name FROM promkeep_packed p JOIN promkeep_series r USING (series_id) WHERE p.differences ORDER BY 1`
    );
    expect(found.map((row) => row.metric_name)).toEqual(['counter', 'extremes', 'fraction']);
    expect(await read(CPU, { fromMs: T0 + STEP, toMs: T0 + 3 * STEP })).toContainEqual(
      gridSeries({ __name__: 'counter' }, [7, 7, 0], T0 + STEP)
    );
  });

  it('reads any part of a packed period, both ends inclusive', async () => {
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'a' }, [0, 1, 2, 3, 4, 5])]), live());
    await archive.samples.writeRange(
      writing([gridSeries({ __name__: 'a' }, [7, 8], T0 + 7 * STEP)], {
        range: { fromMs: T0 + 6 * STEP, toMs: T0 + 9 * STEP },
      }),
      live()
    );
    await pack();
    for (let first = -1; first < 10; first++) {
      for (let last = first; last < 10; last++) {
        const range = { fromMs: T0 + first * STEP - 1, toMs: T0 + last * STEP + (last % 3) };
        const expected = [0, 1, 2, 3, 4, 5, 7, 8].filter((n) => n >= first && n <= last);
        expect((await read(CPU, range)).flatMap(({ values }) => [...values])).toEqual(expected);
      }
    }
  });

  it('leaves open periods alone', async () => {
    await archive.samples.writeRange(writing(twoDays()), live());
    const all = await unpacked();
    expect(await pack(T0 + DAY + 5 * HOUR)).toMatchObject({ samples: 0 });
    expect(await pack(T0 + DAY + 7 * HOUR)).toMatchObject({ periods: 1 });
    expect(await unpacked()).toBe(all - (await sampleCount()));
    expect(await rows(`SELECT DISTINCT time >= '2026-01-02Z' AS open FROM promkeep_samples`)).toEqual([{ open: true }]);
  });

  it('counts late, revised and withdrawn samples of packed periods exactly, and packs them again', async () => {
    const a = { __name__: 'a' };
    const b = { __name__: 'b' };
    await archive.samples.writeRange(writing([gridSeries(a, [1, NaN, 3, 4]), gridSeries(b, [1, 2, 3, 4])]), live());
    await pack();
    const again = writing([gridSeries(a, [1, NaN, 3, 4]), gridSeries(b, [1, 2, 3, 4])]);
    expect(await archive.samples.writeRange(again, live())).toMatchObject({ unchanged: 8, inserted: 0 });
    expect(await unpacked()).toBe(0);
    const changed = [gridSeries(a, [1, NaN, -3, 4, 5]), { ...gridSeries(b, [1, 2]), timesMs: times(0, 3) }];
    const outcome = await archive.samples.writeRange(writing(changed), live());
    // b: one unchanged, the value at 3 revised, two withdrawn.
    expect(outcome).toMatchObject({ inserted: 1, unchanged: 4, revised: 2, withdrawn: 2 });
    expect(await read()).toEqual(changed);
    await pack();
    expect(await unpacked()).toBe(0);
    expect(await read()).toEqual(changed);
    expect(await archive.samples.writeRange(writing(changed), live())).toMatchObject({
      unchanged: 7,
      inserted: 0,
      revised: 0,
    });
  });

  it('lets late samples lie beside a packed row until they are packed into it', async () => {
    const full = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const only = (keep: number[]): Series[] => [
      { labels: { __name__: 'a' }, timesMs: times(...keep), values: Float64Array.from(keep) },
    ];
    await archive.samples.writeRange(writing(only([0, 2, 3, 9])), live());
    await pack();
    expect(await archive.samples.writeRange(writing(only(full)), live())).toMatchObject({ inserted: 6, unchanged: 4 });
    expect(await unpacked()).toBe(6);
    expect(await read()).toEqual(only(full));
    await pack();
    expect(await rows('SELECT sample_count FROM promkeep_packed')).toEqual([{ sample_count: 10 }]);
    expect(await read()).toEqual(only(full));
  });

  it('keeps the expression each sample came with, and who wrote inserted rows when', async () => {
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'a' }, [1])]), live());
    await archive.samples.writeRange(
      writing([gridSeries({ __name__: 'a' }, [2], T0 + STEP)], {
        range: { fromMs: T0 + STEP, toMs: T0 + STEP },
        provenance: { expression: 'sum(up)', stepMs: STEP, fetchedAtMs: T0, warnings: [] },
      }),
      live()
    );
    for (const minute of [0, 1, 2]) {
      await client.query(
        `INSERT INTO metrics_data (metric_name, metric_value, timestamp, created_at) VALUES ('own', NULL, $1, $2)`,
        [new Date(T0 + minute * 60_000), new Date(T0 + minute * HOUR)]
      );
    }
    await pack();
    expect(
      await rows(`SELECT m.metric_value AS value, v.expression FROM promkeep_packed p
        CROSS JOIN LATERAL promkeep_unpack(p.from_time, p.sample_count, p.step_us, p.offsets_us, p.sample_values, p.differences, p.divisor, p.fetch_ids, p.fetch_starts)
          AS m(metric_time, metric_value, fetch_id)
        JOIN promkeep_fetches f ON f.fetch_id = m.fetch_id JOIN promkeep_query_versions v USING (query_id, version)
        WHERE m.metric_value IS NOT NULL ORDER BY m.metric_time`)
    ).toEqual([
      { value: 1, expression: 'up' },
      { value: 2, expression: 'sum(up)' },
    ]);
    expect(
      await rows(`SELECT metric_value, created_at FROM metrics_data WHERE metric_name = 'own' ORDER BY timestamp`)
    ).toEqual([0, 1, 2].map((hour) => ({ metric_value: null, created_at: new Date(T0 + hour * HOUR) })));
  });

  it('takes INSERT, UPDATE and DELETE through metrics_data in packed periods', async () => {
    const insert = (value: number | null, minute: number): Promise<unknown> =>
      client.query(
        `INSERT INTO metrics_data (metric_name, metric_value, timestamp, source) VALUES ('own', $1, $2, 'me')`,
        [value, new Date(T0 + minute * 60_000)]
      );
    for (let minute = 0; minute < 5; minute++) {
      await insert(minute, minute);
    }
    await pack();
    await insert(3, 3);
    expect(await unpacked()).toBe(0);
    await insert(30, 3);
    await insert(5, 5);
    await pack();
    await client.query(`UPDATE metrics_data SET metric_value = -1 WHERE metric_value = 1`);
    await pack();
    await client.query(`DELETE FROM metrics_data WHERE metric_value IN (0, 2)`);
    const left = await rows('SELECT metric_value FROM metrics_data ORDER BY timestamp');
    expect(left.map((row) => row.metric_value)).toEqual([-1, 30, 4, 5]);
    await pack();
    expect(await rows('SELECT metric_value FROM metrics_data ORDER BY timestamp')).toEqual(left);
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1])]), live());
    await pack();
    await expect(client.query(`DELETE FROM metrics_data WHERE query = 'cpu'`)).rejects.toMatchObject({ code: '0A000' });
  });

  it('does not let a session that inserts meet a period that is just packed', async () => {
    const insert = `INSERT INTO metrics_data (metric_name, metric_value, timestamp) VALUES ('own', $1, $2)`;
    await client.query(insert, [1, new Date(T0)]);
    const other = await test.client(url);
    await other.query('BEGIN');
    await other.query(insert, [2, new Date(T0 + 60_000)]);
    expect(await pack()).toMatchObject({ samples: 0, busy: 1 });
    await other.query('COMMIT');
    expect(await pack()).toMatchObject({ samples: 2, busy: 0 });
  });

  // [A8]
  it('gives the same rows by metrics_between, and by plan reads only what lies in the range', async () => {
    await archive.samples.writeRange(writing(twoDays()), live());
    await archive.samples.writeRange(
      writing([gridSeries({ __name__: 'later' }, [1, 2], T0 + 90 * DAY)], {
        range: { fromMs: T0 + 90 * DAY, toMs: T0 + 91 * DAY },
      }),
      live()
    );
    await pack();
    const bounds = [new Date(T0 + 1_000), new Date(T0 + DAY + HOUR)].map((at) => `'${at.toISOString()}'`);
    expect(await flat(`metrics_between(${bounds.join(', ')})`)).toEqual(
      await flat(`metrics_data WHERE timestamp BETWEEN ${bounds.join(' AND ')}`)
    );
    const plan = await rows(
      `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT * FROM metrics_between('2026-03-30Z', '2026-04-02Z') WHERE metric_name = 'later'`
    );
    const text = plan.map((line) => String(line['QUERY PLAN'])).join('\n');
    expect(new Set(text.match(/promkeep_packed_1y_\d{8}\b(?!_)/g))).toEqual(new Set(['promkeep_packed_1y_20260316']));
    expect(text).toMatch(/promkeep_series_short_name|metric_name|short_name/);
  });

  it('works for a role that owns nothing but its schema', async () => {
    await client.query(`CREATE ROLE packer_${server.binDir ? 'a' : 'b'} LOGIN PASSWORD 'p'`);
    const role = `packer_${server.binDir ? 'a' : 'b'}`;
    await client.query(`CREATE SCHEMA AUTHORIZATION ${role}; ALTER ROLE ${role} SET search_path = ${role}`);
    const theirs = new URL(url);
    theirs.username = role;
    theirs.password = 'p';
    archive = test.archive(theirs.href);
    await archive.samples.writeRange(writing(manySeries(3, 10, (n, i) => n * i)), live());
    const before = await read();
    expect(await test.jobs(theirs.href).packClosed(live())).toMatchObject({ samples: 30, rows: 3 });
    expect(await read()).toEqual(before);
  });

  it('compresses with pglz, which every server has and which is denser on such arrays', async () => {
    await archive.samples.writeRange(writing(manySeries(1, 1_000, (_, i) => i % 7)), live());
    await pack();
    expect(await rows(`SELECT pg_column_compression(sample_values) AS method FROM promkeep_packed`)).toEqual([
      { method: 'pglz' },
    ]);
  });

  it('stores a value that does not change once', async () => {
    const values = [7, 0, -0, 0.1, NaN, Infinity, -Infinity, 1e308, 5e-324];
    const constant = values.map((value, n) => gridSeries({ __name__: `same${n}` }, Array<number>(50).fill(value)));
    const zeros = gridSeries({ __name__: 'zeros' }, [0, -0, 0]);
    const single = gridSeries({ __name__: 'single' }, [3]);
    const uneven = { ...gridSeries({ __name__: 'uneven' }, Array<number>(40).fill(2)), timesMs: irregular(40) };
    const written = [...constant, zeros, single, uneven];
    await archive.samples.writeRange(writing(written), live());
    const before = await flat();
    await pack();
    expect(await read()).toEqual(written);
    expect(await flat()).toEqual(before);
    const [{ once }] = await rows(
      `SELECT count(*)::int AS once FROM promkeep_packed WHERE cardinality(sample_values) = 1 AND sample_count = 50`
    );
    // A constant -0 is stored as it is.
    expect(once).toBe(values.length - 1);
    const range = { fromMs: T0 + 10 * STEP, toMs: T0 + 12 * STEP };
    expect(await read(CPU, range)).toContainEqual(gridSeries({ __name__: 'same0' }, [7, 7, 7], range.fromMs));
    // Taken apart and packed again.
    const revised = gridSeries({ __name__: 'same0' }, [...Array<number>(49).fill(7), 8]);
    await archive.samples.writeRange(writing([revised, ...written.slice(1)]), live());
    await pack();
    expect(await read()).toEqual([revised, ...written.slice(1)]);
  });

  it('stores decimals as integers where dividing restores every bit', async () => {
    const decimals = (digits: number, count: number): number[] =>
      Array.from({ length: count }, (_, i) => Number((Math.sin(i) * 10 ** (i % 6)).toFixed(digits)));
    const series: Array<[string, number[], number | null]> = [
      ['a two', [12.34, 0.07, -5.5, 100, 99999999.99], 100],
      ['b nine', decimals(9, 300), 1e9],
      ['c three', decimals(3, 300), 1e3],
      ['d large', [2 ** 50 + 0.5, 0.5], null],
      ['e thirds', [1 / 3, 2 / 3], null],
      ['f sum', [0.1 + 0.2, 0.3], null],
      ['g huge', [1e308, 0.1], null],
      ['h tiny', [5e-324, 0.1], null],
      ['i nan', [0.1, NaN], null],
      ['j minus zero', [0.1, -0], null],
      ['k ten', decimals(12, 300), null],
      ['l seconds', Array.from({ length: 300 }, (_, i) => Number((123_456.78 + i * 0.93).toFixed(2))), 100],
    ];
    const written = series.map(([name, values]) => gridSeries({ __name__: name }, values));
    await archive.samples.writeRange(writing(written), live());
    const before = await flat();
    await pack();
    expect(await read()).toEqual(written);
    expect(await flat()).toEqual(before);
    const found = await rows(
      `SELECT r.metric_name, p.divisor FROM promkeep_packed p JOIN promkeep_series r USING (series_id) ORDER BY 1`
    );
    expect(found.map(({ metric_name: name, divisor }) => [name, divisor])).toEqual(
      series.map(([name, , divisor]) => [name, divisor])
    );
  });

  it('keeps inserted nulls and microseconds in any year, also where no double counts them', async () => {
    for (const start of ['1600-01-05Z', '2026-01-05Z']) {
      await client.query(
        `INSERT INTO metrics_data (metric_name, metric_value, timestamp)
         SELECT 'own' || n % 2, CASE WHEN n % 8 = 0 THEN NULL ELSE n / 4.0 END, $1::timestamptz + n * n * interval '1 microsecond'
         FROM generate_series(0, 200) n ORDER BY n % 7`,
        [start]
      );
    }
    const exactly = (): Promise<unknown> =>
      rows(
        `SELECT metric_name, float8send(metric_value) AS bits, timestamp::text FROM metrics_data ORDER BY metric_name, timestamp`
      );
    const before = await exactly();
    expect(await pack()).toMatchObject({ samples: 402, rows: 4 });
    expect(await exactly()).toEqual(before);
  });

  it('takes a series that has very many samples in a period part by part', async () => {
    const values = Float64Array.from({ length: 110_000 }, (_, i) => i);
    const series = [{ labels: { __name__: 'dense' }, timesMs: values.map((i) => T0 + i), values }];
    await archive.samples.writeRange(writing(series), live());
    expect(await pack()).toMatchObject({ samples: 110_000, rows: 5, busy: 0 });
    expect(await unpacked()).toBe(0);
    expect(await read()).toEqual(series);
  });

  it('cuts rows over 25,000 samples and batches by samples', async () => {
    const values = Array.from({ length: 60_000 }, (_, i) => i);
    const series = [
      {
        labels: { __name__: 'a' },
        timesMs: Float64Array.from(values, (i) => T0 + i),
        values: Float64Array.from(values),
      },
    ];
    await archive.samples.writeRange(writing(series), live());
    await pack();
    expect(await rows('SELECT sample_count FROM promkeep_packed ORDER BY from_time')).toEqual(
      [25_000, 25_000, 10_000].map((n) => ({ sample_count: n }))
    );
    expect(await read()).toEqual(series);
  });
});

function times(...steps: number[]): Float64Array {
  return Float64Array.from(steps, (step) => T0 + step * STEP);
}

function irregular(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => T0 + i * i * 7 + i);
}

/** Two series over two days, with gaps in one. */
function twoDays(): Series[] {
  const whole = gridSeries(
    { __name__: 'long' },
    Array.from({ length: 11_000 }, (_, i) => i % 97)
  );
  const kept = Array.from({ length: 11_000 }, (_, i) => i).filter((i) => i % 1_000 > 100);
  const gaps = {
    labels: { __name__: 'gaps' },
    timesMs: Float64Array.from(kept, (i) => T0 + i * STEP),
    values: Float64Array.from(kept),
  };
  return [whole, gaps];
}
