/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Veltkamp's splitter for doubles, 2^27 + 1. */
const SPLITTER = 134217729;
const POWERS_HIGH = EXACT_POWERS.map((power) => splitHigh(power));
const POWERS_LOW = EXACT_POWERS.map((power) => power - splitHigh(power));

/** Far above the error of the quotient below (2^-103 of it), far below half a unit in the last place (2^-54). */
const ERROR_MARGIN = 2 ** -98;

function splitHigh(value: number): number {
  const scaled = SPLITTER * value;
  return scaled - (scaled - value);
}

/**
 * The double nearest to (high · 10^lowDigits + low) / 10^divisorExponent, or NaN where that needs more than this arithmetic.
 *
 * Up to 15 digits one division of exact doubles is correctly rounded (the classic trick). Go prints doubles with up to 17
 * digits; `Number()` on those costs 150–250 ns each, so the quotient is computed as a sum of two doubles with a known error
 * bound, and given up only when the bound straddles a rounding boundary (about once in 10^12 random values).
 *
 * @param high the leading digits as an integer below 10^13
 * @param low the following digits as an integer
 * @param lowDigits how many digits `low` has, leading zeros included
 */
export function divideByPowerOfTen(high: number, low: number, lowDigits: number, divisorExponent: number): number {
  if (lowDigits > 4 || divisorExponent > 22) {
    return NaN;
  }
  // high·10^4 = (high·625)·16 with high·625 < 2^53: exact, and so is the two-part sum
  const shifted = high * EXACT_POWERS[lowDigits];
  const mantissa = shifted + low;
  const rest = low - (mantissa - shifted);
  if (divisorExponent === 0) {
    return mantissa;
  }
  const power = EXACT_POWERS[divisorExponent];
  const quotient = mantissa / power;
  if (rest === 0) {
    return quotient;
  }
  const correction = remainder(mantissa, quotient, divisorExponent, rest) / power;
  const margin = quotient * ERROR_MARGIN;
  const below = quotient + (correction - margin);
  return below === quotient + (correction + margin) ? below : NaN;
}

/** mantissa + rest − quotient · 10^exponent, with Dekker's exact product. */
function remainder(mantissa: number, quotient: number, exponent: number, rest: number): number {
  const product = quotient * EXACT_POWERS[exponent];
  const high = splitHigh(quotient);
  const low = quotient - high;
  const powerHigh = POWERS_HIGH[exponent];
  const powerLow = POWERS_LOW[exponent];
  const error = high * powerHigh - product + high * powerLow + low * powerHigh + low * powerLow;
  return mantissa - product - error + rest;
}

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const HEXADECIMAL = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?p([+-]?\d{1,5})$/i;

/**
 * A float as Go's strconv.ParseFloat reads it: decimals, `NaN`, `Inf` and `infinity` in any case, hexadecimal floats.
 * `undefined` for everything else, also for the empty text and for decimals beyond the range of a double.
 */
export function parseGoFloat(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^nan$/i.test(text)) {
    return NaN;
  }
  const infinity = INFINITY.exec(text);
  if (infinity) {
    return infinity[1] === '-' ? -Infinity : Infinity;
  }
  return parseHexadecimal(text);
}

/** No server is known to write these; subnormal results may be off by one unit in the last place. */
function parseHexadecimal(text: string): number | undefined {
  const match = text.length <= 64 ? HEXADECIMAL.exec(text) : null;
  if (!match || !(match[2] || match[3])) {
    return undefined;
  }
  const fraction = match[3] ?? '';
  const mantissa = Number(BigInt(`0x${match[2]}${fraction}`));
  const exponent = Number(match[4]) - 4 * fraction.length;
  // two steps: 2^exponent alone may be out of range where the product is not
  const half = Math.trunc(exponent / 2);
  const value = mantissa * 2 ** half * 2 ** (exponent - half);
  return Number.isFinite(value) ? (match[1] === '-' ? -value : value) : undefined;
}

/** Seconds as JSON writes them, to Unix milliseconds, truncated towards zero. `undefined` if the text is no JSON number. */
export function parseSecondsAsMs(text: string): number | undefined {
  const match = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!match) {
    return undefined;
  }
  const [, integer, fraction = '', exponent] = match;
  // moving the decimal point in the text keeps the product free of rounding errors (1.001 · 1000 is 1000.9999999999999)
  const ms =
    exponent === undefined
      ? Number(`${integer}${fraction.slice(0, 3).padEnd(3, '0')}`)
      : Math.trunc(Number(`${integer}.${fraction || '0'}e${Number(exponent) + 3}`));
  return Number.isFinite(ms) ? ms + 0 : undefined;
}
