import { float8Array, int8Array, timestampArray } from './binaryArrays';
import { encodeCopy } from './copyFormat';

it('writes signature, rows of four fields of eight bytes, and the trailer', () => {
  const columns = { seriesIds: [1, 2 ** 40], timesMs: [1_767_225_600_123, 0], values: [-0, NaN] };
  const bytes = encodeCopy(columns, 77);
  expect(bytes.subarray(0, 19).toString('latin1')).toBe('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0');
  expect(bytes.subarray(-2).toString('hex')).toBe('ffff');
  const cell = (array: Buffer, i: number): string => array.subarray(20 + i * 12, 32 + i * 12).toString('hex');
  const rows = [0, 1].map(
    (i) =>
      '0004' +
      cell(int8Array(columns.seriesIds), i) +
      cell(timestampArray(columns.timesMs), i) +
      cell(float8Array(columns.values), i) +
      cell(int8Array([77]), 0)
  );
  expect(bytes.subarray(19, -2).toString('hex')).toBe(rows.join(''));
});
