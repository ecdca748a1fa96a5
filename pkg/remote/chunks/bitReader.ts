import { CodecError } from '../codecError';

/** A read looks at up to five bytes, so also behind the end. */
const PADDING_BYTES = 8;

/** Reads bits, the highest of each byte first. Reading beyond the end is a `CodecError`. */
export class BitReader {
  /** What `readWide` has read: the high and the low 32 bits. */
  high = 0;
  low = 0;
  readonly #view: DataView;
  readonly #end: number;
  #position: number;

  /** Copies the bytes, which is little beside looking at each read whether four are left. */
  constructor(bytes: Uint8Array, startByte: number) {
    const padded = new Uint8Array(bytes.length + PADDING_BYTES);
    padded.set(bytes);
    this.#view = new DataView(padded.buffer);
    this.#position = 8 * startByte;
    this.#end = 8 * bytes.length;
  }

  get remainingBits(): number {
    return this.#end - this.#position;
  }

  /** The next 32 bits as a signed number, zeros behind the end; to be taken by `skip`. */
  peek(): number {
    const at = this.#position >>> 3;
    const shift = this.#position & 7;
    return (this.#view.getInt32(at) << shift) | (this.#view.getUint8(at + 4) >>> (8 - shift));
  }

  skip(count: number): void {
    this.#position += count;
    if (this.#position > this.#end) {
      throw new CodecError('broken', 'a chunk ends before its samples do');
    }
  }

  /** @param count 1 … 32 */
  readBits(count: number): number {
    const bits = this.peek() >>> (32 - count);
    this.skip(count);
    return bits;
  }

  /** Reads into `high` and `low`. @param count 1 … 64 */
  readWide(count: number): void {
    this.high = count > 32 ? this.readBits(count - 32) : 0;
    this.low = this.readBits(Math.min(count, 32));
  }

  /** How many bits are set before the first that is not, which is read too; at most `max`, and then nothing follows. */
  countOnes(max: number): number {
    const ones = Math.min(Math.clz32(~this.peek()), max);
    this.skip(ones < max ? ones + 1 : ones);
    return ones;
  }

  /** An integer of two's complement as Prometheus cuts it: -(2^(count-1) - 1) … 2^(count-1). */
  readSigned(count: number): number {
    this.readWide(count);
    const { high, low } = this;
    if (count === 64) {
      return safe((high | 0) * 2 ** 32 + low);
    }
    if (count <= 32) {
      return low > 2 ** (count - 1) ? low - 2 ** count : low;
    }
    // The sign goes into the high half, where nothing is rounded yet.
    const middle = 2 ** (count - 33);
    const negative = high > middle || (high === middle && low > 0);
    return safe((negative ? high - 2 * middle : high) * 2 ** 32 + low);
  }

  /** @param count 1 … 64 */
  readUnsigned(count: number): number {
    this.readWide(count);
    return safe(this.high * 2 ** 32 + this.low);
  }

  /** A varint, seven bits a byte. */
  readUvarint(): number {
    let value = 0;
    for (let i = 0; i < 8; i++) {
      const byte = this.readBits(8);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        return safe(value);
      }
    }
    throw new CodecError('unsupported', UVARINT_TOO_BIG);
  }

  /** A varint whose lowest bit is the sign. */
  readVarint(): number {
    const value = this.readUvarint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
}

export const UVARINT_TOO_BIG = 'a chunk holds an integer beyond 2^53, which we cannot hold exactly';

/** @throws CodecError for an integer that a number does not hold exactly */
export function safe(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new CodecError('unsupported', UVARINT_TOO_BIG);
  }
  return value;
}
