import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { type WriteOutcome } from '../../pkg/core/ports/sampleStore';
import { type Series } from '../../pkg/core/model/series';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(120_000);

const DAY = 86_400_000;

describe.each(SERVERS)('the short way of a live write, on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let archive: Archive;
  let client: Client;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const at = (fromStep: number, values: number[][], toStep = fromStep + values[0].length - 1): Promise<WriteOutcome> =>
    archive.samples.writeRange(
      writing(
        values.map((list, n) => gridSeries({ __name__: 'up', n: String(n) }, list, T0 + fromStep * STEP)),
        { range: { fromMs: T0 + fromStep * STEP, toMs: T0 + toStep * STEP } }
      ),
      live()
    );
  const read = async (): Promise<number[][]> =>
    (await archive.samples.readSeries({ query: CPU, range: { fromMs: T0 - DAY, toMs: T0 + DAY } }, live())).map(
      ({ values }) => [...values]
    );
  const counts = (outcome: WriteOutcome): number[] => [
    outcome.inserted,
    outcome.unchanged,
    outcome.revised,
    outcome.withdrawn,
  ];

  it('finds everything that was written before, at the border too', async () => {
    expect(counts(await at(0, [[1], [2]]))).toEqual([2, 0, 0, 0]);
    expect(
      counts(
        await at(1, [
          [1, 1],
          [2, 2],
        ])
      )
    ).toEqual([4, 0, 0, 0]);
    // Begins where the last range ended.
    expect(
      counts(
        await at(2, [
          [1, 7],
          [8, 2],
        ])
      )
    ).toEqual([2, 1, 1, 0]);
    // Repeats the newest, without one series.
    expect(counts(await at(3, [[7]]))).toEqual([0, 1, 0, 1]);
    expect(counts(await at(4, [[5]], 6))).toEqual([1, 0, 0, 0]);
    // Younger than every sample, not than every range that was written.
    expect(counts(await at(5, [[6]]))).toEqual([1, 0, 0, 0]);
    expect(await read()).toEqual([
      [1, 1, 1, 7, 5, 6],
      [2, 2, 8],
    ]);
  });

  it('reads the stored samples when nothing is on record of the writes', async () => {
    await at(0, [[1], [2]]);
    await client.query('DELETE FROM promkeep_fetches');
    expect(counts(await at(0, [[1], [3]]))).toEqual([0, 1, 1, 0]);
  });

  it('tries the long way when somebody put a sample where none should be', async () => {
    await at(0, [[1], [2]]);
    await client.query(
      `INSERT INTO promkeep_samples SELECT series_id, time + interval '15 seconds', 99, fetch_id FROM promkeep_samples`
    );
    expect(counts(await at(1, [[99], [5]]))).toEqual([0, 1, 1, 0]);
    expect(await read()).toEqual([
      [1, 99],
      [2, 5],
    ]);
  });

  it('makes series anew that somebody deleted, and remembers no id of theirs', async () => {
    await at(0, [[1], [2]]);
    await client.query(`DELETE FROM promkeep_series WHERE labels ->> 'n' = '0'`);
    await at(1, [[3], [4]]);
    const { rows } = await client.query(`SELECT labels ->> 'n' AS n, metric_value AS value FROM metrics_data
      WHERE query = 'cpu' AND labels IS NOT NULL ORDER BY 1, 2`);
    expect(rows).toEqual([
      { n: '0', value: 3 },
      { n: '1', value: 2 },
      { n: '1', value: 4 },
    ]);
  });

  it('keeps its counts and samples when a series appears, goes and comes back', async () => {
    await at(0, [[1]]);
    await at(1, [[1], [2]]);
    await at(2, [[1]]);
    await at(3, [[1], [2]]);
    expect(await read()).toEqual([
      [1, 1, 1, 1],
      [2, 2],
    ]);
  });

  it('copies what is large, each value exactly, over several statements and weeks', async () => {
    const special = [0, -0, NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 1 / 3];
    const series: Series[] = manySeries(60, 1_000, (n, i) => special[(n + i) % special.length]);
    const write = writing(series);
    expect(counts(await archive.samples.writeRange(write, live()))).toEqual([60_000, 0, 0, 0]);
    const range = { fromMs: T0, toMs: T0 + 1_000 * STEP };
    const stored = await archive.samples.readSeries({ query: CPU, range }, live());
    expect(stored.map(({ values }) => [...values])).toEqual(series.map(({ values }) => [...values]));
    expect(counts(await archive.samples.writeRange(write, live()))).toEqual([0, 60_000, 0, 0]);
    const { rows } = await client.query(
      `SELECT count(*)::int AS n, count(DISTINCT fetch_id)::int AS fetches FROM promkeep_samples`
    );
    expect(rows).toEqual([{ n: 60_000, fetches: 1 }]);
  });

  it('gives up a large write in the middle without leaving anything, and works on', async () => {
    await at(0, [[1]]);
    const abort = new AbortController();
    // Holds up the copying: its rows wait for a sample of another transaction with the same key.
    const heldUpMs = T0 + 25_000 * STEP;
    await client.query('SELECT promkeep_ensure_partition(to_timestamp($1::float8 / 1000))', [heldUpMs]);
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO promkeep_samples SELECT r.series_id, to_timestamp($1::float8 / 1000), 1, 1 FROM promkeep_series r`,
      [heldUpMs]
    );
    const large = gridSeries({ __name__: 'up', n: '0' }, new Array<number>(30_000).fill(4), T0 + STEP);
    const range = { fromMs: T0 + STEP, toMs: T0 + 30_000 * STEP };
    const result = archive.samples
      .writeRange(writing([large], { range }), abort.signal)
      .catch((reason: unknown) => reason);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    abort.abort();
    expect(await result).toMatchObject({ code: 'QUERY_CANCELLED' });
    await client.query('ROLLBACK');
    const { rows } = await client.query('SELECT count(*)::int AS n FROM promkeep_samples');
    expect(rows).toEqual([{ n: 1 }]);
    expect(counts(await archive.samples.writeRange(writing([large], { range }), live()))).toEqual([30_000, 0, 0, 0]);
  });
});

describe.each(SERVERS)('results that are hard to store, on $name', (server) => {
  const test = new TestServer(server);
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    archive = test.archive(await test.freshDatabase());
  });
  afterEach(() => test.closeAll());

  const read = (): Promise<Series[]> =>
    archive.samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + DAY } }, live());

  it('stores 10,000 labels, and labels of a megabyte, and gives them back', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`label_${String(i).padStart(5, '0')}`, `v${i}`])
    );
    const long = { __name__: 'up', text: 'é"\\\n'.repeat(250_000) };
    const series = [gridSeries({ __name__: 'up', ...many }, [1]), gridSeries(long, [2])];
    expect(await archive.samples.writeRange(writing(series), live())).toMatchObject({ inserted: 2, refused: [] });
    expect(await archive.samples.writeRange(writing(series), live())).toMatchObject({ unchanged: 2, refused: [] });
    expect((await read()).map(({ labels, values }) => [labels, ...values])).toEqual([
      [{ __name__: 'up', ...many }, 1],
      [long, 2],
    ]);
  });

  it('stores 10,000 series that are all new each time', async () => {
    for (let round = 0; round < 2; round++) {
      const series = Array.from({ length: 10_000 }, (_, n) =>
        gridSeries({ __name__: 'up', pod: `pod-${round}-${n}` }, [n], T0 + round * STEP)
      );
      const atMs = T0 + round * STEP;
      const outcome = await archive.samples.writeRange(
        writing(series, { range: { fromMs: atMs, toMs: atMs } }),
        live()
      );
      expect(outcome).toMatchObject({ inserted: 10_000, refused: [] });
    }
    expect(await read()).toHaveLength(20_000);
  });

  it('leaves out the one series it cannot store, wherever it stands, and names it each time', async () => {
    const good = Array.from({ length: 50 }, (_, n) => gridSeries({ __name__: 'up', n: String(n) }, [n]));
    const bad = [gridSeries({ __name__: 'up', n: 'nul\u0000' }, [1]), gridSeries({ __name__: 'up', n: '\ud800' }, [1])];
    for (const place of [0, 25, 50]) {
      const series = [...good.slice(0, place), ...bad, ...good.slice(place)];
      const outcome = await archive.samples.writeRange(writing(series), live());
      expect(outcome.inserted + outcome.unchanged).toBe(50);
      expect(outcome.refused.map(({ reason }) => reason)).toEqual([
        expect.stringMatching(/NUL/),
        expect.stringMatching(/surrogate/),
      ]);
    }
    expect(await read()).toHaveLength(50);
  });
});
