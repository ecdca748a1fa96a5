import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { type WriteOutcome } from '../../pkg/core/ports/sampleStore';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(180_000);

const DAY = 86_400_000;

describe.each(SERVERS)('several archivers at once, on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const many = (count: number): Archive[] => Array.from({ length: count }, () => test.archive(url));
  const number = async (sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0].n);
  const total = (outcomes: WriteOutcome[], key: 'inserted' | 'unchanged' | 'revised' | 'withdrawn'): number =>
    outcomes.reduce((sum, outcome) => sum + outcome[key], 0);

  it('migrates once when eight programs start together', async () => {
    const results = await Promise.all(many(8).map((archive) => archive.migrate()));
    expect(new Set(results.map(({ to }) => to)).size).toBe(1);
    expect(await number('SELECT count(*) AS n FROM promkeep_migrations')).toBe(results[0].to);
  });

  it('writes the same range once', async () => {
    const series = manySeries(50, 200, (n, i) => n * i);
    const outcomes = await Promise.all(many(4).map((archive) => archive.samples.writeRange(writing(series), live())));
    expect(total(outcomes, 'inserted')).toBe(10_000);
    expect(total(outcomes, 'unchanged')).toBe(30_000);
    expect(await number('SELECT count(*) AS n FROM metrics_data')).toBe(10_000);
    expect(await number('SELECT count(*) AS n FROM promkeep_series')).toBe(50);
    expect(await number('SELECT count(*) AS n FROM promkeep_fetches')).toBe(1);
  });

  // [A3]
  it('ends in what the ranges hold, whatever the order in which overlapping ones come', async () => {
    const archives = many(3);
    const value = (i: number): number => i * 2;
    const writes = Array.from({ length: 24 }, (_, k) => {
      const first = (k * 7) % 60;
      const fromMs = T0 + first * STEP;
      const values = Array.from({ length: 40 }, (_unused, i) => value(first + i));
      const series = [gridSeries({ __name__: 'a' }, values, fromMs), gridSeries({ __name__: 'b' }, values, fromMs)];
      const range = { fromMs, toMs: fromMs + 39 * STEP };
      return archives[k % 3].samples.writeRange(writing(series, { range, covered: [range] }), live());
    });
    const outcomes = await Promise.all(writes);
    expect(total(outcomes, 'revised') + total(outcomes, 'withdrawn')).toBe(0);
    const last = Math.max(...Array.from({ length: 24 }, (_, k) => ((k * 7) % 60) + 39));
    const [found] = await archives[0].samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + DAY } }, live());
    expect([...found.values]).toEqual(Array.from({ length: last + 1 }, (_, i) => value(i)));
    expect(total(outcomes, 'inserted')).toBe(2 * (last + 1));
    expect(await archives[1].ledger.coverage('cpu')).toEqual([{ fromMs: T0, toMs: T0 + last * STEP }]);
  });

  it('makes the same new weeks together without waiting for each other to death', async () => {
    const weeks = Array.from({ length: 12 }, (_, w) => T0 + w * 7 * DAY);
    await Promise.all(
      many(3).flatMap((archive, a) =>
        (a % 2 ? [...weeks].reverse() : weeks).map((fromMs, k) =>
          archive.samples.writeRange(
            writing([gridSeries({ __name__: 'up' }, [k], fromMs)], {
              query: { kind: 'kept', expression: `q${a}-${k}`, stepMs: STEP, phaseMs: 0 },
              range: { fromMs, toMs: fromMs },
            }),
            live()
          )
        )
      )
    );
    expect(await number(`SELECT count(*) AS n FROM pg_partition_tree('promkeep_samples') WHERE isleaf`)).toBe(12);
    expect(await number('SELECT count(*) AS n FROM metrics_data')).toBe(36);
  });

  it('takes rows through metrics_data from several sessions at once', async () => {
    await test.archive(url).migrate();
    const insert = async (person: Client): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        await person.query(
          `INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels, source) VALUES ($1, $2, $3, '{}', 's')`,
          [`m${i % 4}`, i, new Date(T0 + i * 7 * DAY).toISOString()]
        );
      }
    };
    await Promise.all((await Promise.all([1, 2, 3, 4, 5].map(() => test.client(url)))).map(insert));
    expect(await number('SELECT count(*) AS n FROM metrics_data')).toBe(40);
    expect(await number('SELECT count(*) AS n FROM promkeep_series')).toBe(4);
  });

  it('does not block readers while it makes partitions', async () => {
    const archive = test.archive(url);
    await archive.migrate();
    await client.query('BEGIN');
    await client.query('SELECT count(*) FROM metrics_data');
    const write = writing([gridSeries({ __name__: 'up' }, [1])]);
    expect(await archive.samples.writeRange(write, live())).toMatchObject({ inserted: 1 });
    await client.query('ROLLBACK');
  });
});
