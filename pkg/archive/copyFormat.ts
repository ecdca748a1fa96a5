import { encodeFloat8, encodeInt64, encodeTime } from './binaryArrays';
import { type SampleColumns } from './sampleDiff';

/** `COPY … (FORMAT binary)`: signature, flags and length of the extension. */
export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const COPY_TRAILER = Buffer.from([0xff, 0xff]);
/** The number of fields, then length and bytes of four fields. */
const ROW_BYTES = 2 + 4 * 12;

/** Rows `(series_id, time, value, fetch_id)` as COPY reads them: no parsing, every bit of a value kept. */
export function encodeCopy({ seriesIds, timesMs, values }: SampleColumns, fetchId: number): Buffer {
  const count = timesMs.length;
  const target = Buffer.allocUnsafe(COPY_HEADER.length + count * ROW_BYTES + COPY_TRAILER.length);
  COPY_HEADER.copy(target);
  let at = COPY_HEADER.length;
  for (let i = 0; i < count; i++, at += ROW_BYTES) {
    target.writeInt16BE(4, at);
    for (let field = 0; field < 4; field++) {
      target.writeInt32BE(8, at + 2 + field * 12);
    }
    encodeInt64(target, seriesIds[i], at + 6);
    encodeTime(target, timesMs[i], at + 18);
    encodeFloat8(target, values[i], at + 30);
    encodeInt64(target, fetchId, at + 42);
  }
  COPY_TRAILER.copy(target, at);
  return target;
}
