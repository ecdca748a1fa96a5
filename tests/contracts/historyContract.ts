import { type Archive } from '../../pkg/core/ports/archive';
import { type Gap } from '../../pkg/core/ports/ledger';
import { type GridRead } from '../../pkg/core/ports/history';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type Labels } from '../../pkg/core/model/series';
import {
  type Begin,
  describeContract,
  live,
  type Open,
  QUERY,
  seriesOf,
  span,
  STEP,
  T0,
  withQuery,
  writing,
} from './underTest';

const DAY = 86_400_000;

type Values = ReadonlyArray<number | undefined>;

/** Reading recorded queries back [A5] [A6]. */
export function describeHistoryContract(name: string, begin: Begin): void {
  describeContract(`history contract: ${name}`, begin, (open) => {
    describeGrids(withQuery(open));
    describeCoverage(withQuery(open));
    describeFilters(withQuery(open));
    describeLabels(withQuery(open));
  });
}

function describeGrids(open: Open): void {
  const values = Array.from({ length: 41 }, (_, i) => Math.sin(i));

  it.each([
    ['the recorded step', 1, 0, 40],
    ['every fourth time', 4, 0, 40],
    ['every fourth time from the third on', 4, 2, 38],
    ['every seventh, which does not end on the last', 7, 3, 40],
    ['one time', 1, 5, 5],
    ['a step longer than the range', 1_000, 6, 40],
    ['a range that begins before the samples', 6, -12, 12],
  ])('gives %s', async (_, every, from, to) => {
    const archive = await open();
    await archive.samples.writeRange(
      writing([seriesOf({ __name__: 'up' }, values)], { covered: [span(-20, 60)] }),
      live()
    );
    const grid = { startMs: T0 + from * STEP, endMs: T0 + to * STEP, stepMs: every * STEP };
    const found = await read(archive, { grid });
    const wanted = Array.from({ length: Math.floor((to - from) / every) + 1 }, (_unused, i) => from + i * every);
    const there = wanted.filter((i) => i >= 0 && i <= 40);
    expect(found?.series.map(({ timesMs }) => [...timesMs])).toEqual([there.map((i) => T0 + i * STEP)]);
    expect(found?.series.map((one) => [...one.values])).toEqual([there.map((i) => values[i])]);
    expect(found?.covered).toEqual([{ fromMs: grid.startMs, toMs: grid.startMs + (wanted.length - 1) * grid.stepMs }]);
  });

  it('gives whole numbers, holes, NaN, infinities and -0 exactly', async () => {
    const archive = await open();
    const rows: Array<[string, Values]> = [
      ['counter', [1e9, 1e9 + 7, 3, 4, 5, 6, 7, 8, 2 ** 52, 1]],
      ['special', [NaN, Infinity, -Infinity, -0, 0, 1e-300, 1, 2, 3, NaN]],
      ['holes', [1, undefined, undefined, 4, 5, undefined, 7.5, 8, undefined, 10]],
    ];
    await archive.samples.writeRange(
      writing(
        rows.map(([kind, row]) => seriesOf({ __name__: 'up', kind }, row)),
        { covered: [span(0, 9)] }
      ),
      live()
    );
    for (const every of [1, 2, 3]) {
      const found = await read(archive, { grid: { startMs: T0, endMs: T0 + 9 * STEP, stepMs: every * STEP } });
      for (const [kind, row] of rows) {
        const series = found?.series.find(({ labels }) => labels?.kind === kind);
        const kept = row
          .map((value, i) => [T0 + i * STEP, value] as const)
          .filter(([, value], i) => i % every === 0 && value !== undefined);
        expect([...(series?.timesMs ?? [])]).toEqual(kept.map(([timeMs]) => timeMs));
        expect([...(series?.values ?? [])]).toEqual(kept.map(([, value]) => value));
      }
    }
  });

  it('joins several periods', async () => {
    const archive = await open();
    const ticks = Array.from({ length: 96 }, (_, i) => i * 2_700_000);
    const series = {
      labels: { __name__: 'up' },
      timesMs: Float64Array.from(ticks, (t) => T0 + t),
      values: Float64Array.from(ticks),
    };
    const range = { fromMs: T0, toMs: T0 + 3 * DAY };
    await archive.samples.writeRange({ ...writing([series]), range, covered: [range] }, live());
    const found = await read(archive, { grid: { startMs: T0 + 5_400_000, endMs: T0 + 3 * DAY, stepMs: 5_400_000 } });
    expect([...(found?.series[0].values ?? [])]).toEqual(ticks.filter((t) => t % 5_400_000 === 0 && t > 0));
  });

  it('restores results without a name', async () => {
    const archive = await open();
    await archive.samples.writeRange(
      writing([seriesOf({ instance: 'h:1' }, [1]), seriesOf({}, [2])], { covered: [span(0, 0)] }),
      live()
    );
    const found = await read(archive, {});
    expect(found?.series.map(({ labels }) => labels)).toEqual([{ instance: 'h:1' }, {}]);
  });
}

