import { choosePieces, type PackTarget } from './directPacking';
import { type SampleColumns } from './sampleDiff';

const DAY = 86_400_000;
/** A Monday. */
const T0 = Date.parse('2026-01-05T00:00:00Z');
const TARGET: PackTarget = { retention: '30d', periodMs: DAY, closedBeforeMs: T0 + 2 * DAY };

function columns(...series: Array<[id: number, timesMs: number[]]>): SampleColumns {
  const all = series.flatMap(([id, times]) => times.map((timeMs) => ({ id, timeMs })));
  return {
    seriesIds: all.map(({ id }) => id),
    timesMs: all.map(({ timeMs }) => timeMs),
    values: all.map((_, i) => i),
  };
}

const every = (stepMs: number, count: number, fromMs = T0): number[] =>
  Array.from({ length: count }, (_, i) => fromMs + i * stepMs);

it('packs closed periods, each series and period by itself, and leaves what is open or small', () => {
  const given = columns(
    [1, every(60_000, 1_440 + 200)],
    [2, every(60_000, 119)],
    [3, every(60_000, 200, T0 + 2 * DAY)]
  );
  const { pieces, rest, untilMs } = choosePieces(given, TARGET);
  expect(pieces).toEqual([
    { from: 0, to: 1_440, stepUs: 60e6, digits: 0 },
    { from: 1_440, to: 1_640, stepUs: 60e6, digits: 0 },
  ]);
  expect(new Set(rest.seriesIds)).toEqual(new Set([2, 3]));
  expect(rest.timesMs).toHaveLength(119 + 200);
  expect(untilMs).toBe(T0 + 2 * DAY);
});

it('packs nothing where nothing is closed', () => {
  const given = columns([1, every(15_000, 300)]);
  const { pieces, rest, untilMs } = choosePieces(given, { ...TARGET, closedBeforeMs: -Infinity });
  expect(pieces).toEqual([]);
  expect(rest).toEqual(given);
  expect(untilMs).toBe(-Infinity);
});

it('counts periods from Monday also before 1970', () => {
  const given = columns([1, every(60_000, 200, -DAY)]);
  expect(choosePieces(given, TARGET)).toMatchObject({ pieces: [{ from: 0, to: 200 }], untilMs: 0 });
});

it('begins another row at a hole', () => {
  const times = every(15_000, 200).filter((_, i) => i !== 50 && i !== 51 && i !== 120);
  expect(choosePieces(columns([1, times]), TARGET).pieces).toEqual([
    { from: 0, to: 50, stepUs: 15e6, digits: 0 },
    { from: 50, to: 118, stepUs: 15e6, digits: 0 },
    { from: 118, to: 197, stepUs: 15e6, digits: 0 },
  ]);
});

it('stores each time where there are many holes, or a step that microseconds do not hold', () => {
  const holed = every(15_000, 400).filter((_, i) => i % 20 !== 7);
  expect(choosePieces(columns([1, holed]), TARGET).pieces).toEqual([
    { from: 0, to: holed.length, stepUs: undefined, digits: 0 },
  ]);
  const odd = every(1_000 / 3, 200);
  expect(choosePieces(columns([1, odd]), TARGET).pieces).toEqual([{ from: 0, to: 200, stepUs: undefined, digits: 0 }]);
});

it('cuts rows at 25,000 samples, since a row is unpacked as a whole', () => {
  const { pieces } = choosePieces(columns([1, every(1_000, 60_000)]), TARGET);
  expect(pieces.map(({ from, to }) => to - from)).toEqual([25_000, 25_000, 10_000]);
});

it('counts the decimals of a series over the whole period, not row by row', () => {
  const times = every(15_000, 200).filter((_, i) => i !== 50);
  const given = { ...columns([1, times]), values: times.map((_, i) => (i === 120 ? 0.25 : i)) };
  expect(choosePieces(given, TARGET).pieces.map(({ digits }) => digits)).toEqual([2, 2]);
});
