import * as fc from 'fast-check';
import { decimalsOf, packValues, type PackedValues } from './packedRow';

const digitsOf = (values: number[]): number => decimalsOf(Float64Array.from(values));

function pack(values: number[], digits: number, regular: boolean): Omit<PackedValues, 'stored'> & { stored: number[] } {
  const packed = packValues(Float64Array.from(values), digits, regular);
  return { ...packed, stored: [...packed.stored] };
}

/** As `promkeep_unpack` does it. */
function unpack({ stored, differences, divisor = 1 }: ReturnType<typeof pack>, count: number): number[] {
  if (divisor === 0) {
    return new Array<number>(count).fill(stored[0]);
  }
  let sum = 0;
  return differences ? stored.map((value) => (sum += value) / divisor) : stored;
}

it('counts the digits that the longest value needs, and none for values that need more than nine', () => {
  expect(digitsOf([1, 2])).toBe(0);
  expect(digitsOf([1, 0.5, 2.25])).toBe(2);
  expect(digitsOf([0.123456789])).toBe(9);
  expect(digitsOf([1 / 3, NaN, Infinity, 2 ** 60])).toBe(0);
  expect(digitsOf([2 ** 49 + 0.5, 1 / 3])).toBe(1);
});

it('finds as many digits as trying each number of them', () => {
  const slowly = (value: number): number =>
    Array.from({ length: 10 }, (_, digits) => digits).find((digits) => {
      const scaled = value * 10 ** digits;
      return Math.abs(value) <= 2 ** 52 && Math.round(scaled) / 10 ** digits === value;
    }) ?? 0;
  const value = fc.oneof(
    fc.double({ noNaN: true }),
    fc.double({ min: -2e6, max: 2e6, noNaN: true }),
    fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 })).map(([n, d]) => n / 10 ** d)
  );
  fc.assert(
    fc.property(fc.array(value), (given) => {
      expect(digitsOf(given)).toBe(Math.max(0, ...given.map(slowly)));
    }),
    { numRuns: 2_000 }
  );
});

it('stores decimals as integers and says by what to divide', () => {
  expect(pack([0.5, 0.75, 0.25], 2, true)).toEqual({ stored: [50, 25, -50], differences: true, divisor: 100 });
});

it('stores differences of integers without a divisor', () => {
  expect(pack([1, 5, -3], 0, true)).toEqual({ stored: [1, 4, -8], differences: true });
  expect(pack([2 ** 52, -(2 ** 52)], 0, true).differences).toBe(true);
});

it.each([0.5, -0, NaN, Infinity, 2 ** 52 + 1])('stores values as they are beside %p', (value) => {
  expect(pack([1, value, 3], 0, true)).toEqual({ stored: [1, value, 3], differences: false });
});

it('stores one value for all where the times say how many, but never -0, which PostgreSQL takes for 0', () => {
  expect(pack([7, 7, 7], 0, true)).toEqual({ stored: [7], differences: false, divisor: 0 });
  expect(pack([NaN, NaN], 0, true)).toEqual({ stored: [NaN], differences: false, divisor: 0 });
  expect(pack([7, 7, 7], 0, false)).toEqual({ stored: [7, 0, 0], differences: true });
  expect(pack([-0, -0], 0, true)).toEqual({ stored: [-0, -0], differences: false });
  expect(pack([0, -0], 0, true)).toEqual({ stored: [0, -0], differences: false });
});

it('restores every bit', () => {
  const decimal = fc
    .tuple(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 0, max: 9 }))
    .map(([n, d]) => n / 10 ** d);
  const values = fc.array(fc.oneof(fc.double(), fc.integer(), decimal, fc.constantFrom(-0, NaN, Infinity)), {
    minLength: 1,
  });
  fc.assert(
    fc.property(fc.oneof(values, fc.array(decimal, { minLength: 1 })), fc.boolean(), (given, regular) => {
      expect(unpack(pack(given, digitsOf(given), regular), given.length)).toEqual(given);
    })
  );
});
