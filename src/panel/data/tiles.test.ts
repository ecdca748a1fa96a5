import {
  createTheme,
  dateTime,
  FieldType,
  MappingType,
  SpecialValueMatch,
  ThresholdsMode,
  type DataFrame,
  type TimeRange,
  type ValueMapping,
} from '@grafana/data';
import { END_MS, summaryFrame, timeFrame } from './testFrames';
import { type TileOptions, toTiles } from './tiles';
import { ENGLISH } from '../words/words';

const theme = createTheme({ colors: { mode: 'dark' } });

function tilesOf(frames: DataFrame[], more: Partial<TileOptions> = {}) {
  return toTiles(frames, { calculations: ['last'], theme, words: ENGLISH, timeZone: 'utc', ...more });
}

function rangeTo(toMs: number): TimeRange {
  const [from, to] = [dateTime(toMs - 3_600_000), dateTime(toMs)];
  return { from, to, raw: { from, to } };
}

describe('Summary frames', () => {
  it('show the last value with unit, decimals and the words of the contract', () => {
    const [tile] = tilesOf([summaryFrame({ values: [10, 20, 42.345] })]);
    expect(tile).toMatchObject({
      name: 'CPU usage',
      value: { numeric: 42.345, text: '42.3', suffix: '%' },
      state: { severity: 'ok', word: 'OK' },
      extras: [],
    });
    expect(tile.noData).toBeUndefined();
  });

  it.each([
    [79.99, 'ok', 'OK'],
    [80, 'warning', 'Warning'],
    [90, 'critical', 'Critical'],
  ])('call %d %s', (value, severity, word) => {
    expect(tilesOf([summaryFrame({ values: [1, value] })])[0].state).toMatchObject({ severity, word });
  });

  it('name each limit once, also when Grafana has put a first step of its own before theirs', () => {
    const frame = summaryFrame({ values: [1] });
    frame.fields[1].config.thresholds?.steps.unshift({ value: -Infinity, color: 'green' });
    const [tile] = tilesOf([frame]);
    expect(tile.limits.map(({ text }) => text)).toEqual(['below 80%', 'from 80%', 'from 90%']);
    expect(tile.state.word).toBe('OK');
    const steps = [-Infinity, -Infinity].map((value) => ({ value, color: 'green', state: 'ok' }));
    const config = { thresholds: { mode: ThresholdsMode.Absolute, steps } };
    expect(tilesOf([summaryFrame({ values: [1], config })])[0]).toMatchObject({ limits: [], state: { word: 'OK' } });
  });

  it('say why there is no data and when it was last seen, and never a 0', () => {
    const frame = summaryFrame({ values: [], mark: { noDataReason: 'no series matches', lastSeenMs: END_MS } });
    const [tile] = tilesOf([frame]);
    expect(tile.value).toBeUndefined();
    expect(tile.state).toEqual({ severity: 'no-data', word: 'No data' });
    expect(tile.noData).toEqual({ headline: 'No data', reason: 'No series matches', lastSeenMs: END_MS });
  });

  it.each([null, NaN, Infinity, undefined])('take a last value of %p for no data, and date the one before', (last) => {
    const [tile] = tilesOf([summaryFrame({ values: [1, 2, last] })]);
    expect(tile.value).toBeUndefined();
    expect(tile.noData).toMatchObject({ reason: ENGLISH('noValues'), lastSeenMs: END_MS - 15_000 });
    expect(tile.sparkline?.data.y.values).toEqual([1, 2, null]);
  });

  it('are tiles even without a value field', () => {
    const frame = summaryFrame({ values: [], mark: { noDataReason: 'job absent' } });
    const [tile] = tilesOf([{ ...frame, name: 'Requests', fields: [] }]);
    expect(tile).toMatchObject({ name: 'Requests', noData: { reason: 'Job absent' } });
  });

  it('name the group when the display name does not', () => {
    const labels = { metric: 'cpu_usage', instance: 'web-1' };
    const frames = [
      summaryFrame({ values: [1], labels }),
      summaryFrame({ name: 'CPU usage (web-1)', values: [1], labels, mark: { metricKey: 'cpu_usage' } }),
    ];
    expect(tilesOf(frames).map(({ group }) => group)).toEqual(['instance=web-1', undefined]);
  });

  it('of another version or of an earlier period are left out', () => {
    const later = summaryFrame({ values: [1] });
    later.meta = { custom: { promkeep: { version: 2, kind: 'summary' } } };
    expect(tilesOf([later, summaryFrame({ values: [1], mark: { comparison: { offsetMs: 1 } } })])).toEqual([]);
  });
});

