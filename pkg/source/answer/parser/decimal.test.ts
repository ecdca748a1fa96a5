import fc from 'fast-check';
import { divideByPowerOfTen, parseGoFloat, parseSecondsAsMs } from './decimal';

describe('divideByPowerOfTen', () => {
  it('is bit-exact against Number() wherever it answers, for 1 to 17 digits', () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.bigInt(0n, 99_999_999_999_999_999n), fc.integer({ min: 0, max: 22 }), (mantissa, exponent) => {
        const digits = String(mantissa);
        const lowDigits = Math.max(0, digits.length - 13);
        const high = Number(digits.slice(0, digits.length - lowDigits));
        const value = divideByPowerOfTen(high, Number(digits.slice(digits.length - lowDigits)), lowDigits, exponent);
        answered += Number.isNaN(value) ? 0 : 1;
        expect(Number.isNaN(value) || value === Number(`${digits}e-${exponent}`)).toBe(true);
      }),
      { numRuns: 20_000 }
    );
    expect(answered).toBeGreaterThan(19_900);
  });

  it('gives up rather than round a tie wrongly', () => {
    // 9007199254740993 lies midway between two doubles
    expect([NaN, 900719925474099.2]).toContain(divideByPowerOfTen(9007199254740, 993, 3, 1));
    expect(divideByPowerOfTen(1, 0, 5, 0)).toBeNaN();
    expect(divideByPowerOfTen(1, 0, 0, 23)).toBeNaN();
  });
});

describe('parseGoFloat', () => {
  it.each([
    ['NaN', NaN],
    ['nan', NaN],
    ['+Inf', Infinity],
    ['Inf', Infinity],
    ['-infinity', -Infinity],
    ['-0', -0],
    ['.5', 0.5],
    ['5.', 5],
    ['+1e3', 1000],
    ['1.7976931348623157e+308', Number.MAX_VALUE],
    ['5e-324', 5e-324],
    ['0x1.8p1', 3],
    ['-0X10P-4', -1],
    ['0x1p-1074', 5e-324],
  ])('reads %s', (text, value) => {
    expect(parseGoFloat(text)).toBe(value);
  });

  it.each([
    '',
    ' ',
    ' 1',
    '1 ',
    '1e400',
    '-1e400',
    '0x10',
    '0b1',
    '1_0',
    '--1',
    '.',
    'e5',
    '+nan',
    '0xp1',
    '1,5',
    'Infinit',
  ])('refuses "%s", as Go does', (text) => {
    expect(parseGoFloat(text)).toBeUndefined();
  });

  it('refuses a megabyte of digits with a fault at the end in linear time', () => {
    expect(parseGoFloat(`${'1'.repeat(1_000_000)}x`)).toBeUndefined();
  });
});

describe('parseSecondsAsMs', () => {
  it('is exact where a product of doubles is not', () => {
    expect(1.001 * 1000).not.toBe(1001);
    expect(parseSecondsAsMs('1.001')).toBe(1001);
    expect(parseSecondsAsMs('1705590315.65')).toBe(1705590315650);
  });

  it('truncates towards zero and never gives -0', () => {
    expect(parseSecondsAsMs('1.9999')).toBe(1999);
    expect(parseSecondsAsMs('-1.9999')).toBe(-1999);
    expect(parseSecondsAsMs('-0.0001')).toBe(0);
    expect(Object.is(parseSecondsAsMs('-0'), 0)).toBe(true);
  });

  it('reads exponents', () => {
    expect(parseSecondsAsMs('1.705590315123e9')).toBe(1705590315123);
    expect(parseSecondsAsMs('1e-4')).toBe(0);
  });

  it.each(['', '-', '1.', '.5', 'NaN', '1e999'])('refuses "%s"', (text) => {
    expect(parseSecondsAsMs(text)).toBeUndefined();
  });
});
