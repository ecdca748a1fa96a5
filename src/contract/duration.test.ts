import { formatDurationMs, parseDurationMs } from './duration';

describe('durations', () => {
  it.each([
    ['15s', 15_000],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['1500ms', 1_500],
  ])('reads %s', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
    expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
  });

  it.each(['', '15', 's', '1s2m', '-1s', '1.5s', '1.s', ' 1s', '1m1m', '300y'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  it('writes what people would', () => {
    expect([15_000, 90_000, 3_600_000, 0, 1_500].map(formatDurationMs)).toEqual([
      '15s',
      '1m30s',
      '1h',
      '0s',
      '1s500ms',
    ]);
  });
});
