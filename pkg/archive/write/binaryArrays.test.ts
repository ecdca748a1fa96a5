import {
  byteaArray,
  float8Array,
  int8Array,
  microsOf,
  readFloat8Array,
  readInt64,
  readInt64Array,
  timestampArray,
  unpackSamples,
} from './binaryArrays';

const HEADER_BYTES = 20;

it('writes one dimension, no nulls, the element type and the length', () => {
  const bytes = int8Array([1, -2]);
  expect([0, 4, 8, 12, 16].map((offset) => bytes.readInt32BE(offset))).toEqual([1, 0, 20, 2, 1]);
  expect(bytes.length).toBe(HEADER_BYTES + 2 * 12);
  expect([bytes.readBigInt64BE(24), bytes.readBigInt64BE(36)]).toEqual([1n, -2n]);
});

it('writes integers up to 2^53 exactly', () => {
  expect(int8Array([Number.MAX_SAFE_INTEGER]).readBigInt64BE(24)).toBe(9007199254740991n);
  expect(int8Array([-4294967297]).readBigInt64BE(24)).toBe(-4294967297n);
});

it('writes every NaN with the same bits and keeps the sign of zero', () => {
  const payload = new Float64Array(new BigUint64Array([0xfff8_0000_dead_beefn]).buffer)[0];
  const bytes = float8Array([payload, -0]);
  expect(bytes.subarray(24, 32).toString('hex')).toBe('7ff8000000000000');
  expect(bytes.subarray(36, 44).toString('hex')).toBe('8000000000000000');
});

it.each([
  [0, -946684800000000n],
  [946_684_800_000, 0n],
  [1_767_225_600_123, 820540800123000n],
  [Date.parse('0001-01-01T00:00:00Z'), -63082281600000000n],
  [Date.parse('9999-12-31T23:59:59.999Z'), 252455615999999000n],
])('counts %d ms as %d microseconds since 2000', (timeMs, micros) => {
  expect(timestampArray([timeMs]).readBigInt64BE(24)).toBe(micros);
});

it('unpacks what the database packed', () => {
  const times = [0, 1_767_225_600_123, Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];
  const values = [-0, NaN, Infinity, 1.5];
  const [timeBytes, valueBytes] = [timestampArray(times), float8Array(values)];
  const hex = times
    .map((_, i) => [timeBytes, valueBytes].map((bytes) => bytes.subarray(24 + i * 12, 32 + i * 12).toString('hex')))
    .flat()
    .join('');
  const unpacked = unpackSamples(hex);
  expect([...unpacked.timesMs]).toEqual(times);
  expect([...unpacked.values]).toEqual(values);
});

it('writes byte strings with their lengths', () => {
  const bytes = byteaArray([Buffer.from('ab'), Buffer.from('cd')], 2);
  expect(bytes.readInt32BE(8)).toBe(17);
  expect(bytes.subarray(HEADER_BYTES).toString('latin1')).toBe('\0\0\0\x02ab\0\0\0\x02cd');
});

it('reads what int8send wrote', () => {
  const numbers = [0, 1, -1, Number.MAX_SAFE_INTEGER, -4294967297];
  const bytes = int8Array(numbers);
  expect(numbers.map((_, i) => readInt64(bytes, 24 + i * 12))).toEqual(numbers);
});

it('reads arrays, and times of any year as what they are beside another', () => {
  const numbers = [0, 1, -1, Number.MAX_SAFE_INTEGER, -4294967297];
  expect([...readInt64Array(int8Array(numbers))]).toEqual(numbers);
  for (const year of ['0001', '1969', '2026', '9999']) {
    const startMs = Date.parse(`${year}-06-01T00:00:00Z`);
    expect([...readInt64Array(timestampArray([startMs - 1, startMs + 5]), microsOf(startMs))]).toEqual([-1000, 5000]);
  }
  const values = [1.5, -0, NaN, Infinity];
  expect(readFloat8Array(float8Array(values))).toEqual({ values: Float64Array.from(values) });
  expect(readFloat8Array(float8Array([])).values).toHaveLength(0);
});

it('reads nulls as NaN and marks them', () => {
  const array = float8Array([1, 2]);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(-1, HEADER_BYTES);
  const second = array.subarray(HEADER_BYTES + 12);
  const bytes = Buffer.concat([array.subarray(0, HEADER_BYTES + 4), second]);
  expect(readFloat8Array(bytes)).toEqual({ values: Float64Array.of(NaN, 2), nulls: Uint8Array.of(1, 0) });
});
