/** Writes bits, the highest of each byte first. */
export class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  /** Bits of a byte that is not whole yet, and how many (0 … 7). */
  #rest = 0;
  #restBits = 0;

  constructor(capacityBytes = 1024) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** @param count 1 … 32; higher bits of `value` are left out */
  writeBits(value: number, count: number): void {
    if (count > 24) {
      this.writeBits(value >>> 16, count - 16);
      this.writeBits(value, 16);
      return;
    }
    if (this.#length + 4 > this.#bytes.length) {
      this.#grow();
    }
    const rest = (this.#rest << count) | (value & (2 ** count - 1));
    let bits = this.#restBits + count;
    while (bits >= 8) {
      bits -= 8;
      this.#bytes[this.#length++] = rest >>> bits;
    }
    this.#rest = rest & ((1 << bits) - 1);
    this.#restBits = bits;
  }

  /** @param count 1 … 64 */
  writeWide(high: number, low: number, count: number): void {
    if (count > 32) {
      this.writeBits(high, count - 32);
    }
    this.writeBits(low, Math.min(count, 32));
  }

  /** An integer, by its lowest `count` bits in two's complement. */
  writeInteger(value: number, count: number): void {
    this.writeWide(Math.floor(value / 2 ** 32) >>> 0, value >>> 0, count);
  }

  writeUvarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.writeBits((rest % 0x80) | 0x80, 8);
      rest = Math.floor(rest / 0x80);
    }
    this.writeBits(rest, 8);
  }

  /** A varint whose lowest bit is the sign. */
  writeVarint(value: number): void {
    this.writeUvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** A copy of what was written, with `count` in place of its first two bytes; the writer begins anew. */
  take(count: number): Uint8Array<ArrayBuffer> {
    if (this.#restBits > 0) {
      this.writeBits(0, 8 - this.#restBits);
    }
    const bytes = this.#bytes.slice(0, this.#length);
    new DataView(bytes.buffer).setUint16(0, count);
    this.#length = 0;
    return bytes;
  }

  #grow(): void {
    const bytes = new Uint8Array(2 * this.#bytes.length);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}
