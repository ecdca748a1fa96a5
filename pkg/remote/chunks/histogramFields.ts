import { bitsOf } from '../sampleColumns';
import { type BitReader, safe } from './bitReader';
import { type BitWriter } from './bitWriter';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit';
import { type XorValue } from './xorValue';

/**
 * The counts of the histograms of one chunk, one after the other: total count and count of the zero bucket are fields 0 and
 * 1, the buckets follow. Each field is written by what it was before.
 */
export interface HistogramFields {
  /** Reads fields `start … end` (exclusive) of the next histogram into `values`. */
  read(reader: BitReader, values: Float64Array, start: number): void;
  /** Writes them. */
  write(writer: BitWriter, values: Float64Array, start: number): void;
  /** Total and zero count of a stale marker behind other histograms, which has none. */
  writeStaleTotals(writer: BitWriter): void;
}

export const TOTAL_FIELDS = 2;

/** Integers: the difference to the difference before; of the first histogram the number. */
export class IntegerFields implements HistogramFields {
  readonly #before: Float64Array;
  readonly #deltas: Float64Array;
  readonly #seen: Uint8Array;

  constructor(count: number) {
    this.#before = new Float64Array(count);
    this.#deltas = new Float64Array(count);
    this.#seen = new Uint8Array(count);
  }

  read(reader: BitReader, values: Float64Array, start: number): void {
    for (let i = 0; i < values.length; i++) {
      const field = start + i;
      if (this.#seen[field]) {
        this.#deltas[field] = safe(this.#deltas[field] + readVarbitInt(reader));
        this.#before[field] = safe(this.#before[field] + this.#deltas[field]);
      } else {
        this.#before[field] = field < TOTAL_FIELDS ? readVarbitUint(reader) : readVarbitInt(reader);
        this.#seen[field] = 1;
      }
      values[i] = this.#before[field];
    }
  }

  write(writer: BitWriter, values: Float64Array, start: number): void {
    for (let i = 0; i < values.length; i++) {
      const field = start + i;
      const value = safe(values[i]);
      if (this.#seen[field]) {
        const delta = value - this.#before[field];
        writeVarbitInt(writer, safe(delta - this.#deltas[field]));
        this.#deltas[field] = delta;
      } else {
        (field < TOTAL_FIELDS ? writeVarbitUint : writeVarbitInt)(writer, value);
        this.#seen[field] = 1;
      }
      this.#before[field] = value;
    }
  }

  writeStaleTotals(writer: BitWriter): void {
    writer.writeBits(0, TOTAL_FIELDS);
  }
}

/** Floats: as xor; of the first histogram the bits. */
export class FloatFields implements HistogramFields {
  readonly #fields: Array<XorValue | undefined>;
  readonly #start: () => XorValue;

  constructor(count: number, start: () => XorValue) {
    this.#fields = new Array<XorValue | undefined>(count).fill(undefined);
    this.#start = start;
  }

  read(reader: BitReader, values: Float64Array, start: number): void {
    const bits = bitsOf(values);
    for (let i = 0; i < values.length; i++) {
      let field = this.#fields[start + i];
      if (field) {
        field.readNext(reader);
      } else {
        field = this.#fields[start + i] = this.#start();
        field.readFirst(reader);
      }
      bits[2 * i] = field.low;
      bits[2 * i + 1] = field.high;
    }
  }

  write(writer: BitWriter, values: Float64Array, start: number): void {
    const bits = bitsOf(values);
    for (let i = 0; i < values.length; i++) {
      const field = this.#fields[start + i];
      if (field) {
        field.writeNext(writer, bits[2 * i + 1], bits[2 * i]);
      } else {
        (this.#fields[start + i] = this.#start()).writeFirst(writer, bits[2 * i + 1], bits[2 * i]);
      }
    }
  }

  writeStaleTotals(writer: BitWriter): void {
    this.write(writer, new Float64Array(TOTAL_FIELDS), 0);
  }
}
