import { type ArchiveHistory } from '../../contract/archivePage';
import { cursorStops, nearestStop, readAt } from './chartCursor';
import { seriesPaths } from './chartPaths';
import { chartText } from './chartText';
import { scaleOf, timeTicks, valueTicks } from './chartScale';
import { durationText } from '../history/durationText';
import { seriesNames, shorten } from './seriesNames';
import { faultOf, readRange, writeRange } from '../history/timeRange';

const HOUR_MS = 3_600_000;

function historyOf(part: Partial<ArchiveHistory>): ArchiveHistory {
  return {
    name: 'a',
    displayName: 'a',
    fromMs: 0,
    toMs: 100,
    stepMs: 10,
    bucketMs: 10,
    sampledMs: 10,
    series: [],
    seriesCount: 0,
    gaps: [],
    thresholds: [],
    ...part,
  };
}

const seriesOf = (timesMs: number[], values: Array<number | null>, labels: Record<string, string> = {}) => ({
  labels,
  timesMs,
  values,
});

describe('the scale', () => {
  const ticksOf = (...values: number[]) =>
    valueTicks(scaleOf(historyOf({ series: [seriesOf([0, 10], values)] }), 100, 100)).values.map((tick) =>
      Number(tick.toPrecision(6))
    );

  it('begins at zero unless that would hide how values change', () => {
    expect(ticksOf(1, 9)).toEqual([0, 5, 10]);
    expect(ticksOf(100, 104)).toEqual([100, 102, 104]);
    expect(ticksOf(-5, 5)).toEqual([-5, 0, 5]);
  });

  it.each([
    [{ unit: 'percent', min: 0, max: 100 }, [96, 99.9], [0, 100]],
    [{ unit: 'percent', min: 0, max: 100 }, [60, 100.05], [0, 100]],
    [{ unit: 'percent', min: 0, max: 100 }, [60, 130], [0, 150]],
    [{ unit: 'percentunit', max: 1 }, [0.97, 0.999], [0.97, 1]],
    [{ unit: 'bytes' }, [0, 33 * 1024 ** 2], [0, 40 * 1024 ** 2]],
    [{ unit: 'bytes' }, [116.2 * 1024 ** 2, 119.9 * 1024 ** 2], [116 * 1024 ** 2, 120 * 1024 ** 2]],
    [{ unit: 'bytes' }, [23.5402 * 1024 ** 3], [23.54, 23.55].map((gib) => gib * 1024 ** 3)],
    [{ unit: 's' }, [0.4789, 0.4845], [0.475, 0.49]],
  ])('of %j ends where a reader expects it', (part, values, ends) => {
    const { low, high, ...scale } = scaleOf(historyOf({ ...part, series: [seriesOf([0, 10], values)] }), 100, 100);
    expect([low, high].map((end) => end.toPrecision(8))).toEqual(ends.map((end) => end.toPrecision(8)));
    const ticks = valueTicks({ low, high, ...scale }).values;
    expect(ticks.length).toBeGreaterThanOrEqual(3);
  });

  it('writes ticks in full, with no more digits than tell them apart', () => {
    const ticksOf = (unit: string, ...values: number[]) =>
      chartText(historyOf({ unit }), [''], (key) => key).ticks(values);
    expect(ticksOf('s', 0.48, 0.482, 0.484)).toEqual(['480 ms', '482 ms', '484 ms']);
    expect(ticksOf('s', 0.0049697, 0.0049698)).toEqual(['4.9697 ms', '4.9698 ms']);
    expect(ticksOf('bytes', 0, 1024 ** 3, 2.5 * 1024 ** 3)).toEqual(['0.0 B', '1.0 GiB', '2.5 GiB']);
    expect(ticksOf('percent', 0, 50, 100)).toEqual(['0%', '50%', '100%']);
    expect(ticksOf('short', 16_496_970, 16_496_971)).toEqual(['16.496970 Mil', '16.496971 Mil']);
  });

  it('has room for values that do not change, and for none', () => {
    expect(ticksOf(0, 0).length).toBeGreaterThan(1);
    const flat = scaleOf(historyOf({ series: [seriesOf([0, 10], [7, 7])] }), 100, 100);
    expect(flat.low).toBeLessThanOrEqual(7);
    expect(flat.high).toBeGreaterThan(flat.low);
    expect(scaleOf(historyOf({ min: 0, max: 100 }), 100, 100)).toMatchObject({ low: 0, high: 100 });
  });

  it('writes as many round times as have room', () => {
    const ticks = timeTicks(scaleOf(historyOf({ fromMs: HOUR_MS - 1, toMs: 2 * HOUR_MS }), 400, 100));
    expect(ticks.map(({ label }) => label)).toEqual(['01:00', '01:20', '01:40', '02:00']);
  });
});

