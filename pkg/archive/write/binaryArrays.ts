/**
 * Arrays in PostgreSQL's binary format. `pg` sends a Buffer as a binary parameter, so a cast such as `$1::float8[]` reads it
 * without a detour over text: no formatting, no parsing, every bit of a value kept.
 * Layout: dimensions (1), has-null flag (0), element type, length, lower bound (1), then length and bytes of each element.
 */
const BYTEA_OID = 17;
const UUID_OID = 2950;
const INT8_OID = 20;
const INT4_OID = 23;
const FLOAT8_OID = 701;
const TIMESTAMPTZ_OID = 1184;
const HEADER_BYTES = 20;
const ELEMENT_BYTES = 12;

/** Milliseconds from the Unix epoch to PostgreSQL's (2000-01-01). */
const EPOCH_SHIFT_MS = 946_684_800_000;
const TWO_TO_32 = 4_294_967_296;
/** The quiet NaN PostgreSQL itself writes. V8 may hand out others; one NaN only, or equal values would differ in bits. */
const NAN_HIGH = 0x7ff80000;

export function int8Array(numbers: ArrayLike<number>): Buffer {
  return encode(INT8_OID, numbers, encodeInt64);
}

export function int4Array(numbers: readonly number[]): Buffer {
  const target = Buffer.allocUnsafe(HEADER_BYTES + numbers.length * 8);
  writeHeader(target, INT4_OID, numbers.length);
  let offset = HEADER_BYTES;
  for (const number of numbers) {
    offset = target.writeInt32BE(4, offset);
    offset = target.writeInt32BE(number, offset);
  }
  return target;
}

/** Backfills send millions of these, so that it is written without a call for each. */
export function float8Array(numbers: ArrayLike<number>): Buffer {
  const target = Buffer.allocUnsafe(HEADER_BYTES + numbers.length * ELEMENT_BYTES);
  writeHeader(target, FLOAT8_OID, numbers.length);
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  for (let i = 0, offset = HEADER_BYTES; i < numbers.length; i++, offset += ELEMENT_BYTES) {
    const number = numbers[i];
    view.setInt32(offset, 8);
    if (Number.isNaN(number)) {
      encodeFloat8(target, number, offset + 4);
    } else {
      view.setFloat64(offset + 4, number);
    }
  }
  return target;
}

/** @param timesMs Unix milliseconds; fractions down to microseconds are kept */
export function timestampArray(timesMs: ArrayLike<number>): Buffer {
  return encode(TIMESTAMPTZ_OID, timesMs, encodeTime);
}

/** @param items all of one length */
export function byteaArray(items: readonly Buffer[], itemBytes: number): Buffer {
  return encodeBytes(BYTEA_OID, items, itemBytes);
}

/** @param items of 16 bytes each */
export function uuidArray(items: readonly Buffer[]): Buffer {
  return encodeBytes(UUID_OID, items, 16);
}

function encodeBytes(elementOid: number, items: readonly Buffer[], itemBytes: number): Buffer {
  const target = Buffer.allocUnsafe(HEADER_BYTES + items.length * (itemBytes + 4));
  writeHeader(target, elementOid, items.length);
  let offset = HEADER_BYTES;
  for (const item of items) {
    offset = target.writeInt32BE(itemBytes, offset);
    offset += item.copy(target, offset);
  }
  return target;
}

/** Eight bytes of `int8send`. */
export function readInt64(bytes: Buffer, offset: number): number {
  return bytes.readInt32BE(offset) * TWO_TO_32 + bytes.readUInt32BE(offset + 4);
}

/** The elements of a `bigint[]` or `timestamptz[]` without nulls, less a number: exact where the difference is, however large both are. */
export function readInt64Array(bytes: Buffer, less = 0n): Float64Array {
  const numbers = new Float64Array(arrayLength(bytes));
  const [lessHigh, lessLow] = [Number(less >> 32n), Number(less & 0xffff_ffffn)];
  for (let i = 0, at = HEADER_BYTES + 4; i < numbers.length; i++, at += ELEMENT_BYTES) {
    numbers[i] = (bytes.readInt32BE(at) - lessHigh) * TWO_TO_32 + (bytes.readUInt32BE(at + 4) - lessLow);
  }
  return numbers;
}

