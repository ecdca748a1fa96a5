import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { type Series } from '../../pkg/core/model/series';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(120_000);

const DAY = 86_400_000;
const RANGE = { fromMs: T0, toMs: T0 + 2 * DAY };

/** Every kind of value and of grid; two days, so that one row would have to cross a border. */
function awkwardSeries(): Series[] {
  const special = [0, -0, NaN, Infinity, -Infinity, 5e-324, 1 / 3];
  const points = 2 * 5_760;
  const make = (name: string, value: (i: number) => number, held: (i: number) => boolean = () => true): Series => {
    const times = Array.from({ length: points }, (_, i) => i).filter(held);
    return {
      labels: { __name__: name },
      timesMs: Float64Array.from(times, (i) => T0 + i * STEP),
      values: Float64Array.from(times, value),
    };
  };
  return [
    make('constant', () => 7),
    make('counter', (i) => i * 3),
    make('large', (i) => 2 ** 52 - i),
    make('gauge', (i) => Math.sin(i)),
    make('decimals', (i) => Math.round(Math.sin(i) * 1e4) / 100),
    make('large decimals', (i) => 2 ** 44 + i / 8),
    make('seconds', (i) => 1.7e9 + i * 15.001),
    make('constant decimal', () => 0.1),
    make('constant -0', () => -0),
    make('special', (i) => special[i % special.length]),
    make(
      'one hole',
      (i) => i,
      (i) => i < 1_000 || i > 1_100
    ),
    make(
      'many holes',
      (i) => i,
      (i) => i % 30 !== 0
    ),
    make(
      'hole at midnight',
      (i) => i,
      (i) => i < 5_700 || i > 5_800
    ),
    make(
      'every other',
      (i) => -i,
      (i) => i % 2 === 0
    ),
    make(
      'short',
      (i) => i,
      (i) => i < 50
    ),
  ];
}

