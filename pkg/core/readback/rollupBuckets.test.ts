import fc from 'fast-check';
import { type RollupState } from '../ports/history';
import { type TimeRange } from '../model/timeRange';
import { chooseWidth, commonStep, expiredWithin, servedTimes, splitBuckets } from './rollupBuckets';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FIVE = 5 * MINUTE;
const stored = (fiveMs: number, hourMs: number): RollupState['stored'] => [
  { widthMs: FIVE, fromMs: fiveMs },
  { widthMs: HOUR, fromMs: hourMs },
];

describe('splitBuckets', () => {
  it('finds the buckets whose recorded times are all covered, for any coverage, width and grid', () => {
    const input = fc.record({
      recorded: fc.integer({ min: 1, max: 9 }),
      width: fc.integer({ min: 1, max: 30 }),
      every: fc.integer({ min: 1, max: 4 }),
      cuts: fc.uniqueArray(fc.nat(60), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(input, ({ recorded, width, every, cuts }) => {
        fc.pre(width >= recorded);
        const sorted = cuts.sort((a, b) => a - b);
        const covered = Array.from({ length: Math.floor(sorted.length / 2) }, (_, i): TimeRange => ({
          fromMs: sorted[2 * i] * recorded,
          toMs: sorted[2 * i + 1] * recorded,
        })).filter(({ fromMs }, i, all) => i === 0 || fromMs > all[i - 1].toMs + recorded);
        const isCovered = (timeMs: number): boolean =>
          covered.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
        const grid = { startMs: width, endMs: 600, stepMs: width * every };
        const { inside } = splitBuckets(grid, covered, width, recorded);
        for (let endMs = grid.startMs; endMs <= grid.endMs; endMs += grid.stepMs) {
          const first = Math.floor((endMs - width) / recorded) * recorded + recorded;
          const times = Array.from(
            { length: Math.floor(endMs / recorded) - first / recorded + 1 },
            (_, i) => first + i * recorded
          );
          const isInside = inside.some(({ fromMs, toMs }) => fromMs <= endMs && endMs <= toMs);
          expect([endMs, isInside]).toEqual([endMs, times.every(isCovered)]);
        }
      })
    );
  });
});

describe('servedTimes', () => {
  const covered = [{ fromMs: 0, toMs: 100 * HOUR }];
  const expired = [{ fromMs: 0, toMs: 40 * HOUR }];

  it('is all that is covered while nothing has expired', () => {
    expect(servedTimes({ covered, expired: [], stored: [] }, 1_000)).toBe(covered);
  });

  it.each<[string, number, RollupState['stored'], number]>([
    ['of a stored width', FIVE, stored(-FIVE, -HOUR), 0],
    ['of a multiple', 3 * HOUR, stored(-FIVE, -HOUR), 0],
    ['of no multiple, only what has samples', 2 * MINUTE, stored(-FIVE, -HOUR), 40 * HOUR + 1],
    ['of a width whose rollups have expired as well, only what is kept', FIVE, stored(30 * HOUR, -HOUR), 30 * HOUR + 1],
    ['where hours are kept longer', 2 * HOUR, stored(30 * HOUR, -HOUR), 0],
    ['where nothing is stored, only what has samples', FIVE, [], 40 * HOUR + 1],
    ['where all widths have lost their beginning, what is kept', HOUR, stored(30 * HOUR, 30 * HOUR), 30 * HOUR + 1],
  ])('%s', (_, widthMs, kept, fromMs) => {
    expect(servedTimes({ covered, expired, stored: kept }, widthMs)).toEqual([{ fromMs, toMs: 100 * HOUR }]);
  });
});

describe('chooseWidth', () => {
  const state = (kept: RollupState['stored']): RollupState => ({ covered: [], expired: [], stored: kept });

  it.each<[string, number, RollupState['stored'], number | undefined]>([
    ['the narrowest for short steps', 15_000, stored(0, 0), FIVE],
    ['the narrowest where hours would make the step much longer', 90 * MINUTE, stored(0, 0), FIVE],
    ['hours from two hours on, which are fewer to read', 2 * HOUR, stored(0, 0), HOUR],
    ['hours where the narrower ones have expired', 15_000, stored(50 * HOUR, 0), HOUR],
    ['what there is', 15_000, stored(0, 0).slice(0, 1), FIVE],
    ['nothing', 15_000, [], undefined],
  ])('is %s', (_, stepMs, kept, expected) => {
    expect(chooseWidth(state(kept), 10 * HOUR, stepMs)).toBe(expected);
  });

  it('is the narrowest for a range that begins where both are kept', () => {
    expect(chooseWidth(state(stored(50 * HOUR, 0)), 60 * HOUR, 15_000)).toBe(FIVE);
  });
});

it('commonStep is the least that both divide', () => {
  expect(commonStep(15_000, FIVE)).toBe(FIVE);
  expect(commonStep(45_000, FIVE)).toBe(15 * MINUTE);
  expect(commonStep(90 * MINUTE, HOUR)).toBe(3 * HOUR);
  expect(commonStep(1_500)).toBe(3_000);
  expect(commonStep(500)).toBe(1_000);
});

it('expiredWithin is the hull of what has expired in a range', () => {
  const expired = [
    { fromMs: 0, toMs: 10 },
    { fromMs: 20, toMs: 30 },
  ];
  const state = { covered: [], expired, stored: [] };
  expect(expiredWithin(state, { fromMs: 5, toMs: 25 })).toEqual({ fromMs: 5, toMs: 25 });
  expect(expiredWithin(state, { fromMs: 12, toMs: 18 })).toBeUndefined();
});
