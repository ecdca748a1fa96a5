import { encodeFloat8, encodeInt64, encodeTime, float8Array, int4Array, int8Array } from './binaryArrays';
import { COPY_HEADER, COPY_TRAILER } from './copyFormat';
import { decimalsOf, packValues } from './decimals';
import { type SampleColumns } from './sampleDiff';

/**
 * Packed rows made by the writer. A backfill writes periods that closed long ago: as samples they would take 92 bytes each and
 * be rewritten by the next run of packing. The rows are those `packer.ts` would make.
 */

/** What the rows of a query have in common. */
export interface PackTarget {
  /** Retention class as packed rows name it. */
  retention: string;
  periodMs: number;
  /** Periods that ended by then are packed. */
  closedBeforeMs: number;
}

/** Part of one series within one period: samples `[from, to)` of the columns. */
export interface PackPiece {
  from: number;
  to: number;
  /** In microseconds where every distance is the same; else each time is stored. */
  stepUs: number | undefined;
  /** Digits after the point that the series' values in this period need. */
  digits: number;
}

/** Fewer are better off as samples until the period is packed as a whole. */
export const MIN_PACKED_SAMPLES = 120;
/** Both as in `packer.ts`. */
const MAX_PIECES = 16;
const MAX_ROW_SAMPLES = 25_000;
/** Periods are counted from Monday, 1970-01-05. */
const FIRST_MONDAY_MS = 4 * 86_400_000;
const FIELDS = 12;

/**
 * Sorts out what can be packed at once.
 *
 * @param columns series by series, ascending in time
 */
export function choosePieces(
  columns: SampleColumns,
  { periodMs, closedBeforeMs }: PackTarget
): { pieces: PackPiece[]; rest: SampleColumns; untilMs: number } {
  const { seriesIds, timesMs, values } = columns;
  if (closedBeforeMs === -Infinity) {
    return { pieces: [], rest: columns, untilMs: -Infinity };
  }
  const pieces: PackPiece[] = [];
  const rest: SampleColumns = { seriesIds: [], timesMs: [], values: [] };
  let untilMs = -Infinity;
  for (let from = 0; from < timesMs.length;) {
    const endMs = (Math.floor((timesMs[from] - FIRST_MONDAY_MS) / periodMs) + 1) * periodMs + FIRST_MONDAY_MS;
    let to = from + 1;
    while (to < timesMs.length && seriesIds[to] === seriesIds[from] && timesMs[to] < endMs) {
      to++;
    }
    if (endMs <= closedBeforeMs && to - from >= MIN_PACKED_SAMPLES) {
      cut(pieces, timesMs, from, to, decimalsOf(values, from, to));
      untilMs = Math.max(untilMs, endMs);
    } else {
      for (let i = from; i < to; i++) {
        rest.seriesIds.push(seriesIds[i]);
        rest.timesMs.push(timesMs[i]);
        rest.values.push(values[i]);
      }
    }
    from = to;
  }
  return { pieces, rest, untilMs };
}

/** Cuts where the distance is not the shortest one; with too many holes every time is stored. */
function cut(pieces: PackPiece[], timesMs: readonly number[], from: number, to: number, digits: number): void {
  let stepMs = Infinity;
  for (let i = from + 1; i < to; i++) {
    stepMs = Math.min(stepMs, timesMs[i] - timesMs[i - 1]);
  }
  const starts = [from];
  for (let i = from + 1; i < to; i++) {
    if (timesMs[i] - timesMs[i - 1] !== stepMs) {
      starts.push(i);
    }
  }
  const stepUs = Math.round(stepMs * 1_000);
  // A step finer than a microsecond's part would drift.
  const regular = starts.length <= MAX_PIECES && stepUs === stepMs * 1_000;
  for (const [n, start] of (regular ? starts : [from]).entries()) {
    const end = regular ? (starts[n + 1] ?? to) : to;
    for (let at = start; at < end; at += MAX_ROW_SAMPLES) {
      pieces.push({ from: at, to: Math.min(end, at + MAX_ROW_SAMPLES), stepUs: regular ? stepUs : undefined, digits });
    }
  }
}

/** The columns in the order in which `encodePacked` writes them. */
export const PACKED_COLUMNS =
  'retention, series_id, from_time, to_time, sample_count, step_us, offsets_us, sample_values, differences, divisor, fetch_ids, fetch_starts';

/** Rows of `promkeep_packed` as COPY reads them. */
export function encodePacked(
  { seriesIds, timesMs, values }: SampleColumns,
  pieces: readonly PackPiece[],
  { retention }: PackTarget,
  fetchId: number
): Buffer {
  const [fetchIds, fetchStarts] = [int8Array([fetchId]), int4Array([1])];
  const parts: Buffer[] = [COPY_HEADER];
  for (const { from, to, stepUs, digits } of pieces) {
    const times = timesMs.slice(from, to);
    const { stored, differences, divisor } = packValues(values.slice(from, to), digits, stepUs !== undefined);
    parts.push(
      int2(FIELDS),
      field(Buffer.from(retention, 'utf8')),
      eightBytes(encodeInt64, seriesIds[from]),
      eightBytes(encodeTime, times[0]),
      eightBytes(encodeTime, times[times.length - 1]),
      field(int4(times.length)),
      stepUs === undefined ? NULL_FIELD : eightBytes(encodeInt64, stepUs),
      stepUs === undefined
        ? field(int8Array(times.map((timeMs) => Math.round((timeMs - times[0]) * 1_000))))
        : NULL_FIELD,
      field(float8Array(stored)),
      field(Buffer.of(differences ? 1 : 0)),
      divisor === undefined ? NULL_FIELD : eightBytes(encodeFloat8, divisor),
      field(fetchIds),
      field(fetchStarts)
    );
  }
  parts.push(COPY_TRAILER);
  return Buffer.concat(parts);
}

const NULL_FIELD = Buffer.from([0xff, 0xff, 0xff, 0xff]);

function field(bytes: Buffer): Buffer {
  return Buffer.concat([int4(bytes.length), bytes]);
}

function eightBytes(encode: (target: Buffer, value: number, offset: number) => void, value: number): Buffer {
  const target = Buffer.allocUnsafe(12);
  target.writeInt32BE(8, 0);
  encode(target, value, 4);
  return target;
}

function int4(value: number): Buffer {
  const target = Buffer.allocUnsafe(4);
  target.writeInt32BE(value, 0);
  return target;
}

function int2(value: number): Buffer {
  const target = Buffer.allocUnsafe(2);
  target.writeInt16BE(value, 0);
  return target;
}
