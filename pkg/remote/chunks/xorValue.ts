import { CodecError } from '../codecError';
import { type BitReader } from './bitReader';
import { type BitWriter } from './bitWriter';

/** No window yet: the first difference brings its own. */
const NO_WINDOW = 0xff;
/** The number of leading zeros has five bits. */
const MAX_LEADING = 31;
/** The second of the bits in front of a value; behind it five and six bits say where the window is. */
const NEW_WINDOW = 0x40000000;

/**
 * One 64-bit value after the other, each as its difference (xor) to the one before, of which only the part between leading
 * and trailing zeros is there. `high` and `low` are the bits of the newest.
 */
export class XorValue {
  high = 0;
  low = 0;
  #leading: number;
  #trailing = 0;

  private constructor(leading: number) {
    this.#leading = leading;
  }

  /** For reading Prometheus begins with a window of all bits, for writing with none. */
  static forReading(): XorValue {
    return new XorValue(0);
  }

  static forWriting(): XorValue {
    return new XorValue(NO_WINDOW);
  }

  /** The first value, whole. */
  readFirst(reader: BitReader): void {
    reader.readWide(64);
    this.high = reader.high;
    this.low = reader.low;
  }

  readNext(reader: BitReader): void {
    const head = reader.peek();
    if (head >= 0) {
      reader.skip(1);
      return;
    }
    if (head & NEW_WINDOW) {
      this.#leading = (head >>> 25) & MAX_LEADING;
      const width = (head >>> 19) & 0x3f || 64;
      this.#trailing = 64 - this.#leading - width;
      if (this.#trailing < 0) {
        throw new CodecError('broken', 'a chunk holds a value of more than 64 bits');
      }
      reader.skip(13);
    } else {
      reader.skip(2);
    }
    reader.readWide(64 - this.#leading - this.#trailing);
    const { high, low } = reader;
    const trailing = this.#trailing;
    if (trailing >= 32) {
      this.high = (this.high ^ (low << (trailing - 32))) >>> 0;
    } else {
      this.high = (this.high ^ (trailing === 0 ? high : (high << trailing) | (low >>> (32 - trailing)))) >>> 0;
      this.low = (this.low ^ (low << trailing)) >>> 0;
    }
  }

  writeFirst(writer: BitWriter, high: number, low: number): void {
    writer.writeWide(high, low, 64);
    this.high = high;
    this.low = low;
  }

  writeNext(writer: BitWriter, high: number, low: number): void {
    const highDelta = high ^ this.high;
    const lowDelta = low ^ this.low;
    this.high = high;
    this.low = low;
    if (highDelta === 0 && lowDelta === 0) {
      writer.writeBits(0, 1);
      return;
    }
    const leading = Math.min(highDelta === 0 ? 32 + Math.clz32(lowDelta) : Math.clz32(highDelta), MAX_LEADING);
    const trailing = lowDelta === 0 ? 32 + trailingZeros(highDelta) : trailingZeros(lowDelta);
    if (this.#leading !== NO_WINDOW && leading >= this.#leading && trailing >= this.#trailing) {
      writer.writeBits(0b10, 2);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      // 64 does not fit into six bits and is written as 0, which cannot occur.
      writer.writeBits((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 0x3f), 13);
    }
    this.#writeWindow(writer, highDelta, lowDelta);
  }

  #writeWindow(writer: BitWriter, high: number, low: number): void {
    const trailing = this.#trailing;
    const width = 64 - this.#leading - trailing;
    if (trailing === 0) {
      writer.writeWide(high, low, width);
    } else if (trailing >= 32) {
      writer.writeWide(0, high >>> (trailing - 32), width);
    } else {
      writer.writeWide(high >>> trailing, (low >>> trailing) | (high << (32 - trailing)), width);
    }
  }
}

function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
