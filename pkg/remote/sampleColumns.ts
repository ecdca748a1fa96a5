import { type Samples } from '../core/model/series';

/**
 * Float samples of one series while they are read. `values` holds the bits of each value as they were on the wire: a stale
 * marker is a NaN with a payload, which a JavaScript number may lose on its way, so they are written through `bits`, 32 at a
 * time, low half first (every processor Promkeep runs on is little-endian). What is copied with `slice`, `subarray` or `set`
 * between two `Float64Array` keeps its bits.
 */
export class SampleColumns {
  length = 0;
  timesMs: Float64Array<ArrayBuffer> = NO_FLOATS;
  bits: Uint32Array<ArrayBuffer> = NO_BITS;

  /** Makes room for so many more. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed > this.timesMs.length) {
      const capacity = Math.max(needed, 2 * this.timesMs.length, MIN_CAPACITY);
      const { timesMs, bits } = this;
      this.timesMs = new Float64Array(capacity);
      this.timesMs.set(timesMs);
      this.bits = new Uint32Array(2 * capacity);
      this.bits.set(bits);
    }
  }

  push(timeMs: number, low: number, high: number): void {
    const i = this.length;
    if (i === this.timesMs.length) {
      this.reserve(1);
    }
    this.timesMs[i] = timeMs;
    this.bits[2 * i] = low;
    this.bits[2 * i + 1] = high;
    this.length = i + 1;
  }

  /** What was read so far, in arrays of just that size. */
  samples(): Samples {
    if (this.length === 0) {
      return { timesMs: NO_FLOATS, values: NO_FLOATS };
    }
    return {
      timesMs: this.timesMs.slice(0, this.length),
      values: new Float64Array(this.bits.slice(0, 2 * this.length).buffer),
    };
  }
}

const MIN_CAPACITY = 16;

/** Shared, since a message of many series or histograms with nothing in them would be small itself. */
export const NO_FLOATS = new Float64Array(0);
const NO_BITS = new Uint32Array(0);

/** The bits of values: of value `i` the low half at `2 * i`, the high half behind it. Shares their memory. */
export function bitsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
}

/** The high and low half of a stale marker: the end of a series, by the hand of Prometheus. */
const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 2;

export function isStale(low: number, high: number): boolean {
  return low === STALE_LOW && high === STALE_HIGH;
}

/** Values with the bits of a stale marker at the given places. */
export function markStale(values: Float64Array, ...places: number[]): void {
  const bits = bitsOf(values);
  for (const place of places) {
    bits[2 * place] = STALE_LOW;
    bits[2 * place + 1] = STALE_HIGH;
  }
}
