import { addWeeksOf } from './partitions';

const MONDAY = Date.parse('2026-01-05T00:00:00Z');
const WEEK = 7 * 86_400_000;

function weeksOf(...timesMs: number[]): number[] {
  const weeks = new Set<number>();
  addWeeksOf(weeks, Float64Array.from(timesMs));
  return [...weeks];
}

it('names the Monday of each week that has a time, and no other', () => {
  expect(weeksOf()).toEqual([]);
  expect(weeksOf(MONDAY, MONDAY + 1, MONDAY + WEEK - 1)).toEqual([MONDAY]);
  expect(weeksOf(MONDAY - 1, MONDAY, MONDAY + 3 * WEEK)).toEqual([MONDAY - WEEK, MONDAY, MONDAY + 3 * WEEK]);
  expect(weeksOf(-1)).toEqual([Date.parse('1969-12-29T00:00:00Z')]);
});
