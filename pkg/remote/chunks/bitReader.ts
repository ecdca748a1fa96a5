import { CodecError } from '../codecError';

/** Reads bits, the highest of each byte first. Reading beyond the end is a `CodecError`. */
export class BitReader {
  /** What `readWide` has read: the high and the low 32 bits. */
  high = 0;
  low = 0;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  constructor(bytes: Uint8Array, startByte: number) {
    this.#bytes = bytes;
    this.#position = 8 * startByte;
    this.#end = 8 * bytes.length;
  }

  get remainingBits(): number {
    return this.#end - this.#position;
  }

  /** @param count 1 … 32 */
  readBits(count: number): number {
    const position = this.#position;
    if (position + count > this.#end) {
      throw new CodecError('broken', 'a chunk ends before its samples do');
    }
    this.#position = position + count;
    const bytes = this.#bytes;
    const at = position >>> 3;
    const shift = position & 7;
    // What lies behind the end reads as undefined, and counts as 0 here.
    let word = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    if (shift > 0) {
      word = (word << shift) | (bytes[at + 4] >>> (8 - shift));
    }
    return word >>> (32 - count);
  }

  /** Reads into `high` and `low`. @param count 1 … 64 */
  readWide(count: number): void {
    this.high = count > 32 ? this.readBits(count - 32) : 0;
    this.low = this.readBits(Math.min(count, 32));
  }

  /** How many bits are set before the first that is not, which is read too; at most `max`, and then nothing follows. */
  countOnes(max: number): number {
    let ones = 0;
    while (ones < max && this.readBits(1) === 1) {
      ones++;
    }
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
    throw new CodecError('unsupported', TOO_BIG);
  }

  /** A varint whose lowest bit is the sign. */
  readVarint(): number {
    const value = this.readUvarint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
}

const TOO_BIG = 'a chunk holds an integer beyond 2^53, which we cannot hold exactly';

/** @throws CodecError for an integer that a number does not hold exactly */
export function safe(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new CodecError('unsupported', TOO_BIG);
  }
  return value;
}
