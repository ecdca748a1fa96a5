import { encodeInt64, float8Array, int4Array, int8Array, microsOf } from '../write/binaryArrays';
import { COPY_HEADER, COPY_TRAILER } from '../write/copyFormat';

/**
 * What a packed row is, whoever makes it. Times: a step where every distance is the same, else the offset of each sample.
 * Values: a single one that stands for all; or the first and what each adds to the one before, times a power of ten, where that
 * makes integers from which every bit comes back; or the values as they are.
 */

/** Samples of one series in one period, ascending in time. The arrays may be parts of others: nobody changes them. */
export interface PeriodRun {
  seriesId: number;
  /** Start of the period. */
  startMs: number;
  /** Times in whole microseconds from there, which a double counts exactly whatever the year. */
  offsetsUs: Float64Array;
  values: Float64Array;
  /** 1 where there is no value, which only inserted rows have. */
  nulls?: Uint8Array;
  /** The write each sample came with; absent: the one that packs them. */
  fetchIds?: Float64Array;
}

/** Samples for one row. */
export interface PackPiece extends PeriodRun {
  /** In microseconds where every distance is the same; else each time is stored. */
  stepUs: number | undefined;
  /** Digits after the point that the series' values in this period need. */
  digits: number;
}

/** What a packed row holds for some values. */
export interface PackedValues {
  stored: Float64Array;
  /** Whether `stored` is the first value and then differences to the value before, each times the divisor. */
  differences: boolean;
  /** 0: the single stored value stands for all; absent: 1. */
  divisor?: number;
}

/** Room for a difference of two of them. */
const MAX_INTEGER = 2 ** 52;
/** Smaller than the former, because a product is rounded. */
const MAX_SCALED = 2 ** 50;
const MOST_DECIMALS = 9;
const POWERS = Array.from({ length: MOST_DECIMALS + 1 }, (_, digits) => 10 ** digits);
/** Up to here a value that has no nine digits has no fewer either, since neither product nor quotient is off by half a unit. */
const SURELY_SCALED = MAX_SCALED / POWERS[MOST_DECIMALS];

/** Digits after the point that these values need, at most nine; values that need more, or are no integers then, do not count. */
export function decimalsOf(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length && most < MOST_DECIMALS; i++) {
    if (!hasDecimals(values[i], most)) {
      most = Math.max(most, decimals(values[i]));
    }
  }
  return most;
}

function decimals(value: number): number {
  const size = Math.abs(value);
  if (!(size <= MAX_INTEGER) || (size <= SURELY_SCALED && !hasDecimals(value, MOST_DECIMALS))) {
    return 0;
  }
  return Math.max(
    0,
    POWERS.findIndex((_, digits) => hasDecimals(value, digits))
  );
}

function hasDecimals(value: number, digits: number): boolean {
  return Math.round(value * POWERS[digits]) / POWERS[digits] === value;
}

/** @param regular whether the row's times are evenly spaced; only then one value may stand for all */
export function packValues(values: Float64Array, digits: number, regular: boolean): PackedValues {
  const [first] = values;
  // A row that is compared in SQL would pass for one of 0: PostgreSQL takes -0 for 0.
  if (regular && !Object.is(first, -0) && values.every((value) => Object.is(value, first))) {
    return { stored: values.subarray(0, 1), differences: false, divisor: 0 };
  }
  const power = POWERS[digits];
  const limit = power === 1 ? MAX_INTEGER : MAX_SCALED;
  const stored = new Float64Array(values.length);
  for (let i = 0, before = 0; i < values.length; i++) {
    const scaled = Math.round(values[i] * power);
    // Where dividing the sum would lose a bit, all values are stored as they are.
    if (scaled / power !== values[i] || Math.abs(scaled) > limit || Object.is(values[i], -0)) {
      return { stored: values, differences: false };
    }
    stored[i] = scaled - before;
    before = scaled;
  }
  return { stored, differences: true, ...(digits > 0 ? { divisor: power } : {}) };
}

/** The columns in the order in which `encodePacked` writes them. */
export const PACKED_COLUMNS =
  'retention, series_id, from_time, to_time, sample_count, step_us, offsets_us, sample_values, differences, divisor, fetch_ids, fetch_starts';
