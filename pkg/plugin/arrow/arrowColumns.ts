import { PromkeepError } from '../../core/model/errors';
import { type Field, type StringField, type TimeField } from '../../core/frames/frame';
import { isNullable } from './arrowSchema';

/** Where the buffers of a frame's columns lie, relative to the body of the record batch. Every start is a multiple of 8. */
export interface BodyLayout {
  rows: number;
  bodyBytes: number;
  /** Length and number of nulls of each column. */
  nodes: number[];
  /** Start and length of each buffer: validity, (for text: offsets,) data. */
  buffers: number[];
  columns: ColumnLayout[];
}

interface ColumnLayout {
  validity: number;
  nullCount: number;
  offsets: number;
  data: number;
  dataBytes: number;
}

const MAX_TEXT_BYTES = 2 ** 31 - 1;
const NANOSECONDS_PER_MS = 1_000_000;
const TWO_TO_16 = 65536;
const TWO_TO_32 = 4294967296;

export function padTo8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/**
 * Throws `INTERNAL` when the columns differ in length: Grafana would read past the end of the short one.
 */
export function layOutBody(fields: readonly Field[]): BodyLayout {
  const rows = fields.length === 0 ? 0 : fields[0].values.length;
  const layout: BodyLayout = { rows, bodyBytes: 0, nodes: [], buffers: [], columns: [] };
  const place = (bytes: number): number => {
    const start = layout.bodyBytes;
    layout.buffers.push(start, bytes);
    layout.bodyBytes += padTo8(bytes);
    return start;
  };
  for (const field of fields) {
    checkLength(field, rows);
    const nullCount = countNulls(field);
    const validity = place(nullCount > 0 ? Math.ceil(rows / 8) : 0);
    const offsets = field.type === 'string' ? place(4 * (rows + 1)) : 0;
    const dataBytes = dataBytesOf(field);
    layout.nodes.push(rows, nullCount);
    layout.columns.push({ validity, nullCount, offsets, data: place(dataBytes), dataBytes });
  }
  return layout;
}

/** The time column written last. Frames of one answer mostly share their times: then copying it is 10 times as fast. */
export interface WrittenTimes {
  times?: Float64Array;
  halves?: Int32Array;
}

/**
 * @param body begins at a multiple of 8 of its memory
 * @param last of the frames of one answer; changed
 */
export function writeBody(fields: readonly Field[], layout: BodyLayout, body: Uint8Array, last: WrittenTimes): void {
  fields.forEach((field, i) => {
    const column = layout.columns[i];
    const data = body.byteOffset + column.data;
    switch (field.type) {
      case 'time':
        writeTimesOnce(field, new Int32Array(body.buffer, data, 2 * layout.rows), last);
        break;
      case 'number':
        new Float64Array(body.buffer, data, layout.rows).set(field.values);
        break;
      case 'int8':
        new Int8Array(body.buffer, data, layout.rows).set(field.values);
        break;
      case 'string': {
        const offsets = new Int32Array(body.buffer, body.byteOffset + column.offsets, layout.rows + 1);
        writeTexts(field, offsets, Buffer.from(body.buffer, data, column.dataBytes));
        break;
      }
    }
    if (column.nullCount > 0 && field.type === 'number' && field.nulls) {
      writeValidity(field.nulls, body, column.validity);
    }
  });
}

function checkLength(field: Field, rows: number): void {
  const nulls = field.type === 'number' ? (field.nulls?.length ?? rows) : rows;
  if (field.values.length !== rows || nulls !== rows) {
    const found = field.values.length === rows ? `${nulls} null marks` : `${field.values.length} values`;
    throw new PromkeepError('INTERNAL', `Field "${field.name}" has ${found}, but its frame has ${rows} rows`);
  }
}

function countNulls(field: Field): number {
  let count = 0;
  if (field.type === 'number' && field.nulls && isNullable(field)) {
    for (const isNull of field.nulls) {
      count += isNull ? 1 : 0;
    }
  }
  return count;
}

function dataBytesOf(field: Field): number {
  if (field.type !== 'string') {
    return field.values.length * (field.type === 'int8' ? 1 : 8);
  }
  let bytes = 0;
  for (const text of field.values) {
    bytes += Buffer.byteLength(text);
  }
  if (bytes > MAX_TEXT_BYTES) {
    throw new PromkeepError('LIMIT_EXCEEDED', `Field "${field.name}" holds more than 2 GiB of text`);
  }
  return bytes;
}

/** Times are shared by reference and never changed, so the same array means the same times. */
function writeTimesOnce(field: TimeField, halves: Int32Array, last: WrittenTimes): void {
  if (last.times === field.values && last.halves) {
    halves.set(last.halves);
    return;
  }
  writeTimes(field, halves);
  last.times = field.values;
  last.halves = halves;
}

/**
 * Milliseconds to 64-bit nanoseconds as two 32-bit halves. A present-day time in nanoseconds does not fit a double, and
 * BigInt costs 4 to 8 times as much; so the factor is applied to the upper and lower part of the number by themselves. Fractions
 * of a millisecond are kept.
 */
function writeTimes(field: TimeField, halves: Int32Array): void {
  const times = field.values;
  for (let i = 0; i < times.length; i++) {
    const upper = Math.floor(times[i] / TWO_TO_16);
    const upperNs = upper * NANOSECONDS_PER_MS;
    const lowerNs = Math.round((times[i] - upper * TWO_TO_16) * NANOSECONDS_PER_MS);
    const upperHigh = Math.floor(upperNs / TWO_TO_16);
    const sum = (upperNs - upperHigh * TWO_TO_16) * TWO_TO_16 + lowerNs;
    const carry = Math.floor(sum / TWO_TO_32);
    halves[2 * i] = sum - carry * TWO_TO_32;
    halves[2 * i + 1] = upperHigh + carry;
  }
}

function writeTexts(field: StringField, offsets: Int32Array, data: Buffer): void {
  let end = 0;
  field.values.forEach((text, i) => {
    end += data.write(text, end, 'utf8');
    offsets[i + 1] = end;
  });
}

/** One bit a row, lowest first; 1 says that the row holds a value. */
function writeValidity(nulls: Uint8Array, body: Uint8Array, start: number): void {
  for (let i = 0; i < nulls.length; i++) {
    if (!nulls[i]) {
      body[start + (i >> 3)] |= 1 << (i & 7);
    }
  }
}
