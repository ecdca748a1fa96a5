import fc from 'fast-check';
import { ceilToGrid, countPoints, findGaps, floorToGrid, splitByTime } from './collectGrid';

it('rounds to the grid, before 1970 as well', () => {
  expect([floorToGrid(29, 15), ceilToGrid(29, 15), floorToGrid(30, 15), floorToGrid(-1, 15)]).toEqual([
    15, 30, 30, -15,
  ]);
});

it('treats two ranges one step apart as touching', () => {
  const covered = [
    { fromMs: 0, toMs: 30 },
    { fromMs: 45, toMs: 60 },
  ];
  expect(findGaps({ fromMs: 0, toMs: 60 }, covered, 15)).toEqual([]);
});

it('finds exactly the grid times that nothing covers', () => {
  const range = fc.tuple(fc.nat(300), fc.nat(60)).map(([fromMs, lengthMs]) => ({ fromMs, toMs: fromMs + lengthMs }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 6 }), fc.nat(300), fc.nat(300), (ranges, start, length) => {
      const covered = disjoint(ranges);
      const window = { fromMs: start, toMs: start + length };
      const expected = gridTimes(window, 15).filter(
        (t) => !covered.some(({ fromMs, toMs }) => fromMs <= t && t <= toMs)
      );
      const gaps = findGaps(window, covered, 15);
      expect(gaps.flatMap((gap) => gridTimes(gap, 15))).toEqual(expected);
      expect(gaps.reduce((sum, gap) => sum + countPoints(gap, 15), 0)).toBe(expected.length);
    })
  );
});

it('splits a range into the runs of equal answers', () => {
  const bad = new Set([30, 45, 75]);
  expect(splitByTime({ fromMs: 0, toMs: 90 }, 15, (t) => !bad.has(t))).toEqual({
    yes: [
      { fromMs: 0, toMs: 15 },
      { fromMs: 60, toMs: 60 },
      { fromMs: 90, toMs: 90 },
    ],
    no: [
      { fromMs: 30, toMs: 45 },
      { fromMs: 75, toMs: 75 },
    ],
  });
});

function gridTimes({ fromMs, toMs }: { fromMs: number; toMs: number }, stepMs: number): number[] {
  const times: number[] = [];
  for (let t = ceilToGrid(fromMs, stepMs); t <= toMs; t += stepMs) {
    times.push(t);
  }
  return times;
}

function disjoint(ranges: Array<{ fromMs: number; toMs: number }>): Array<{ fromMs: number; toMs: number }> {
  const kept: Array<{ fromMs: number; toMs: number }> = [];
  for (const range of [...ranges].sort((a, b) => a.fromMs - b.fromMs)) {
    if (kept.length === 0 || range.fromMs > kept[kept.length - 1].toMs) {
      kept.push(range);
    }
  }
  return kept;
}
