import fc from 'fast-check';
import { alignRange } from './alignment';

describe('alignRange', () => {
  // [Q1.4]
  it('reaches the anchor of the reference: a step of a day at an offset of -5:30', () => {
    const fromMs = Date.parse('2022-01-11T08:25:30.123Z');
    expect(alignRange({ fromMs, toMs: fromMs + 3_600_000 }, 86_400_000, -19_800)).toEqual({
      fromMs: 1_641_879_000_000,
      toMs: 1_641_879_000_000,
    });
  });

  // [Q1.4]
  it('lies on the grid, at most a step earlier, also before the epoch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -4e12, max: 4e12 }),
        fc.integer({ min: 1, max: 31_536_000_000 }),
        fc.integer({ min: -50_400, max: 50_400 }),
        (timeMs, stepMs, offsetSec) => {
          const { fromMs, toMs } = alignRange({ fromMs: timeMs, toMs: timeMs }, stepMs, offsetSec);
          expect(fromMs).toBe(toMs);
          expect(Math.abs((fromMs + offsetSec * 1_000) % stepMs)).toBe(0);
          expect(fromMs).toBeLessThanOrEqual(timeMs);
          expect(timeMs - fromMs).toBeLessThan(stepMs);
        }
      )
    );
  });

  // [Q7.15]
  it.each([1, 10, 50])('has no rounding noise at a step of %i ms', (stepMs) => {
    const fromMs = 1_705_590_315_650;
    expect(alignRange({ fromMs, toMs: fromMs + 7 * stepMs }, stepMs, 0)).toEqual({ fromMs, toMs: fromMs + 7 * stepMs });
  });
});
