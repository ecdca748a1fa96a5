import {
  CLOCK_UNITS,
  DATE_UNITS,
  type DurationUnits,
  NS_PER_MS,
  parseDurationNs,
} from '../../../src/contract/duration';
import { PromkeepError } from './errors';
import { quoteGo } from './goQuote';
import { atMost, LIMITS } from './limits';

export const NS_PER_SECOND = CLOCK_UNITS.s;

const GO: DurationUnits = { ...CLOCK_UNITS, ns: 1n, us: 1_000n, '\u00b5s': 1_000n, '\u03bcs': 1_000n };

/** Of Grafana's intervals; a year has 365.25 days and a month is a twelfth of it. */
const DATES: DurationUnits = { ...DATE_UNITS, M: 2_629_800n * NS_PER_SECOND, y: 31_557_600n * NS_PER_SECOND };

/**
 * Reads `1h30m`, `1.5s`, `-500ms`, `0` to nanoseconds: optional sign, then decimals with units. Throws `QUERY_INVALID` in Go's
 * words.
 */
export function parseGoDuration(text: string, units = GO): bigint {
  atMost(text, LIMITS.durationLength, 'A duration');
  const body = text.replace(/^[+-]/, '');
  const read = body === '0' ? 0n : parseDurationNs(body, units, true);
  if (typeof read === 'bigint') {
    return text.startsWith('-') ? -read : read;
  }
  const { fault, unit } = read;
  const words = {
    invalid: 'invalid',
    'missing unit': 'missing unit in',
    'unknown unit': `unknown unit ${quoteGo(unit)} in`,
  };
  throw new PromkeepError('QUERY_INVALID', `time: ${words[fault]} duration ${quoteGo(text)}`);
}

/**
 * Reads an interval as Grafana does: `<15s>` is `15s`, plain digits are seconds, and an integer may have one of the date units
 * d, w, M (a twelfth of a year) and y (365.25 days); everything else is a Go duration, so `1d12h` is an error.
 */
export function parseInterval(text: string): bigint {
  atMost(text, LIMITS.durationLength, 'An interval');
  const bare = text.replace(/^</, '').replace(/>$/, '');
  if (/^\d+$/.test(bare)) {
    return parseGoDuration(`${bare}s`);
  }
  return parseGoDuration(bare, /^\d+[dwMy]$/.test(bare) ? DATES : GO);
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
    return sign + decimal(size, GO[unit]) + unit;
  }
  const hours = size / GO.h;
  const minutes = (size % GO.h) / GO.m;
  const seconds = `${decimal(size % GO.m, NS_PER_SECOND)}s`;
  if (hours > 0n) {
    return `${sign}${hours}h${minutes}m${seconds}`;
  }
  return sign + (minutes > 0n ? `${minutes}m` : '') + seconds;
}

/** `value / unit` without trailing zeros; `unit` is a power of ten. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/(?<!0)0+$/, '');
  return fraction === '' || unit === 1n ? String(value / unit) : `${value / unit}.${fraction}`;
}