function describeCoverage(open: Open): void {
  const labels = { __name__: 'up' };

  it('gives samples of covered times only, and says why others are missing', async () => {
    const archive = await open();
    const gap: Gap = { ...span(3, 5), reason: 'partial-answer', detail: 'a store did not answer' };
    await archive.samples.writeRange(
      writing([seriesOf(labels, [0, 1, 2, 3, 4, 5, 6, 7])], { covered: [span(0, 2), span(6, 7)], gaps: [gap] }),
      live()
    );
    const found = await read(archive, { grid: { startMs: T0, endMs: T0 + 20 * STEP, stepMs: STEP } });
    expect(found?.covered).toEqual([span(0, 2), span(6, 7)]);
    expect([...(found?.series[0].values ?? [])]).toEqual([0, 1, 2, 6, 7]);
    expect(found?.gaps).toEqual([gap]);
  });

  it('gives coverage without series where the source had none', async () => {
    const archive = await open();
    await archive.samples.writeRange(writing([], { range: span(0, 9), covered: [span(0, 9)] }), live());
    expect(await read(archive, { grid: { startMs: T0, endMs: T0 + 9 * STEP, stepMs: 3 * STEP } })).toEqual({
      covered: [span(0, 9)],
      gaps: [],
      series: [],
    });
  });

  it("never gives an older version's samples as the new one's", async () => {
    const archive = await open();
    await archive.samples.writeRange(writing([seriesOf(labels, [1, 2, 3])], { covered: [span(0, 2)] }), live());
    const changed = { ...QUERY, expression: 'up + 1' };
    await archive.definitions.provision([changed]);
    expect(await read(archive, {})).toBeUndefined();
    const early = await read(archive, { query: changed });
    expect(early).toMatchObject({ covered: [], series: [] });
    const provenance = { ...writing([]).provenance, expression: 'up + 1' };
    await archive.samples.writeRange(
      writing([seriesOf(labels, [undefined, 20])], { range: span(1, 1), covered: [span(1, 1)], provenance }),
      live()
    );
    const later = await read(archive, { query: changed });
    expect(later?.series.map(({ values }) => [...values])).toEqual([[20]]);
    expect(later?.covered).toEqual([span(1, 1)]);
  });

  // [A12]
  it('knows nothing of a query that is not there, of another step, or of another organisation', async () => {
    const archive = await open();
    await archive.samples.writeRange(writing([seriesOf(labels, [1])], { covered: [span(0, 0)] }), live());
    expect(await read(archive, { query: { ...QUERY, name: 'other' } })).toBeUndefined();
    expect(await read(archive, { query: { ...QUERY, stepMs: 2 * STEP } })).toBeUndefined();
    const theirs = await open({ orgId: 2 });
    expect(await read(theirs, {})).toMatchObject({ covered: [], series: [] });
    expect(await theirs.history.seriesLabels({ name: QUERY.name, range: span(0, 9), limit: 10 }, live())).toEqual([]);
  });
}

function describeFilters(open: Open): void {
  const all: Labels[] = [
    { __name__: 'up', job: 'node', instance: 'a:1' },
    { __name__: 'up', job: 'node', instance: 'b:1' },
    { __name__: 'up', job: 'db "x"' },
  ];

  // [A7]
  it.each<[string, GridRead['matchers'], number[]]>([
    ['equality', [{ name: 'job', operator: '=', value: 'node' }], [0, 1]],
    ['quotes', [{ name: 'job', operator: '=', value: 'db "x"' }], [2]],
    ['an absent label', [{ name: 'instance', operator: '=', value: '' }], [2]],
    ['inequality', [{ name: 'instance', operator: '!=', value: 'a:1' }], [1, 2]],
    ['a pattern for the whole value', [{ name: 'instance', operator: '=~', value: 'a|b:.' }], [1]],
    ['a pattern that must not match', [{ name: 'job', operator: '!~', value: 'db.*' }], [0, 1]],
    ['the name', [{ name: '__name__', operator: '=', value: 'up' }], [0, 1, 2]],
    ['another name', [{ name: '__name__', operator: '=~', value: 'down|x' }], []],
    ['what no label can hold', [{ name: 'job', operator: '=', value: 'a\0b' }], []],
    [
      'several at once',
      [
        { name: 'job', operator: '=', value: 'node' },
        { name: 'instance', operator: '!~', value: 'b.*' },
      ],
      [0],
    ],
  ])('filters series by %s', async (_, matchers, expected) => {
    const archive = await open();
    const series = all.map((labels, i) => seriesOf(labels, [i]));
    await archive.samples.writeRange(writing(series, { covered: [span(0, 0)] }), live());
    const found = await read(archive, { matchers });
    expect(found?.series.map(({ values }) => values[0])).toEqual(expected);
  });

  it('refuses a pattern it does not understand, before anything is read', async () => {
    const archive = await open();
    const matchers = [{ name: 'job', operator: '=~', value: '(a)\\1' }] as const;
    await expect(Promise.resolve().then(() => read(archive, { matchers }))).rejects.toMatchObject({
      code: 'QUERY_INVALID',
    });
  });
}

function describeLabels(open: Open): void {
  it('lists the series of a covered range', async () => {
    const archive = await open();
    const [old, young] = [
      { __name__: 'up', job: 'old' },
      { __name__: 'up', job: 'young' },
    ];
    await archive.samples.writeRange(
      writing([seriesOf(old, [1, 1]), seriesOf(young, [undefined, undefined, 3, 3])], { covered: [span(0, 3)] }),
      live()
    );
    const list = (range: TimeRange, limit = 10): Promise<Labels[]> =>
      archive.history.seriesLabels({ name: QUERY.name, range, limit }, live());
    expect(await list(span(0, 3))).toEqual([old, young]);
    expect(await list(span(2, 3))).toEqual([young]);
    expect(await list(span(0, 3), 1)).toEqual([old]);
    expect(await list(span(10, 20))).toEqual([]);
    await expect(
      archive.history.seriesLabels({ name: 'none', range: span(0, 1), limit: 1 }, live())
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
}

function read(archive: Archive, change: Partial<GridRead>): ReturnType<Archive['history']['readGrid']> {
  const grid = { startMs: T0, endMs: T0 + 10 * STEP, stepMs: STEP };
  return archive.history.readGrid({ query: QUERY, grid, matchers: [], ...change }, live());
}
