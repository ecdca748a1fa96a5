/**
 * How packed rows store values that have few digits after the point: as integers, of which differences stay small. The same
 * rules as in `packer.ts`, where PostgreSQL does it.
 */

/** Room for a difference of two of them. */
const MAX_INTEGER = 2 ** 52;
/** Smaller than the former, because a product is rounded. */
const MAX_SCALED = 2 ** 50;
const MOST_DECIMALS = 9;

/** What a packed row holds for some values. */
export interface PackedValues {
  stored: number[];
  /** Whether `stored` is the first value and then differences to the value before, each times the divisor. */
  differences: boolean;
  /** 0: the single stored value stands for all; absent: 1. */
  divisor?: number;
}

/** Digits after the point that these values need, at most nine; values that need more, or are no integers then, do not count. */
export function decimalsOf(values: readonly number[], from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to && most < MOST_DECIMALS; i++) {
    most = Math.max(most, decimals(values[i]));
  }
  return most;
}

function decimals(value: number): number {
  if (!(Math.abs(value) <= MAX_INTEGER)) {
    return 0;
  }
  for (let digits = 0; digits <= MOST_DECIMALS; digits++) {
    if (roundToEven(value * 10 ** digits) / 10 ** digits === value) {
      return digits;
    }
  }
  return 0;
}

/** @param regular whether the row's times are evenly spaced; only then one value may stand for all */
export function packValues(values: readonly number[], digits: number, regular: boolean): PackedValues {
  const [first] = values;
  if (regular && !Object.is(first, -0) && values.every((value) => Object.is(value, first))) {
    return { stored: [first], differences: false, divisor: 0 };
  }
  const power = 10 ** digits;
  const limit = power === 1 ? MAX_INTEGER : MAX_SCALED;
  const scaled = values.map((value) => roundToEven(value * power));
  const exact = scaled.every(
    (value, i) => value / power === values[i] && Math.abs(value) <= limit && !Object.is(values[i], -0)
  );
  return exact
    ? {
        stored: scaled.map((value, i) => (i === 0 ? value : value - scaled[i - 1])),
        differences: true,
        ...(power > 1 ? { divisor: power } : {}),
      }
    : { stored: [...values], differences: false };
}

/** As PostgreSQL rounds. */
function roundToEven(value: number): number {
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}
