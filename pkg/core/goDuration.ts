import { PromkeepError } from './errors';
import { quoteGo } from './goQuote';
import { atMost, LIMITS } from './limits';

/**
 * Durations as Go reads and writes them, in nanoseconds. BigInt, because a range in nanoseconds leaves the exact integers of a
 * double after 104 days.
 */
export const NS_PER_MS = 1_000_000n;
export const NS_PER_SECOND = 1_000_000_000n;

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: NS_PER_MS,
  s: NS_PER_SECOND,
  m: 60n * NS_PER_SECOND,
  h: 3_600n * NS_PER_SECOND,
};

const DATE_UNIT_NS: Readonly<Record<string, bigint>> = {
  d: 24n * UNIT_NS.h,
  w: 168n * UNIT_NS.h,
  // 365.25 days, and a twelfth of it
  M: 2_629_800n * NS_PER_SECOND,
  y: 31_557_600n * NS_PER_SECOND,
};

const MAX_INT64 = (1n << 63n) - 1n;

/** Reads `1h30m`, `1.5s`, `-500ms`, `0`: optional sign, then decimals with units. Throws `QUERY_INVALID` in Go's words. */
export function parseGoDuration(text: string): bigint {
  // numbers of any length would be worked out to the last digit
  atMost(text, LIMITS.durationLength, 'A duration');
  const signed = /^[+-]/.test(text);
  const body = signed ? text.slice(1) : text;
  if (body === '0') {
    return 0n;
  }
  if (body === '') {
    throw invalid(`time: invalid duration ${quoteGo(text)}`);
  }
  let total = 0n;
  const part = /(\d*)(?:\.(\d*))?([^\d.]*)/y;
  while (part.lastIndex < body.length) {
    const [, whole, fraction, unit] = part.exec(body) ?? ['', '', '', ''];
    if (!whole && !fraction) {
      throw invalid(`time: invalid duration ${quoteGo(text)}`);
    }
    if (!unit) {
      throw invalid(`time: missing unit in duration ${quoteGo(text)}`);
    }
    if (!Object.hasOwn(UNIT_NS, unit)) {
      throw invalid(`time: unknown unit ${quoteGo(unit)} in duration ${quoteGo(text)}`);
    }
    total += BigInt(whole || '0') * UNIT_NS[unit] + fractionOf(fraction ?? '', UNIT_NS[unit]);
    if (total > MAX_INT64) {
      throw invalid(`time: invalid duration ${quoteGo(text)}`);
    }
  }
  return text.startsWith('-') ? -total : total;
}

/**
 * Reads an interval as Grafana does: `<15s>` is `15s`, plain digits are seconds, and an integer may have one of the date units
 * d, w, M (a twelfth of a year) and y (365.25 days); everything else is a Go duration, so `1d12h` is an error.
 */
export function parseInterval(text: string): bigint {
  atMost(text, LIMITS.durationLength, 'An interval');
  const bare = text.replace(/^</, '').replace(/>$/, '');
  const [, digits, unit] = /^(\d+)([dwMy]?)$/.exec(bare) ?? [];
  if (digits === undefined) {
    return parseGoDuration(bare);
  }
  const total = BigInt(digits) * (unit ? DATE_UNIT_NS[unit] : NS_PER_SECOND);
  if (total > MAX_INT64) {
    throw invalid(`time: invalid duration ${quoteGo(bare)}`);
  }
  return total;
}

/** Writes a duration as Go does: `0s`, `1.5µs`, `500ms`, `15s`, `1m0s`, `24h0m0s`. */
export function formatGoDuration(ns: bigint): string {
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  if (size === 0n) {
    return '0s';
  }
  if (size < NS_PER_SECOND) {
    const unit = size < 1_000n ? 'ns' : size < NS_PER_MS ? '\u00b5s' : 'ms';
    return sign + decimal(size, UNIT_NS[unit]) + unit;
  }
  const hours = size / UNIT_NS.h;
  const minutes = (size % UNIT_NS.h) / UNIT_NS.m;
  const seconds = `${decimal(size % UNIT_NS.m, NS_PER_SECOND)}s`;
  if (hours > 0n) {
    return `${sign}${hours}h${minutes}m${seconds}`;
  }
  return sign + (minutes > 0n ? `${minutes}m` : '') + seconds;
}

function fractionOf(digits: string, unitNs: bigint): bigint {
  return digits === '' ? 0n : (BigInt(digits) * unitNs) / 10n ** BigInt(digits.length);
}

/** `value / unit` without trailing zeros; `unit` is a power of ten. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/(?<!0)0+$/, '');
  return fraction === '' || unit === 1n ? String(value / unit) : `${value / unit}.${fraction}`;
}

function invalid(message: string): PromkeepError {
  return new PromkeepError('QUERY_INVALID', message);
}