/** The elements of a `float8[]`. A null (only inserted rows have them) counts as NaN and is marked in `nulls`. */
export function readFloat8Array(bytes: Buffer): { values: Float64Array; nulls?: Uint8Array } {
  const values = new Float64Array(arrayLength(bytes));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nulls = bytes.readInt32BE(4) === 0 ? undefined : new Uint8Array(values.length);
  for (let i = 0, at = HEADER_BYTES; i < values.length; i++) {
    if (nulls && view.getInt32(at) < 0) {
      values[i] = NaN;
      nulls[i] = 1;
      at += 4;
    } else {
      values[i] = view.getFloat64(at + 4);
      at += ELEMENT_BYTES;
    }
  }
  return nulls ? { values, nulls } : { values };
}

/** An empty array has no dimension and so no length. */
function arrayLength(bytes: Buffer): number {
  return bytes.readInt32BE(0) === 0 ? 0 : bytes.readInt32BE(12);
}

/** Samples as the reader's statement packs them: microseconds since 2000 and value, 16 bytes each, hexadecimal. */
export function unpackSamples(hex: string): { timesMs: Float64Array; values: Float64Array } {
  const bytes = Buffer.from(hex, 'hex');
  const count = bytes.length / 16;
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    timesMs[i] = readTime(bytes, i * 16);
    values[i] = bytes.readDoubleBE(i * 16 + 8);
  }
  return { timesMs, values };
}

function encode(
  elementOid: number,
  values: ArrayLike<number>,
  write: (target: Buffer, value: number, offset: number) => void
): Buffer {
  const target = Buffer.allocUnsafe(HEADER_BYTES + values.length * ELEMENT_BYTES);
  writeHeader(target, elementOid, values.length);
  for (let i = 0, offset = HEADER_BYTES; i < values.length; i++, offset += ELEMENT_BYTES) {
    target.writeInt32BE(8, offset);
    write(target, values[i], offset + 4);
  }
  return target;
}

function writeHeader(target: Buffer, elementOid: number, length: number): void {
  target.writeInt32BE(1, 0);
  target.writeInt32BE(0, 4);
  target.writeInt32BE(elementOid, 8);
  target.writeInt32BE(length, 12);
  target.writeInt32BE(1, 16);
}

/** Eight bytes as `float8recv` reads them. */
export function encodeFloat8(target: Buffer, value: number, offset: number): void {
  if (Number.isNaN(value)) {
    target.writeUInt32BE(NAN_HIGH, offset);
    target.writeUInt32BE(0, offset + 4);
  } else {
    target.writeDoubleBE(value, offset);
  }
}

/** Eight bytes as `int8recv` reads them. */
export function encodeInt64(target: Buffer, value: number, offset: number): void {
  const high = Math.floor(value / TWO_TO_32);
  target.writeInt32BE(high, offset);
  target.writeUInt32BE(value - high * TWO_TO_32, offset + 4);
}

/** Eight bytes as `timestamptz_recv` reads them. */
export function encodeTime(target: Buffer, timeMs: number, offset: number): void {
  const micros = Math.round((timeMs - EPOCH_SHIFT_MS) * 1000);
  if (Number.isSafeInteger(micros)) {
    encodeInt64(target, micros, offset);
  } else {
    // Beyond the year 2255 a double no longer counts microseconds.
    target.writeBigInt64BE(microsOf(Math.round(timeMs)), offset);
  }
}

/** What PostgreSQL counts for a time: microseconds since 2000. */
export function microsOf(timeMs: number): bigint {
  return (BigInt(timeMs) - BigInt(EPOCH_SHIFT_MS)) * 1000n;
}

/** Eight bytes of `timestamptz_send` as Unix milliseconds. */
export function readTime(bytes: Buffer, offset: number): number {
  const micros = readInt64(bytes, offset);
  const timeMs = micros / 1000 + EPOCH_SHIFT_MS;
  return Number.isSafeInteger(micros) ? timeMs : Math.round(timeMs);
}
