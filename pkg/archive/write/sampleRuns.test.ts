import { countSamples, type SampleRun, splitRuns, toColumns } from './sampleRuns';

const run = (seriesId: number, count: number): SampleRun => ({
  seriesId,
  timesMs: Float64Array.from({ length: count }, (_, i) => i),
  values: Float64Array.from({ length: count }, (_, i) => seriesId * 100 + i),
});

it('cuts runs where a part is full, and joins short ones', () => {
  const runs = [run(1, 2), run(2, 7), run(3, 1)];
  const parts = [...splitRuns(runs, 4)];
  expect(parts.map(countSamples)).toEqual([4, 4, 2]);
  expect(parts.map((part) => part.map(({ seriesId }) => seriesId))).toEqual([[1, 2], [2], [2, 3]]);
  expect(toColumns(parts.flat())).toEqual(toColumns(runs));
});

it('gives no part where there is nothing', () => {
  expect([...splitRuns([run(1, 0)], 4)]).toEqual([]);
  expect(countSamples([])).toBe(0);
});