describe('frames of any data source', () => {
  it('give one tile for each numeric field', () => {
    const frame = timeFrame([
      { name: 'a', values: [1, 2] },
      { name: 'b', values: [3, 4] },
      { name: 'note', type: FieldType.boolean, values: [true, false] },
    ]);
    expect(tilesOf([frame]).map(({ name, value }) => [name, value?.text])).toEqual([
      ['a', '2'],
      ['b', '4'],
    ]);
  });

  it('give one tile for each combination of texts of a table, not its last row', () => {
    const table = timeFrame([
      { name: 'instance', type: FieldType.string, values: ['x', 'y', 'x'] },
      { name: 'Value', values: [1, 2, 3] },
    ]);
    expect(tilesOf([table]).map(({ name, value }) => [name, value?.numeric])).toEqual([
      ['x', 3],
      ['y', 2],
    ]);
  });

  it('keep tiles of equal name apart', () => {
    const keys = tilesOf([timeFrame([{ values: [1] }]), timeFrame([{ values: [2] }])]).map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
  });

  it('leave out fields hidden from the visualization', () => {
    expect(tilesOf([timeFrame([{ values: [1], config: { custom: { hideFrom: { viz: true } } } }])])).toEqual([]);
  });

  it('skip gaps at the end, and say the time of a value that is old', () => {
    const frame = timeFrame([{ values: [5, NaN, null] }]);
    const recent = tilesOf([frame], { timeRange: rangeTo(END_MS) })[0];
    expect(recent).toMatchObject({ value: { numeric: 5 }, asOfMs: undefined });
    expect(tilesOf([frame], { timeRange: rangeTo(END_MS + 600_000) })[0].asOfMs).toBe(END_MS - 30_000);
  });

  it.each([[[]], [[null, null]], [[NaN]]])('have no data in %p', (values: unknown[]) => {
    const [tile] = tilesOf([timeFrame([{ values }])], { calculations: ['sum', 'mean'] });
    expect(tile).toMatchObject({ value: undefined, extras: [], state: { severity: 'no-data' } });
  });

  it('put further calculations beside the first', () => {
    const [tile] = tilesOf([timeFrame([{ values: [4, NaN, 1, 3], config: { unit: 'ms' } }])], {
      calculations: ['max', 'min', 'mean', 'median', 'p95', 'sum'],
    });
    expect(tile.value).toMatchObject({ text: '4', suffix: ' ms' });
    expect(tile.extras).toEqual([
      { label: 'Min', text: '1 ms' },
      { label: 'Mean', text: '2.67 ms' },
      { label: 'Median', text: '3 ms' },
      { label: 'p95', text: '3.90 ms' },
      { label: 'Sum', text: '8 ms' },
    ]);
  });

  it('show what a value mapping says, for values and for their absence', () => {
    const mappings: ValueMapping[] = [
      { type: MappingType.ValueToText, options: { '1': { text: 'up' } } },
      { type: MappingType.SpecialValue, options: { match: SpecialValueMatch.Null, result: { text: 'gone' } } },
    ];
    const frames = [
      timeFrame([{ values: [1], config: { mappings } }]),
      timeFrame([{ values: [null], config: { mappings } }]),
    ];
    const [up, gone] = tilesOf(frames);
    expect(up.value?.text).toBe('up');
    expect(gone).toMatchObject({ value: undefined, noData: { headline: 'gone' }, state: { word: 'No data' } });
  });
});

describe('foreign thresholds', () => {
  const thresholds = {
    mode: ThresholdsMode.Absolute,
    steps: [
      { value: -Infinity, color: 'green' },
      { value: 80, color: '#EAB839' },
      { value: 90, color: 'dark-red' },
    ],
  };

  it.each([
    [10, 'ok', 'Below 80%'],
    [85, 'warning', 'Above 80%'],
    [95, 'critical', 'Above 90%'],
  ])('speak of the limit: %d is %s, "%s"', (value, severity, word) => {
    const frame = timeFrame([{ values: [value], config: { unit: 'percent', thresholds } }]);
    expect(tilesOf([frame])[0].state).toMatchObject({ severity, word });
  });

  it('read the urgency from the colour, also where low is bad', () => {
    const steps = [
      { value: -Infinity, color: 'red' },
      { value: 20, color: 'green' },
    ];
    const frame = timeFrame([{ values: [5], config: { thresholds: { mode: ThresholdsMode.Absolute, steps } } }]);
    expect(tilesOf([frame])[0].state).toMatchObject({ severity: 'critical', word: 'Below 20' });
  });

  it('do not guess what blue means', () => {
    const steps = [{ value: -Infinity, color: 'blue' }, thresholds.steps[2]];
    const frame = timeFrame([{ values: [5], config: { thresholds: { mode: ThresholdsMode.Absolute, steps } } }]);
    expect(tilesOf([frame])[0].state.severity).toBe('other');
  });

  it('in percent are of the range between min and max', () => {
    const config = { min: 0, max: 200, thresholds: { ...thresholds, mode: ThresholdsMode.Percentage } };
    expect(tilesOf([timeFrame([{ values: [170], config }])])[0].state).toMatchObject({ word: 'Above 80 %' });
  });

  it('with a single step mean that nobody judged', () => {
    const config = { thresholds: { mode: ThresholdsMode.Absolute, steps: [{ value: -Infinity, color: 'green' }] } };
    expect(tilesOf([timeFrame([{ values: [1e9], config }])])[0].state).toEqual({ severity: 'none' });
  });
});

describe('sparkline', () => {
  it('names trend, last, lowest and highest value', () => {
    const [tile] = tilesOf([summaryFrame({ values: [10, 12, 30, 41] })]);
    expect(tile.sparkline?.label).toBe('CPU usage: rising, last 41.0%, lowest 10.0%, highest 41.0%');
  });

  it('does not call a single outlier a trend', () => {
    const [tile] = tilesOf([summaryFrame({ values: [10, 10, 10, 60, 10, 10, 10, 10, 10] })]);
    expect(tile.sparkline?.label).toContain('steady');
  });

  it('does not make a cliff of a change of one percent', () => {
    const [tile] = tilesOf([summaryFrame({ values: [100, 99] })]);
    const range = tile.sparkline?.data.y.state?.range;
    expect((range?.max ?? 0) - (range?.min ?? 0)).toBeCloseTo(10);
  });

  it('needs two values and times, and can be switched off', () => {
    const withoutTime = { length: 2, fields: [timeFrame([{ values: [1, 2] }]).fields[1]] };
    expect(tilesOf([summaryFrame({ values: [1] })])[0].sparkline).toBeUndefined();
    expect(tilesOf([withoutTime])[0].sparkline).toBeUndefined();
    expect(tilesOf([summaryFrame({ values: [1, 2] })], { withSparkline: false })[0].sparkline).toBeUndefined();
  });
});