describe('the line', () => {
  const draw = (timesMs: number[], values: Array<number | null>, bands = {}) => {
    const series = { ...seriesOf(timesMs, values), ...bands };
    return seriesPaths(series, scaleOf(historyOf({ series: [series], min: 0 }), 100, 100), 10);
  };

  it('ends at a gap and at what is no number; a value alone is a dot', () => {
    expect(draw([0, 10, 40, 50, 60], [10, 10, 10, null, 5]).line).toBe('M0.0 0.0L10.0 0.0M40.0 0.0h0M60.0 50.0h0');
  });

  it('shows a value alone as a dot', () => {
    expect(draw([0, 10, 40], [10, 10, 10]).dots).toBe('M40.0 0.0h0');
  });

  it('has a band from the lowest to the highest value of each bucket, around its middle', () => {
    const { line, band } = draw([0, 10], [5, 5], { min: [0, 0], max: [10, 10] });
    expect(line).toBe('M5.0 50.0L15.0 50.0');
    expect(band).toBe('M5.0 0.0L15.0 0.0L15.0 100.0L5.0 100.0Z');
  });
});

describe('the cursor', () => {
  const gap = { fromMs: 40, toMs: 60, reason: 'source-down', outlook: 'retried' as const };
  const history = historyOf({ series: [seriesOf([0, 10], [1, 2]), seriesOf([10, 80], [3, 4])], gaps: [gap] });

  it('stops at every value and at every gap', () => {
    expect(cursorStops(history)).toEqual([0, 10, 40, 80]);
  });

  it.each([
    [-5, 0],
    [4, 0],
    [6, 1],
    [61, 3],
    [200, 3],
  ])('at %d is nearest to stop %d', (timeMs, stop) => {
    expect(nearestStop(cursorStops(history), timeMs)).toBe(stop);
  });

  it('reads the values there and why there are none', () => {
    expect(readAt(history, 10).values).toMatchObject([{ value: 2 }, { value: 3 }]);
    expect(readAt(history, 40)).toEqual({ timeMs: 40, values: [undefined, undefined], gap });
    expect(readAt(history, 80).values).toMatchObject([undefined, { value: 4 }]);
  });
});

it('names series by one label where that is enough, by a name rather than a number', () => {
  const named = (...all: Array<Record<string, string>>) => seriesNames(all.map((labels) => seriesOf([], [], labels)));
  expect(named({ job: 'a' })).toEqual(['']);
  expect(named({ id: '1', db: 'x', job: 'a' }, { id: '2', db: 'y', job: 'a' })).toEqual(['x', 'y']);
  expect(named({ a: '1', b: 'x' }, { a: '1', b: 'y' }, { a: '2', b: 'x' })).toEqual(['1 · x', '1 · y', '2 · x']);
});

it('shortens long names in the middle', () => {
  const name = 'ip-10-0-0-123.eu-central-1.compute.internal:9100';
  expect(shorten(name)).toContain('…');
  expect(shorten(name)).toHaveLength(40);
  expect([shorten(name).slice(0, 10), shorten(name).slice(-5)]).toEqual(['ip-10-0-0-', ':9100']);
  expect(shorten('short')).toBe('short');
});

it('says durations by their two largest units', () => {
  expect([0, 15_000, 90_000, 26 * HOUR_MS + 5_000].map(durationText)).toEqual(['0s', '15s', '1m 30s', '1d 2h']);
});

describe('the range in the URL', () => {
  it('wins over the remembered one', () => {
    expect(readRange('?last=6h', '24h')).toEqual({ kind: 'last', rangeMs: 6 * HOUR_MS });
    expect(readRange('', '24h')).toEqual({ kind: 'last', rangeMs: 24 * HOUR_MS });
    expect(readRange('?last=9y', 'x')).toEqual({ kind: 'last', rangeMs: HOUR_MS / 4 });
    expect(readRange('?from=2026-01-02&to=2026-01-01')).toEqual({ kind: 'last', rangeMs: HOUR_MS / 4 });
  });

  it('may be any duration, and says what is none', () => {
    expect(readRange('?last=90m')).toEqual({ kind: 'last', rangeMs: 1.5 * HOUR_MS });
    expect(writeRange('', { kind: 'last', rangeMs: 1.5 * HOUR_MS })).toBe('last=1h30m');
    expect(faultOf('?last=90m')).toBeUndefined();
    expect(faultOf('')).toBeUndefined();
    expect(faultOf('?last=yesterday')).toEqual({ key: 'last', text: 'yesterday' });
    expect(faultOf('?last=5s')).toEqual({ key: 'last', text: '5s' });
    expect(faultOf('?from=2026-01-02&to=2026-01-01')).toEqual({ key: 'times', text: '2026-01-02 – 2026-01-01' });
    expect(faultOf('?from=2026-01-02')).toEqual({ key: 'times', text: '2026-01-02 – ?' });
  });

  it('comes back as it was written, beside what else is there', () => {
    const fixed = { kind: 'fixed' as const, fromMs: 1_000, toMs: 2_000 };
    const search = writeRange('?x=1&last=6h', fixed);
    expect(new URLSearchParams(search).get('x')).toBe('1');
    expect(readRange(`?${search}`)).toEqual(fixed);
  });
});
