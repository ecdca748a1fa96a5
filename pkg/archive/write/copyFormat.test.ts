import { float8Array, int8Array, timestampArray } from './binaryArrays';
import { encodeCopy } from './copyFormat';

it('writes signature, rows of four fields of eight bytes, and the trailer', () => {
  const columns = { seriesIds: [1, 2 ** 40], timesMs: [1_767_225_600_123, 0], values: [-0, NaN] };
  const runs = columns.seriesIds.map((seriesId, i) => ({
    seriesId,
    timesMs: Float64Array.of(columns.timesMs[i]),
    values: Float64Array.of(columns.values[i]),
  }));
  const bytes = Buffer.concat([...encodeCopy(runs, 77)]);
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

it('writes many samples in chunks, so that the server can begin with the first', () => {
  const times = Float64Array.from({ length: 10_000 }, (_, i) => i);
  const chunks = [...encodeCopy([{ seriesId: 1, timesMs: times, values: times }], 1)];
  expect(chunks.length).toBeGreaterThan(4);
  expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(256 * 1024);
  expect(Buffer.concat(chunks)).toHaveLength(19 + 10_000 * 50 + 2);
});
