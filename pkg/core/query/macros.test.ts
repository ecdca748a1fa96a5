import { expandMacros, type MacroInput } from './macros';
import { resolveStepMs } from './step';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function expand(expr: string, input: Partial<MacroInput> & { rangeMs?: number } = {}): string {
  const { rangeMs = HOUR, ...rest } = input;
  return expandMacros(expr, {
    stepMs: 15_000,
    range: { fromMs: 1_767_225_600_000, toMs: 1_767_225_600_000 + rangeMs },
    interval: '',
    scrapeInterval: '',
    requestIntervalMs: 15_000,
    ...rest,
  });
}

describe('expandMacros', () => {
  // [Q1.5]
  it('replaces every macro, bare and in braces, and each occurrence', () => {
    const bare = '$__interval_ms $__interval $__range_ms $__range_s $__range $__rate_interval_ms $__rate_interval';
    const braced = bare.replace(/\$(\w+)/g, '${$1}');
    const expected = '15000 15s 3600000 3600 3600s 60000 1m0s';
    expect(expand(`${bare} ${braced} ${bare}`)).toBe(`${expected} ${expected} ${expected}`);
  });

  it('has no word boundary, and leaves unknown variables alone', () => {
    expect(expand('rate(x[$__intervalx]) $foo ${bar} $__from')).toBe('rate(x[15sx]) $foo ${bar} $__from');
  });

  it('rounds the range to seconds, half away from zero', () => {
    expect(expand('$__range_s $__range $__range_ms', { rangeMs: 1_500 })).toBe('2 2s 1500');
    expect(expand('$__range_s', { rangeMs: 1_499 })).toBe('1');
  });

  it('reaches the anchor of the reference: scrape 30 s, Min step 150 s', () => {
    expect(expand('rate(x[$__rate_interval])', { interval: '150s', scrapeInterval: '30s', stepMs: 150_000 })).toBe(
      'rate(x[10m0s])'
    );
  });

  // [Q1.5]
  it.each([
    ['$__rate_interval', '30s', 150_000, '[2m30s]'],
    ['$__interval', '15s', 120_000, '[8m0s]'],
  ])('reaches the anchors of the reference: Min step %s, scrape %s', (interval, scrapeInterval, stepMs, text) => {
    const range = { fromMs: 0, toMs: 2 * DAY };
    const step = { interval, intervalMs: 120_000, intervalFactor: 0, scrapeInterval, range, maxDataPoints: 12_384 };
    expect(resolveStepMs(step)).toBe(stepMs);
    const input = { interval, scrapeInterval, stepMs, requestIntervalMs: 120_000 };
    expect(expand('[$__rate_interval]', input)).toBe(text);
  });

  // [Q7.5]
  it('prints an exact interval where Grafana prints a shorter one (reference: 1m 6m0s 90000)', () => {
    const text = expand('$__interval $__rate_interval $__interval_ms', { interval: '90s', stepMs: 90_000 });
    expect(text).toBe('90s 6m0s 90000');
  });

  // [Q7.5]
  it.each([
    ['$__interval_ms', '1m0s'],
    ['${__interval_ms}', '1m0s'],
    ['$__rate_interval_ms', '15s'],
    ['${__rate_interval_ms}', '15s'],
  ])('never prints a window of 0s with the Min step %s', (interval, text) => {
    expect(expand('[$__rate_interval]', { interval })).toBe(`[${text}]`);
  });

  // [Q7.5]
  it('prints fractions of a second in milliseconds, which PromQL reads', () => {
    expect(expand('[$__rate_interval]', { scrapeInterval: '375ms', requestIntervalMs: 100 })).toBe('[1500ms]');
  });

  it('names a scrape interval it cannot read, but only when it is needed', () => {
    expect(expand('rate(x[$__interval])', { scrapeInterval: 'abc' })).toBe('rate(x[15s])');
    expect(() => expand('rate(x[$__rate_interval])', { scrapeInterval: 'abc' })).toThrow(
      'time: invalid duration "abc"'
    );
  });
});
