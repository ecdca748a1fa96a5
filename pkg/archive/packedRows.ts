import { readTime } from './binaryArrays';
import { type Row } from './database';

export interface StoredSamples {
  timesMs: Float64Array;
  values: Float64Array;
  /** Whether some of them lie in packed rows, which have to be taken apart before they can be changed. */
  packed: boolean;
}

export const NO_SAMPLES: StoredSamples = { timesMs: new Float64Array(0), values: new Float64Array(0), packed: false };

/** `array_send` before the elements: dimensions, flag, element type, length and lower bound of the one dimension. */
const ARRAY_HEADER_BYTES = 20;

/** What `unpackRow` reads first of a row: time of its first sample, divisor, number of samples. */
export function packedHead(row: string, firstTime: string): string {
  return `encode(timestamptz_send(${firstTime}) || float8send(coalesce(${row}.divisor, 1)) || int4send(${row}.sample_count), 'hex')`;
}

/**
 * The select list of packed rows `p` for `unpackRow`. Of evenly spaced rows that hold plain values only the part
 * between two bound times is sent, given as the numbers of these parameters.
 */
export function packedColumns(fromParameter: number, toParameter: number): string {
  const position = (parameter: number): string =>
    `extract(epoch FROM $${parameter}::timestamptz - p.from_time) * 1000000 / p.step_us`;
  const first = `greatest(1, ceil(${position(fromParameter)}) + 1)::bigint`;
  const last = `least(p.sample_count, floor(${position(toParameter)}) + 1)::bigint`;
  const whole = `p.step_us IS NULL OR p.differences OR coalesce(p.divisor, 1) = 0`;
  return `p.series_id, ${packedHead('p', 'p.from_time')} AS start, p.step_us,
    p.differences, CASE WHEN ${whole} THEN 0 ELSE ${first} - 1 END AS skipped,
    CASE WHEN p.step_us IS NULL THEN encode(array_send(p.offsets_us), 'hex') END AS offsets,
    encode(array_send(CASE WHEN ${whole} THEN p.sample_values
      ELSE p.sample_values[${first}::integer:${last}::integer] END), 'hex') AS packed`;
}

/** The samples of one packed row within `[fromMs, toMs]`. */
export function unpackRow(row: Row, range: { fromMs: number; toMs: number }): StoredSamples {
  const head = Buffer.from(String(row.start), 'hex');
  const startMs = readTime(head, 0);
  const stored = readFloat8Array(Buffer.from(String(row.packed), 'hex'));
  const values = restore(stored, row.differences === true, head.readDoubleBE(8), head.readInt32BE(16));
  const times = new Float64Array(values.length);
  if (typeof row.offsets === 'string') {
    const bytes = Buffer.from(row.offsets, 'hex');
    for (let i = 0; i < times.length; i++) {
      const at = ARRAY_HEADER_BYTES + i * 12 + 4;
      times[i] = startMs + (bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4)) / 1000;
    }
  } else {
    const stepMs = Number(row.step_us) / 1000;
    const skipped = Number(row.skipped);
    for (let i = 0; i < times.length; i++) {
      times[i] = startMs + (skipped + i) * stepMs;
    }
  }
  let first = 0;
  let end = times.length;
  while (first < end && times[first] < range.fromMs) {
    first++;
  }
  while (end > first && times[end - 1] > range.toMs) {
    end--;
  }
  return { timesMs: times.slice(first, end), values: values.slice(first, end), packed: true };
}

/**
 * Differences are summed up and divided, which restores every bit.
 *
 * @param divisor 0: the only value stands for all of the row's samples
 */
function restore(stored: Float64Array, differences: boolean, divisor: number, count: number): Float64Array {
  if (divisor === 0) {
    return new Float64Array(count).fill(stored[0]);
  }
  for (let i = 0, sum = 0; differences && i < stored.length; i++) {
    sum += stored[i];
    stored[i] = sum / divisor;
  }
  return stored;
}

/** Merges pieces of one series; no time is in two of them. */
export function mergePieces(pieces: readonly StoredSamples[]): StoredSamples {
  if (pieces.length === 1) {
    return pieces[0];
  }
  const filled = pieces.filter(({ timesMs }) => timesMs.length > 0).sort((a, b) => a.timesMs[0] - b.timesMs[0]);
  const count = filled.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  let end = 0;
  let ascending = true;
  for (const piece of filled) {
    ascending &&= end === 0 || timesMs[end - 1] < piece.timesMs[0];
    timesMs.set(piece.timesMs, end);
    values.set(piece.values, end);
    end += piece.timesMs.length;
  }
  const packed = pieces.some((piece) => piece.packed);
  return ascending ? { timesMs, values, packed } : { ...sortByTime(timesMs, values), packed };
}

/** Pieces overlap where late samples lie beside a packed row. */
function sortByTime(timesMs: Float64Array, values: Float64Array): Omit<StoredSamples, 'packed'> {
  const order = Uint32Array.from(timesMs, (_, i) => i).sort((a, b) => timesMs[a] - timesMs[b]);
  return { timesMs: Float64Array.from(order, (i) => timesMs[i]), values: Float64Array.from(order, (i) => values[i]) };
}

/** PostgreSQL's binary form of `float8[]`; a null (only inserted rows have them) counts as NaN. */
function readFloat8Array(bytes: Buffer): Float64Array {
  // An empty array has no dimension and so no length.
  const count = bytes.readInt32BE(0) === 0 ? 0 : bytes.readInt32BE(12);
  const values = new Float64Array(count);
  for (let i = 0, at = ARRAY_HEADER_BYTES; i < count; i++) {
    const isNull = bytes.readInt32BE(at) < 0;
    values[i] = isNull ? NaN : bytes.readDoubleBE(at + 4);
    at += isNull ? 4 : 12;
  }
  return values;
}
