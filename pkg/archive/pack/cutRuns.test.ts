import { choosePieces, type PackTarget } from './cutRuns';
import { type SampleRun } from '../write/sampleRuns';

const DAY = 86_400_000;
/** A Monday. */
const T0 = Date.parse('2026-01-05T00:00:00Z');
const TARGET: PackTarget = { periodMs: DAY, closedBeforeMs: T0 + 2 * DAY };

function run(seriesId: number, times: number[], values = times.map((_, i) => i)): SampleRun {
  return { seriesId, timesMs: Float64Array.from(times), values: Float64Array.from(values) };
}

/** Pieces with their arrays told by length. */
function piecesOf(...runs: SampleRun[]): Array<Record<string, unknown>> {
  return choosePieces(runs, TARGET).pieces.map(({ seriesId, startMs, offsetsUs, values, ...rest }) => {
    expect(values).toHaveLength(offsetsUs.length);
    return { seriesId, fromMs: startMs + offsetsUs[0] / 1_000, count: offsetsUs.length, first: values[0], ...rest };
  });
}

const every = (stepMs: number, count: number, fromMs = T0): number[] =>
  Array.from({ length: count }, (_, i) => fromMs + i * stepMs);

it('packs closed periods, each series and period by itself, and leaves what is open or small', () => {
  const given = [
    run(1, every(60_000, 1_440 + 200)),
    run(2, every(60_000, 119)),
    run(3, every(60_000, 200, T0 + 2 * DAY)),
  ];
  expect(piecesOf(...given)).toEqual([
    { seriesId: 1, fromMs: T0, count: 1_440, first: 0, stepUs: 60e6, digits: 0 },
    { seriesId: 1, fromMs: T0 + DAY, count: 200, first: 1_440, stepUs: 60e6, digits: 0 },
  ]);
  const { rest, untilMs } = choosePieces(given, TARGET);
  expect(rest).toEqual(given.slice(1));
  expect(untilMs).toBe(T0 + 2 * DAY);
});

it('packs nothing where nothing is closed', () => {
  const given = [run(1, every(15_000, 300))];
  const { pieces, rest, untilMs } = choosePieces(given, { ...TARGET, closedBeforeMs: -Infinity });
  expect(pieces).toEqual([]);
  expect(rest).toEqual(given);
  expect(untilMs).toBe(-Infinity);
});

it('counts periods from Monday also before 1970', () => {
  const given = [run(1, every(60_000, 200, -DAY))];
  expect(piecesOf(...given)).toMatchObject([{ count: 200 }]);
  expect(choosePieces(given, TARGET).untilMs).toBe(0);
});

it('begins another row at a hole', () => {
  const times = every(15_000, 200).filter((_, i) => i !== 50 && i !== 51 && i !== 120);
  expect(piecesOf(run(1, times))).toMatchObject([
    { first: 0, count: 50, stepUs: 15e6 },
    { first: 50, count: 68, stepUs: 15e6 },
    { first: 118, count: 79, stepUs: 15e6 },
  ]);
});

it('stores each time where there are many holes, or a step that microseconds do not hold', () => {
  const holed = every(15_000, 400).filter((_, i) => i % 20 !== 7);
  expect(piecesOf(run(1, holed))).toMatchObject([{ count: holed.length, stepUs: undefined }]);
  expect(piecesOf(run(1, every(1_000 / 3, 200)))).toMatchObject([{ count: 200, stepUs: undefined }]);
});

it('cuts rows at 25,000 samples, since a row is unpacked as a whole', () => {
  expect(piecesOf(run(1, every(1_000, 60_000))).map(({ count }) => count)).toEqual([25_000, 25_000, 10_000]);
});

it('counts the decimals of a series over the whole period, not row by row', () => {
  const times = every(15_000, 200).filter((_, i) => i !== 50);
  const values = times.map((_, i) => (i === 120 ? 0.25 : i));
  expect(piecesOf(run(1, times, values)).map(({ digits }) => digits)).toEqual([2, 2]);
});
