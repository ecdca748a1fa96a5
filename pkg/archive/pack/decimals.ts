/**
 * How packed rows store values that have few digits after the point: as integers, of which differences stay small. The same
 * rules as in `packer.ts`, where PostgreSQL does it.
 */

/** Room for a difference of two of them. */
const MAX_INTEGER = 2 ** 52;
/** Smaller than the former, because a product is rounded. */
const MAX_SCALED = 2 ** 50;
const MOST_DECIMALS = 9;

const POWERS = Array.from({ length: MOST_DECIMALS + 1 }, (_, digits) => 10 ** digits);
/** Up to here a value that has no nine digits has no fewer either, since neither product nor quotient is off by half a unit. */
const SURELY_SCALED = MAX_SCALED / POWERS[MOST_DECIMALS];

/** What a packed row holds for some values. */
export interface PackedValues {
  stored: Float64Array;
  /** Whether `stored` is the first value and then differences to the value before, each times the divisor. */
  differences: boolean;
  /** 0: the single stored value stands for all; absent: 1. */
  divisor?: number;
}

/** Digits after the point that these values need, at most nine; values that need more, or are no integers then, do not count. */
export function decimalsOf(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length && most < MOST_DECIMALS; i++) {
    if (!hasDecimals(values[i], most)) {
      most = Math.max(most, decimals(values[i]));
    }
  }
  return most;
}

function decimals(value: number): number {
  const size = Math.abs(value);
  if (!(size <= MAX_INTEGER) || (size <= SURELY_SCALED && !hasDecimals(value, MOST_DECIMALS))) {
    return 0;
  }
  for (let digits = 0; digits <= MOST_DECIMALS; digits++) {
    if (hasDecimals(value, digits)) {
      return digits;
    }
  }
  return 0;
}

function hasDecimals(value: number, digits: number): boolean {
  return roundToEven(value * POWERS[digits]) / POWERS[digits] === value;
}

/** @param regular whether the row's times are evenly spaced; only then one value may stand for all */
export function packValues(values: Float64Array, digits: number, regular: boolean): PackedValues {
  const [first] = values;
  if (regular && !Object.is(first, -0) && values.every((value) => Object.is(value, first))) {
    return { stored: values.subarray(0, 1), differences: false, divisor: 0 };
  }
  const differences = toDifferences(values, POWERS[digits]);
  if (differences === undefined) {
    return { stored: values, differences: false };
  }
  return { stored: differences, differences: true, ...(digits > 0 ? { divisor: POWERS[digits] } : {}) };
}

/** The first value and what each adds to the one before, all times a power of ten; `undefined` where that would lose a bit. */
function toDifferences(values: Float64Array, power: number): Float64Array | undefined {
  const limit = power === 1 ? MAX_INTEGER : MAX_SCALED;
  const differences = new Float64Array(values.length);
  for (let i = 0, before = 0; i < values.length; i++) {
    const value = values[i];
    const scaled = roundToEven(value * power);
    if (scaled / power !== value || Math.abs(scaled) > limit || Object.is(value, -0)) {
      return undefined;
    }
    differences[i] = scaled - before;
    before = scaled;
  }
  return differences;
}

/** As PostgreSQL rounds. */
function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