const FIELD_COUNT = Buffer.of(0, PACKED_COLUMNS.split(',').length);
/** Small enough that the server stores one chunk while the next is made, large enough for few writes to the socket. */
const CHUNK_BYTES = 256 * 1024;
const ARRAY_HEADER_BYTES = 20;
const ELEMENT_BYTES = 12;

/**
 * Rows of `promkeep_packed` as COPY reads them.
 *
 * @param fetchId the write that packs them, for pieces that name no other
 */
export function* encodePacked(pieces: Iterable<PackPiece>, retention: string, fetchId?: number): Generator<Buffer> {
  let parts: Buffer[] = [COPY_HEADER];
  let bytes = 0;
  for (const piece of pieces) {
    parts.push(FIELD_COUNT);
    for (const field of fieldsOf(piece, retention, fetchId)) {
      parts.push(int4(field?.length ?? -1), field ?? NOTHING);
      bytes += field?.length ?? 0;
    }
    if (bytes >= CHUNK_BYTES) {
      yield Buffer.concat(parts);
      parts = [];
      bytes = 0;
    }
  }
  yield Buffer.concat([...parts, COPY_TRAILER]);
}

const NOTHING = Buffer.alloc(0);

function fieldsOf(piece: PackPiece, retention: string, fetchId?: number): Array<Buffer | undefined> {
  const { seriesId, startMs, offsetsUs, stepUs, values, nulls, digits } = piece;
  const [firstUs] = offsetsUs;
  const last = offsetsUs.length - 1;
  const time = (offsetUs: number): Buffer => eight((at) => at.writeBigInt64BE(microsOf(startMs) + BigInt(offsetUs)));
  const int8 = (value: number): Buffer => eight((at) => encodeInt64(at, value, 0));
  const hasNulls = nulls?.includes(1) === true;
  const packed = hasNulls
    ? { stored: values, differences: false, divisor: undefined }
    : packValues(values, digits, stepUs !== undefined);
  const { divisor } = packed;
  const array = float8Array(packed.stored);
  const runs = fetchRuns(piece.fetchIds ?? Float64Array.of(Number(fetchId)));
  return [
    Buffer.from(retention, 'utf8'),
    int8(seriesId),
    time(firstUs),
    time(offsetsUs[last]),
    int4(last + 1),
    stepUs === undefined ? undefined : int8(stepUs),
    stepUs === undefined ? int8Array(offsetsUs.map((offsetUs) => offsetUs - firstUs)) : undefined,
    hasNulls ? withNulls(array, nulls) : array,
    Buffer.of(packed.differences ? 1 : 0),
    divisor === undefined ? undefined : eight((at) => at.writeDoubleBE(divisor)),
    int8Array(runs.ids),
    int4Array(runs.starts),
  ];
}

/** The writes in the order of their samples, and the number (from 1) of the first sample of each. */
function fetchRuns(fetchIds: Float64Array): { ids: number[]; starts: number[] } {
  const [ids, starts] = [[fetchIds[0]], [1]];
  for (let i = 1; i < fetchIds.length; i++) {
    if (fetchIds[i] !== fetchIds[i - 1]) {
      ids.push(fetchIds[i]);
      starts.push(i + 1);
    }
  }
  return { ids, starts };
}

/** The array with a flag that says so, and a length of -1 without bytes for each null. */
function withNulls(array: Buffer, nulls: Uint8Array): Buffer {
  array.writeInt32BE(1, 4);
  const elements = Array.from(nulls, (isNull, i) => {
    const at = ARRAY_HEADER_BYTES + i * ELEMENT_BYTES;
    return isNull ? int4(-1) : array.subarray(at, at + ELEMENT_BYTES);
  });
  return Buffer.concat([array.subarray(0, ARRAY_HEADER_BYTES), ...elements]);
}

function eight(write: (target: Buffer) => unknown): Buffer {
  const target = Buffer.allocUnsafe(8);
  write(target);
  return target;
}

function int4(value: number): Buffer {
  const target = Buffer.allocUnsafe(4);
  target.writeInt32BE(value);
  return target;
}
