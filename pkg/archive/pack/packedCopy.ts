import { encodeFloat8, encodeInt64, encodeTime, float8Array, int4Array, int8Array } from '../write/binaryArrays';
import { COPY_HEADER, COPY_TRAILER } from '../write/copyFormat';
import { packValues } from './decimals';
import { type PackPiece } from './directPacking';

/** The columns in the order in which `encodePacked` writes them. */
export const PACKED_COLUMNS =
  'retention, series_id, from_time, to_time, sample_count, step_us, offsets_us, sample_values, differences, divisor, fetch_ids, fetch_starts';
const FIELDS = 12;
/** Small enough that the server stores one chunk while the next is made, large enough for few writes to the socket. */
const CHUNK_BYTES = 256 * 1024;

/** Rows of `promkeep_packed` as COPY reads them. */
export function* encodePacked(pieces: readonly PackPiece[], retention: string, fetchId: number): Generator<Buffer> {
  const head = Buffer.concat([int2(FIELDS), field(Buffer.from(retention, 'utf8'))]);
  const tail = Buffer.concat([field(int8Array([fetchId])), field(int4Array([1]))]);
  let parts: Buffer[] = [COPY_HEADER];
  let bytes = 0;
  for (const piece of pieces) {
    const row = [head, ...encodePiece(piece), tail];
    parts.push(...row);
    bytes += row.reduce((sum, { length }) => sum + length, 0);
    if (bytes >= CHUNK_BYTES) {
      yield Buffer.concat(parts);
      parts = [];
      bytes = 0;
    }
  }
  yield Buffer.concat([...parts, COPY_TRAILER]);
}

function encodePiece({ seriesId, timesMs, values, stepUs, digits }: PackPiece): Buffer[] {
  const count = timesMs.length;
  const { stored, differences, divisor } = packValues(values, digits, stepUs !== undefined);
  const array = float8Array(stored);
  return [
    eightBytes(encodeInt64, seriesId),
    eightBytes(encodeTime, timesMs[0]),
    eightBytes(encodeTime, timesMs[count - 1]),
    field(int4(count)),
    stepUs === undefined ? NULL_FIELD : eightBytes(encodeInt64, stepUs),
    stepUs === undefined
      ? field(int8Array(timesMs.map((timeMs) => Math.round((timeMs - timesMs[0]) * 1_000))))
      : NULL_FIELD,
    int4(array.length),
    array,
    field(Buffer.of(differences ? 1 : 0)),
    divisor === undefined ? NULL_FIELD : eightBytes(encodeFloat8, divisor),
  ];
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
