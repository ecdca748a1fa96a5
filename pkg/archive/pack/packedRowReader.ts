import { type TimeGrid, type TimeRange } from '../../core/model/timeRange';
import { readFloat8Array, readInt64Array, readTime, unpackSamples } from '../write/binaryArrays';
import { type Row } from '../connect/database';
import { inOrder } from '../../core/model/mergeSamples';
import { mergePieces, type StoredSamples } from './storedSamples';

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
 * Samples by series id, of rows with all recent ones of a series (no `start`, see `unpackSamples`) and packed rows. A series without
 * any is left out.
 *
 * @param range what is taken of packed rows, and `grid` at which times; absent: all
 */
export function samplesBySeries(rows: readonly Row[], range: TimeRange, grid?: TimeGrid): Map<number, StoredSamples> {
  const unpack = (row: Row): StoredSamples =>
    typeof row.start === 'string'
      ? unpackRow(row, range, grid)
      : inOrder({ ...unpackSamples(String(row.packed)), packed: false });
  const pieces = Map.groupBy(rows, (row) => Number(row.series_id));
  const merged = [...pieces].map(([seriesId, all]) => [seriesId, mergePieces(all.map(unpack))] as const);
  return new Map(merged.filter(([, { timesMs }]) => timesMs.length > 0));
}

/**
 * The samples of one packed row within `[fromMs, toMs]`.
 *
 * @param grid only those at its times; absent: all
 */
function unpackRow(row: Row, { fromMs, toMs }: TimeRange, grid?: TimeGrid): StoredSamples {
  const head = Buffer.from(String(row.start), 'hex');
  const startMs = readTime(head, 0);
  const all = readValues(row, head.readDoubleBE(8), head.readInt32BE(16));
  const offsetsUs = typeof row.offsets === 'string' ? readInt64Array(Buffer.from(row.offsets, 'hex')) : undefined;
  const stepMs = Number(row.step_us) / 1000;
  const skipped = Number(row.skipped);
  const timeAt = (i: number): number => startMs + (offsetsUs ? offsetsUs[i] / 1000 : (skipped + i) * stepMs);
  const stride = grid && !offsetsUs && Number.isInteger(grid.stepMs / stepMs) ? grid.stepMs / stepMs : 1;
  let first = 0;
  while (grid && stride > 1 && first < Math.min(stride, all.length) && !isOnGrid(grid, timeAt(first))) {
    first++;
  }
  const room = Math.max(0, Math.ceil((all.length - first) / stride));
  const [timesMs, values] = [new Float64Array(room), new Float64Array(room)];
  let count = 0;
  for (let i = first; i < all.length; i += stride) {
    const timeMs = timeAt(i);
    if (timeMs >= fromMs && timeMs <= toMs && (grid === undefined || isOnGrid(grid, timeMs))) {
      timesMs[count] = timeMs;
      values[count++] = all[i];
    }
  }
  return { timesMs: timesMs.slice(0, count), values: values.slice(0, count), packed: true };
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
  const stored = readFloat8Array(Buffer.from(packed, 'hex')).values;
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