describe.each(SERVERS)('what is packed as it is written, on $name', (server) => {
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

  /** A write of old samples as a backfill makes it, a week after they were due. */
  const backfill = (series: Series[], overrides: Partial<RangeWrite> = {}): RangeWrite => {
    const write = writing(series, { range: RANGE, covered: [RANGE], ...overrides });
    return { ...write, provenance: { ...write.provenance, fetchedAtMs: T0 + 9 * DAY } };
  };
  const read = async (): Promise<unknown> =>
    (await archive.samples.readSeries({ query: CPU, range: { fromMs: T0 - DAY, toMs: T0 + 9 * DAY } }, live())).map(
      ({ labels, timesMs, values }) => [labels, [...timesMs], [...values]]
    );
  const given = (series: Series[]): unknown =>
    series.map(({ labels, timesMs, values }) => [labels, [...timesMs], [...values]]);
  const packedRows = async (): Promise<unknown[]> =>
    (
      await client.query(
        `SELECT r.metric_name, p.retention, p.from_time, p.to_time, p.sample_count, p.step_us, p.offsets_us,
           encode(array_send(p.sample_values), 'hex') AS sample_values, p.differences, p.fetch_ids, p.fetch_starts
         FROM promkeep_packed p JOIN promkeep_series r USING (series_id) ORDER BY r.metric_name, p.from_time`
      )
    ).rows;
  const unpacked = async (): Promise<number> =>
    Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM promkeep_samples')).rows[0].n);

  it('becomes the very rows that packing makes', async () => {
    const series = awkwardSeries();
    await archive.samples.writeRange(backfill(series), live());
    expect(await unpacked()).toBe(50);
    await test.jobs(url).packClosed(live());
    const direct = await packedRows();
    expect(await read()).toEqual(given(series));
    const otherUrl = await test.freshDatabase();
    const other = test.archive(otherUrl);
    await other.samples.writeRange(writing(series, { range: RANGE, covered: [RANGE] }), live());
    await test.jobs(otherUrl).packClosed(live());
    client = await test.client(otherUrl);
    expect(direct).toEqual(await packedRows());
  });

  it('is there once: again, revised, withdrawn, in pieces, beside samples that were there', async () => {
    const series = awkwardSeries();
    const samples = series.reduce((sum, { values }) => sum + values.length, 0);
    const few = [gridSeries({ __name__: 'counter' }, [0, 3, 6, 999])];
    await archive.samples.writeRange(writing(few), live());
    const result = await archive.samples.writeRange(backfill(series), live());
    expect(result).toMatchObject({ inserted: samples - 4, unchanged: 3, revised: 1, withdrawn: 0 });
    expect(await read()).toEqual(expect.arrayContaining(given(series) as unknown[]));
    expect(await archive.samples.writeRange(backfill(series), live())).toMatchObject({
      inserted: 0,
      unchanged: samples,
    });
    const changed = series.map((one, n) =>
      n === 3 ? { ...one, values: one.values.map((v, i) => (i === 77 ? 5 : v)) } : one
    );
    expect(await archive.samples.writeRange(backfill(changed.slice(1)), live())).toMatchObject({
      inserted: 0,
      revised: 1,
      withdrawn: 11_520,
    });
    await test.jobs(url).packClosed(live());
    expect(await archive.samples.writeRange(backfill(changed.slice(1)), live())).toMatchObject({
      inserted: 0,
      revised: 0,
    });
    const { rows } =
      await client.query(`SELECT count(*)::int AS n, count(DISTINCT (metric_name, timestamp))::int AS different
      FROM metrics_data WHERE created_at IS NOT NULL`);
    expect(rows).toEqual([{ n: samples - 11_520, different: samples - 11_520 }]);
    expect((await archive.status()).samples).toBe(samples - 11_520);
  });

  it('lets chunks that split a period be one again after packing', async () => {
    const [, counter] = awkwardSeries();
    const part = (from: number, to: number): Promise<unknown> => {
      const one = { ...counter, timesMs: counter.timesMs.slice(from, to), values: counter.values.slice(from, to) };
      const range = { fromMs: one.timesMs[0], toMs: one.timesMs[to - from - 1] };
      return archive.samples.writeRange(backfill([one], { range, covered: [range] }), live());
    };
    for (const [from, to] of [
      [8_000, 11_520],
      [0, 3_000],
      [3_000, 8_000],
    ]) {
      await part(from, to);
    }
    expect(await read()).toEqual(given([counter]));
    expect(await unpacked()).toBe(0);
    expect(await archive.ledger.coverage('cpu')).toEqual([{ fromMs: T0, toMs: T0 + 11_519 * STEP }]);
  });

  it('leaves young samples, kept results and a class the query does not have any more to packing', async () => {
    const [constant] = awkwardSeries();
    const write = backfill([constant]);
    await archive.samples.writeRange(
      { ...write, provenance: { ...write.provenance, fetchedAtMs: T0 + DAY + 21_600_000 } },
      live()
    );
    expect(await unpacked()).toBe(5_760);
    await archive.samples.writeRange(
      backfill([constant], { query: { kind: 'kept', expression: 'up', stepMs: STEP, phaseMs: 0 } }),
      live()
    );
    expect(await unpacked()).toBe(3 * 5_760);
    await archive.definitions.provision([{ name: 'other', expression: 'up', stepMs: STEP, retention: '30d' }]);
    await archive.samples.writeRange(backfill([constant], { query: { kind: 'recorded', name: 'other' } }), live());
    expect(await unpacked()).toBe(5 * 5_760);
  });

  it('makes partitions again that expired under it', async () => {
    const [constant, counter] = awkwardSeries();
    await archive.samples.writeRange(backfill([constant]), live());
    const { rows } = await client.query<{ name: string }>(
      'SELECT DISTINCT tableoid::regclass AS name FROM promkeep_packed'
    );
    expect(rows).toHaveLength(1);
    await client.query(`DROP TABLE ${rows[0].name}`);
    await archive.samples.writeRange(backfill([constant, counter]), live());
    expect(await read()).toEqual(given([constant, counter]));
  });
});
