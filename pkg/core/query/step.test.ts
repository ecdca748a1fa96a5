import fc from 'fast-check';
import { alignRange } from '../model/alignment';
import { formatExact, formatStep, resolveStepMs, roundInterval, type StepInput } from './step';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function stepOf(input: Partial<StepInput> & { rangeMs?: number }): number {
  const { rangeMs = HOUR, ...rest } = input;
  return resolveStepMs({
    interval: '',
    intervalMs: 0,
    intervalFactor: 0,
    scrapeInterval: '',
    maxDataPoints: 1_500,
    range: { fromMs: 1_767_225_600_000, toMs: 1_767_225_600_000 + rangeMs },
    ...rest,
  });
}

describe('resolveStepMs', () => {
  it('is 15 s without any setting', () => {
    expect(stepOf({})).toBe(15_000);
  });

  it("takes the scrape interval only when the query has no interval of its own, as Grafana's browser has folded it in", () => {
    expect(stepOf({ scrapeInterval: '1m' })).toBe(60_000);
    expect(stepOf({ scrapeInterval: '1m', intervalMs: 30_000 })).toBe(30_000);
  });

  it('prefers the Min step to everything, unrounded', () => {
    expect(stepOf({ interval: '13s', intervalMs: 30_000, scrapeInterval: '1m' })).toBe(13_000);
  });

  it.each(['$__interval', '${__interval}', '$__interval_ms', '${__interval_ms}', '0s'])(
    'reads the Min step %s as none',
    (interval) => {
      expect(stepOf({ interval, intervalMs: 30_000 })).toBe(30_000);
    }
  );

  it('rounds what the panel can show to a pleasant neighbour, also below the Min step', () => {
    expect(stepOf({ rangeMs: 1_500 * 3.29 * 60_000 })).toBe(120_000);
    expect(stepOf({ interval: '24h', rangeMs: 100 * DAY, maxDataPoints: 100 })).toBe(12 * HOUR);
  });

  it('uses 1500 points when the request names none', () => {
    expect(stepOf({ maxDataPoints: 0, rangeMs: 1_500 * 60_000 })).toBe(60_000);
  });

  it('multiplies by the factor, where 0 is 1', () => {
    expect(stepOf({ intervalFactor: 3 })).toBe(45_000);
    expect(stepOf({ intervalFactor: 1 })).toBe(15_000);
  });

  it('refuses a negative factor, which would become a negative step', () => {
    expect(() => stepOf({ intervalFactor: -3 })).toThrow(/intervalFactor must not be negative/);
  });

  it.each(['$__rate_interval', '${__rate_interval}', '$__rate_interval_ms', '${__rate_interval_ms}'])(
    'leaves room for four scrapes with the Min step %s, without the factor',
    (interval) => {
      const input = { interval, intervalMs: 120_000, rangeMs: 2 * DAY, maxDataPoints: 12_384, intervalFactor: 7 };
      expect(stepOf({ ...input, scrapeInterval: '30s' })).toBe(150_000);
      expect(stepOf({ ...input, scrapeInterval: '60s' })).toBe(240_000);
    }
  );

  // [Q1.3]
  it('reaches the anchors of the reference', () => {
    expect(stepOf({ interval: '150s', scrapeInterval: '30s' })).toBe(150_000);
    const input = { intervalMs: 120_000, rangeMs: 2 * DAY, maxDataPoints: 12_384 };
    expect(stepOf({ ...input, interval: '$__interval', scrapeInterval: '15s' })).toBe(120_000);
  });

  it('is at least a millisecond and whole milliseconds', () => {
    expect(stepOf({ interval: '100us', rangeMs: 0 })).toBe(1);
    expect(stepOf({ interval: '1.5ms', rangeMs: 1_000 })).toBe(2);
  });

  it("names a Min step it cannot read in Go's words", () => {
    expect(() => stepOf({ interval: 'abc' })).toThrow('time: invalid duration "abc"');
  });

  it('raises a step with which the range would exceed the point limit of Prometheus', () => {
    expect(stepOf({ interval: '13s', rangeMs: 2 * DAY, maxDataPoints: 20_000 })).toBe(20_000);
    expect(stepOf({ interval: '1s', rangeMs: 30 * DAY, maxDataPoints: 3_000_000 })).toBe(300_000);
  });

  // [Q1.3] [Q7.6]
  it('never gives more than 11,000 points, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400_000 * DAY }),
        fc.constantFrom('', '1ms', '1s', '13s', '$__interval', '$__rate_interval', '1d'),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: -50_000, max: 50_000 }),
        (rangeMs, interval, intervalMs, maxDataPoints, intervalFactor, utcOffsetSec) => {
          const stepMs = stepOf({
            rangeMs,
            interval,
            intervalMs,
            maxDataPoints,
            intervalFactor,
            scrapeInterval: '10s',
          });
          const from = 1_767_225_612_345;
          const { fromMs, toMs } = alignRange({ fromMs: from, toMs: from + rangeMs }, stepMs, utcOffsetSec);
          expect(stepMs).toBeGreaterThanOrEqual(1);
          expect(Number.isSafeInteger(stepMs)).toBe(true);
          expect((toMs - fromMs) / stepMs + 1).toBeLessThanOrEqual(11_000);
        }
      )
    );
  });
});

describe('roundInterval', () => {
  const S = 1_000_000_000n;

  it.each([
    [10_000_000n, 1_000_000n],
    [10_000_001n, 10_000_000n],
    [(174n * S) / 10n, 15n * S],
    [90n * S, 60n * S],
    [90n * S + 1n, 120n * S],
    [7n * 86_400n * S, 86_400n * S],
    [21n * 86_400n * S, 7n * 86_400n * S],
    [730n * 86_400n * S - 1n, 30n * 86_400n * S],
    [730n * 86_400n * S, 365n * 86_400n * S],
  ])('rounds %s to %s, bounds included except the last', (ns, rounded) => {
    expect(roundInterval(ns)).toBe(rounded);
  });
});

describe('texts of a step', () => {
  it.each([
    [1, '1ms'],
    [1_500, '1500ms'],
    [15_000, '15s'],
    [60_000, '1m'],
    [90_000, '90s'],
    [5_400_000, '90m'],
    [DAY, '1d'],
    [1.5 * DAY, '36h'],
    [365 * DAY, '1y'],
  ])('writes %i ms exactly as %s', (ms, text) => {
    expect(formatExact(ms)).toBe(text);
  });

  it.each([
    [500, '500ms'],
    [1_500, '1500ms'],
    [15_000, '15s'],
    [60_000, '1m0s'],
    [90_000, '90s'],
    [HOUR, '1h0m0s'],
    [5_400_000, '90m'],
    [DAY, '24h0m0s'],
  ])("writes %i ms as %s where annotations read the step, keeping Go's text where that is enough", (ms, text) => {
    expect(formatStep(ms)).toBe(text);
  });
});
