import { type TimeGrid } from '../../core/model/timeRange';
import { readInt64, readTime } from '../write/binaryArrays';
import { type Row } from '../connect/database';

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
    ${sentValues(
      'p.differences',
      'p.sample_values',
      `CASE WHEN ${whole} THEN p.sample_values ELSE p.sample_values[${first}::integer:${last}::integer] END`
    )} AS packed`;
}

/**
 * Differences are integers, and most are small: as text they take a twelfth of the eight bytes' hexadecimal form, and less time
 * on both sides. They are sent whole, since the sum has to run over all of them.
 *
 * @param part what is sent of other values
 */
export function sentValues(differences: string, values: string, part: string): string {
  return `CASE WHEN ${differences} THEN ${values}::bigint[]::text ELSE encode(array_send(${part}), 'hex') END`;
}

/**
 * The samples of one packed row within `[fromMs, toMs]`.
 *
 * @param grid only those at its times; absent: all
 */
export function unpackRow(row: Row, range: { fromMs: number; toMs: number }, grid?: TimeGrid): StoredSamples {
  const head = Buffer.from(String(row.start), 'hex');
  const startMs = readTime(head, 0);
  const values = readValues(row, head.readDoubleBE(8), head.readInt32BE(16));
  if (typeof row.offsets === 'string') {
    const bytes = Buffer.from(row.offsets, 'hex');
    const timeAt = (i: number): number => startMs + readInt64(bytes, ARRAY_HEADER_BYTES + i * 12 + 4) / 1000;
    return take(values, timeAt, { first: 0, stride: 1 }, range, grid);
  }
  const stepMs = Number(row.step_us) / 1000;
  const skipped = Number(row.skipped);
  const timeAt = (i: number): number => startMs + (skipped + i) * stepMs;
  return take(values, timeAt, strideOf(timeAt, stepMs, values.length, grid), range, grid);
}

/** Which samples of an evenly spaced row are worth a look. */
function strideOf(
  timeAt: (i: number) => number,
  stepMs: number,
  count: number,
  grid: TimeGrid | undefined
): { first: number; stride: number } {
  const stride = grid === undefined ? 1 : grid.stepMs / stepMs;
  if (grid === undefined || !Number.isInteger(stride)) {
    return { first: 0, stride: 1 };
  }
  let first = 0;
  while (first < Math.min(stride, count) && !isOnGrid(grid, timeAt(first))) {
    first++;
  }
  return { first, stride };
}

function take(
  values: Float64Array,
  timeAt: (i: number) => number,
  { first, stride }: { first: number; stride: number },
  { fromMs, toMs }: { fromMs: number; toMs: number },
  grid: TimeGrid | undefined
): StoredSamples {
  const room = Math.max(0, Math.ceil((values.length - first) / stride));
  const [times, taken] = [new Float64Array(room), new Float64Array(room)];
  let count = 0;
  for (let i = first; i < values.length; i += stride) {
    const timeMs = timeAt(i);
    if (timeMs >= fromMs && timeMs <= toMs && (grid === undefined || isOnGrid(grid, timeMs))) {
      times[count] = timeMs;
      taken[count++] = values[i];
    }
  }
  return { timesMs: times.slice(0, count), values: taken.slice(0, count), packed: true };
}

function isOnGrid({ startMs, stepMs }: TimeGrid, timeMs: number): boolean {
  return (timeMs - startMs) % stepMs === 0;
}

/** @param divisor 0: the only value stands for all of the row's samples */
function readValues(row: Row, divisor: number, count: number): Float64Array {
  const packed = String(row.packed);
  if (row.differences === true) {
    return sumUp(packed, count, divisor);
  }
  const stored = readFloat8Array(Buffer.from(packed, 'hex'));
  return divisor === 0 ? new Float64Array(count).fill(stored[0]) : stored;
}

const [MINUS, COMMA, ZERO] = [...'-,0'].map((character) => character.charCodeAt(0));

/** `{7,-1,0,…}`: the first value and what each adds to the one before; summed up and divided, which restores every bit. */
function sumUp(text: string, count: number, divisor: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0, at = 1, sum = 0; i < count; i++, at++) {
    const negative = text.charCodeAt(at) === MINUS;
    let number = 0;
    for (at += negative ? 1 : 0; at < text.length - 1 && text.charCodeAt(at) !== COMMA; at++) {
      // The digit first: with the character's code the sum might pass 2^53.
      number = number * 10 + (text.charCodeAt(at) - ZERO);
    }
    sum += negative ? -number : number;
    values[i] = sum / divisor;
  }
  return values;
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
