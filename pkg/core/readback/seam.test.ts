import fc from 'fast-check';
import { clipToGrid, countTimes, fitStep, joinRanges, lastTimeWithin, splitGrid } from './seam';
import { type TimeGrid, type TimeRange } from '../model/timeRange';

const range = (fromMs: number, toMs: number): TimeRange => ({ fromMs, toMs });
const GRID: TimeGrid = { startMs: 100, endMs: 200, stepMs: 20 };

describe('fitStep', () => {
  it('raises to the next multiple and never lowers', () => {
    expect([1, 15, 16, 30, 40].map((step) => fitStep(step, 15))).toEqual([15, 15, 30, 30, 45]);
  });
});

describe('splitGrid', () => {
  // [A6]
  it('puts the seam where coverage ends, on the grid', () => {
    expect(splitGrid(GRID, [range(0, 150)])).toEqual({ inside: [range(100, 140)], outside: [range(160, 200)] });
  });

  it('finds several holes', () => {
    expect(splitGrid(GRID, [range(115, 125), range(160, 165)])).toEqual({
      inside: [range(120, 120), range(160, 160)],
      outside: [range(100, 100), range(140, 140), range(180, 200)],
    });
  });

  it('knows that a hole between two times of the grid is none', () => {
    expect(splitGrid(GRID, [range(100, 125), range(135, 300)])).toEqual({ inside: [range(100, 200)], outside: [] });
  });

  it('has every time of the grid on exactly one side', () => {
    const arbitrary = fc.record({
      startMs: fc.integer({ min: -50, max: 50 }),
      steps: fc.integer({ min: -1, max: 30 }),
      rest: fc.nat(9),
      stepMs: fc.integer({ min: 1, max: 10 }),
      cuts: fc.uniqueArray(fc.integer({ min: -100, max: 400 }), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ startMs, steps, rest, stepMs, cuts }) => {
        const grid = { startMs, endMs: startMs + steps * stepMs + (rest % stepMs), stepMs };
        const sorted = cuts.sort((a, b) => a - b);
        const ranges = Array.from({ length: Math.floor(sorted.length / 2) }, (_, i) =>
          range(sorted[2 * i], sorted[2 * i + 1])
        );
        const { inside, outside } = splitGrid(grid, ranges);
        const held = (list: readonly TimeRange[], time: number): boolean =>
          list.some(({ fromMs, toMs }) => fromMs <= time && time <= toMs);
        let [inTimes, outTimes] = [0, 0];
        for (let time = startMs; time <= grid.endMs; time += stepMs) {
          expect(held(inside, time)).toBe(held(ranges, time));
          expect(held(outside, time)).toBe(!held(ranges, time));
          inTimes += held(inside, time) ? 1 : 0;
          outTimes += held(outside, time) ? 1 : 0;
        }
        expect(inTimes + outTimes).toBe(countTimes(grid));
        expect([...inside, ...outside].every(({ fromMs }) => (fromMs - startMs) % stepMs === 0)).toBe(true);
      })
    );
  });
});

describe('clipToGrid', () => {
  it('is nothing between two times of the grid', () => {
    expect(clipToGrid(range(101, 119), GRID)).toBeUndefined();
    expect(clipToGrid(range(201, 900), GRID)).toBeUndefined();
  });
});

describe('joinRanges', () => {
  it('joins the nearest first and stops when there are few enough', () => {
    const ranges = [range(0, 1), range(50, 60), range(62, 70), range(100, 110)];
    expect(joinRanges(ranges, 3)).toEqual([range(0, 1), range(50, 70), range(100, 110)]);
    expect(joinRanges(ranges, 1)).toEqual([range(0, 110)]);
    expect(joinRanges([], 1)).toEqual([]);
  });
});

describe('lastTimeWithin', () => {
  it('is the newest covered time that is not later', () => {
    const ranges = [range(0, 30), range(60, 90)];
    expect(lastTimeWithin(ranges, 95, 15)).toBe(90);
    expect(lastTimeWithin(ranges, 80, 15)).toBe(75);
    expect(lastTimeWithin(ranges, 45, 15)).toBe(30);
    expect(lastTimeWithin(ranges, -1, 15)).toBeUndefined();
  });
});
