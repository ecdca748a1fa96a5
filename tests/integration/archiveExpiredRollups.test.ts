import { type ArchiveWishes } from '../../pkg/archive/connect/archiveWishes';
import { type Archive } from '../../pkg/core/ports/archive';
import { type BucketRead } from '../../pkg/core/ports/history';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type Labels, type Series } from '../../pkg/core/model/series';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { writing } from './archiveWrites';

jest.setTimeout(240_000);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEP = MINUTE;
const QUERY = { name: 'cpu', expression: 'up', stepMs: STEP };
/** A day and a half: rollups are stored of whole days. */
const END = T0 + 1.5 * DAY;

/** What the archive still says of a recorded query when its samples have expired [A10]. */
describe.each(SERVERS)('expired samples on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    await archive.migrate();
    await archive.definitions.provision([{ ...QUERY, retention: '30d' }]);
  });
  afterEach(() => test.closeAll());

  const value = (timeMs: number): number => Math.round(Math.sin(timeMs / 7_777) * 1_000);
  const seriesOf = (labels: Labels, range: TimeRange, of = value): Series => {
    const timesMs = Float64Array.from(
      { length: (range.toMs - range.fromMs) / STEP + 1 },
      (_, i) => range.fromMs + i * STEP
    );
    return { labels, timesMs, values: timesMs.map((timeMs) => of(timeMs)) };
  };
  const write = (
    covered: TimeRange[],
    of = value,
    expression = 'up',
    series: Labels[] = [{ instance: 'a' }, { instance: 'b' }]
  ) => {
    const range = { fromMs: covered[0].fromMs, toMs: covered[covered.length - 1].toMs };
    const provenance = { expression, stepMs: STEP, fetchedAtMs: T0, warnings: [] };
    const all = series.map((labels) => seriesOf(labels, range, of));
    return archive.samples.writeRange(writing(all, { range, retention: '30d', provenance, covered }), live());
  };
  /** The upkeep of that many days after `T0`. */
  const upkeep = async (days: number, rollups?: ArchiveWishes): Promise<void> => {
    const jobs = test.jobs(url, T0 + days * DAY, rollups);
    await jobs.packClosed(live());
    // What a setting shortens waits; here, not for long.
    await test.endGrace(url);
    await jobs.rollUp(live());
    await jobs.expire(live());
  };
  const read = (change: Partial<BucketRead>) =>
    archive.history.readBuckets(
      {
        query: QUERY,
        grid: { startMs: T0 + HOUR, endMs: END, stepMs: HOUR },
        matchers: [{ name: 'instance', operator: '=', value: 'a' }],
        widthMs: HOUR,
        aggregate: 'max',
        ...change,
      },
      live()
    );
  const inBucket = (endMs: number, widthMs: number): number[] =>
    Array.from({ length: widthMs / STEP }, (_, i) => value(endMs - i * STEP));

  it('are left as whole buckets, equal to what the samples were', async () => {
    await write([{ fromMs: T0, toMs: END }]);
    const before = await read({});
    expect(before?.covered).toEqual([{ fromMs: T0 + HOUR, toMs: END }]);
    await upkeep(31);
    const state = await archive.history.rollups(QUERY, { fromMs: 0, toMs: Infinity }, live());
    expect(state?.covered).toEqual([{ fromMs: T0, toMs: END }]);
    expect(state?.expired).toEqual([{ fromMs: T0, toMs: T0 + DAY - STEP }]);
    expect(state?.stored).toEqual([
      { widthMs: 5 * MINUTE, fromMs: T0 - 5 * MINUTE },
      { widthMs: HOUR, fromMs: T0 - HOUR },
    ]);
    const grid = { startMs: T0, endMs: END, stepMs: STEP };
    expect((await archive.history.readGrid({ query: QUERY, grid, matchers: [] }, live()))?.covered).toEqual([
      { fromMs: T0 + DAY, toMs: END },
    ]);
    expect(await read({})).toEqual(before);
    for (const [widthMs, aggregate, of] of [
      [5 * MINUTE, 'max', Math.max],
      [HOUR, 'min', Math.min],
      [3 * HOUR, 'sum', (...all: number[]) => all.reduce((sum, one) => sum + one, 0)],
      [15 * MINUTE, 'count', (...all: number[]) => all.length],
      [15 * MINUTE, 'last', (...newestFirst: number[]) => newestFirst[0]],
    ] as const) {
      const found = await read({ widthMs, aggregate, grid: { startMs: T0 + widthMs, endMs: END, stepMs: widthMs } });
      const ends = Array.from({ length: (END - T0) / widthMs }, (_, i) => T0 + (i + 1) * widthMs);
      expect([...(found?.series[0].timesMs ?? [])]).toEqual(ends);
      expect([...(found?.series[0].values ?? [])]).toEqual(ends.map((endMs) => of(...inBucket(endMs, widthMs))));
    }
  });

  it('of a width that is switched off are removed, and what others hold is still read', async () => {
    await write([{ fromMs: T0, toMs: END }]);
    const before = await read({});
    await upkeep(31);
    await upkeep(31, { hours: 'none' });
    const state = await archive.history.rollups(QUERY, { fromMs: 0, toMs: Infinity }, live());
    expect(state?.stored.map(({ widthMs }) => widthMs)).toEqual([5 * MINUTE]);
    expect(await read({})).toEqual(before);
    await upkeep(31, { fiveMinutes: 'none' });
    const rows = await (
      await test.client(url)
    ).query(
      'SELECT (SELECT count(*) FROM promkeep_rollups)::int + (SELECT count(*) FROM promkeep_rollup_state)::int AS n'
    );
    expect(rows.rows).toEqual([{ n: 0 }]);
    expect((await read({}))?.covered).toEqual([{ fromMs: T0 + DAY + HOUR, toMs: END }]);
  });

  it('go on where they were begun when the query gets a longer class, so that nothing expires behind them', async () => {
    await write([{ fromMs: T0, toMs: END }]);
    await upkeep(31);
    await archive.definitions.provision([{ ...QUERY, retention: '1y' }]);
    await write([{ fromMs: END + STEP, toMs: END + 3 * DAY }]);
    await upkeep(40);
    const rows = await (await test.client(url)).query('SELECT DISTINCT stored_until FROM promkeep_rollup_state');
    expect(rows.rows).toEqual([{ stored_until: new Date(T0 + 39 * DAY) }]);
  });

  it('are not there for widths that are not stored, in which only the samples that are left count', async () => {
    await write([{ fromMs: T0, toMs: END }]);
    await upkeep(31);
    const found = await read({
      widthMs: 2 * MINUTE,
      grid: { startMs: T0 + 2 * MINUTE, endMs: END, stepMs: 2 * MINUTE },
    });
    expect(found?.covered).toEqual([{ fromMs: T0 + DAY + 2 * MINUTE, toMs: END }]);
  });

  it('leave nothing of buckets with a hole, also after the ledger has forgotten why', async () => {
    const hole = { fromMs: T0 + 2 * HOUR + 7 * MINUTE, toMs: T0 + 2 * HOUR + 9 * MINUTE };
    await write([
      { fromMs: T0, toMs: hole.fromMs - STEP },
      { fromMs: hole.toMs + STEP, toMs: END },
    ]);
    await upkeep(31);
    const hours = await read({});
    expect(hours?.covered).toEqual([
      { fromMs: T0 + HOUR, toMs: T0 + 2 * HOUR },
      { fromMs: T0 + 4 * HOUR, toMs: END },
    ]);
    const short = await read({
      widthMs: 5 * MINUTE,
      grid: { startMs: T0 + 2 * HOUR, endMs: T0 + 3 * HOUR, stepMs: 5 * MINUTE },
    });
    expect(short?.covered).toEqual([
      { fromMs: T0 + 2 * HOUR, toMs: T0 + 2 * HOUR + 5 * MINUTE },
      { fromMs: T0 + 2 * HOUR + 15 * MINUTE, toMs: T0 + 3 * HOUR },
    ]);
  });

  it("are never given as another version's, nor replaced by what is filled in later", async () => {
    await write([{ fromMs: T0, toMs: END }]);
    await upkeep(31);
    const before = await read({});
    await write([{ fromMs: T0, toMs: T0 + DAY }], () => 1);
    expect(await read({})).toEqual(before);
    await upkeep(31.1);
    expect(await read({})).toEqual(before);
    const changed = { ...QUERY, expression: 'up + 1' };
    await archive.definitions.provision([{ ...changed, retention: '30d' }]);
    await write([{ fromMs: T0 + 12 * HOUR, toMs: END }], () => 2, 'up + 1');
    const theirs = async () => (await read({ query: changed }))?.covered;
    // what was filled in before the hour up to which rollups never change (1.1 days) is not theirs
    const young = [{ fromMs: T0 + DAY + 3 * HOUR, toMs: END }];
    expect(await theirs()).toEqual(young);
    await upkeep(31.2);
    expect(await theirs()).toEqual(young);
    expect([...new Set((await read({ query: changed }))?.series[0].values)]).toEqual([2]);
  });

  it('are read in hours where the narrower rollups have expired, too', async () => {
    await write([{ fromMs: T0, toMs: END }]);
    await upkeep(40);
    await upkeep(430);
    const state = await archive.history.rollups(QUERY, { fromMs: 0, toMs: Infinity }, live());
    expect(state?.stored).toEqual([{ widthMs: HOUR, fromMs: T0 - HOUR }]);
    expect((await read({}))?.covered).toEqual([{ fromMs: T0 + HOUR, toMs: END }]);
    expect((await read({ widthMs: 5 * MINUTE }))?.covered).toEqual([]);
  });

  it('are still listed by the labels of their series', async () => {
    await write([{ fromMs: T0, toMs: END }], value, 'up', [{ instance: 'a' }]);
    await write([{ fromMs: END + STEP, toMs: T0 + 2 * DAY }], value, 'up', [{ instance: 'b' }]);
    await upkeep(40);
    const list = (range: TimeRange): Promise<Labels[]> =>
      archive.history.seriesLabels({ name: 'cpu', range, limit: 10 }, live());
    expect(await list({ fromMs: T0, toMs: END })).toEqual([{ instance: 'a' }]);
    expect(await list({ fromMs: END + 2 * HOUR, toMs: T0 + 3 * DAY })).toEqual([{ instance: 'b' }]);
    expect(await list({ fromMs: T0 + 4 * DAY, toMs: T0 + 5 * DAY })).toEqual([]);
  });

  // [A17]
  it('are refused where too many samples would have to be looked at, before they are', async () => {
    const wide = { ...QUERY, name: 'wide' };
    await archive.definitions.provision([{ ...wide, retention: 'forever' }]);
    const range = { fromMs: T0 - 2_000 * DAY, toMs: T0 };
    const provenance = { expression: 'up', stepMs: STEP, fetchedAtMs: T0, warnings: [] };
    const series = Array.from({ length: 8 }, (_, n) => seriesOf({ n: `${n}` }, { fromMs: T0, toMs: T0 }));
    const recorded = { kind: 'recorded', name: 'wide' } as const;
    await archive.samples.writeRange(
      writing(series, { query: recorded, range, retention: 'forever', provenance, covered: [range] }),
      live()
    );
    const grid = { startMs: range.fromMs + 2 * DAY, endMs: T0, stepMs: DAY };
    await expect(read({ query: wide, matchers: [], widthMs: DAY, grid })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/^The archive would have to read 230\d{5} samples and buckets of 8 series/),
    });
    const short = { ...grid, startMs: T0 - 100 * DAY };
    expect((await read({ query: wide, matchers: [], widthMs: DAY, grid: short }))?.series).toHaveLength(8);
  });
});
