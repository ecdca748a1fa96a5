import fc from 'fast-check';
import { PromkeepError } from './errors';
import { formatGoDuration, parseGoDuration, parseInterval } from './goDuration';

const S = 1_000_000_000n;

describe('formatGoDuration', () => {
  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [1_500n, '1.5µs'],
    [500n * 1_000_000n, '500ms'],
    [15n * S, '15s'],
    [1_500n * 1_000_000n, '1.5s'],
    [60n * S, '1m0s'],
    [90n * S, '1m30s'],
    [3_600n * S, '1h0m0s'],
    [86_400n * S, '24h0m0s'],
    [-90n * S, '-1m30s'],
  ])('writes %s ns as %s', (ns, text) => {
    expect(formatGoDuration(ns)).toBe(text);
  });

  it('is read back as the same duration', () => {
    const limit = (1n << 63n) - 1n;
    fc.assert(
      fc.property(fc.bigInt({ min: -limit, max: limit }), (ns) => {
        expect(parseGoDuration(formatGoDuration(ns))).toBe(ns);
      })
    );
  });
});

describe('parseInterval', () => {
  const day = 86_400n * S;

  it.each([
    ['15', 15n * S],
    ['15s', 15n * S],
    ['<15s', 15n * S],
    ['>15s<', undefined],
    ['<1m>', 60n * S],
    ['1d', day],
    ['2w', 14n * day],
    ['1M', 2_629_800n * S],
    ['1y', 31_557_600n * S],
    ['1.5h', 5_400n * S],
    ['1h30m', 5_400n * S],
    ['-10s', -10n * S],
    ['+10s', 10n * S],
    ['.5s', S / 2n],
    ['1us', 1_000n],
    ['0', 0n],
  ])('reads %s', (text, ns) => {
    if (ns === undefined) {
      expect(() => parseInterval(text)).toThrow(PromkeepError);
    } else {
      expect(parseInterval(text)).toBe(ns);
    }
  });

  it.each([
    ['abc', 'time: invalid duration "abc"'],
    ['', 'time: invalid duration ""'],
    ['1d12h', 'time: unknown unit "d" in duration "1d12h"'],
    ['1.5', 'time: missing unit in duration "1.5"'],
    ['.s', 'time: invalid duration ".s"'],
    ['300y', 'time: invalid duration "300y"'],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
  ])("refuses %s in Go's words", (text, message) => {
    expect(() => parseInterval(text)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID', message }));
  });
});
