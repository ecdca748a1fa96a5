import { encodeFloat8, encodeInt64, encodeTime } from './binaryArrays';
import { countSamples, type SampleRun, splitRuns } from './sampleRuns';

/** `COPY … (FORMAT binary)`: signature, flags and length of the extension. */
export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const COPY_TRAILER = Buffer.from([0xff, 0xff]);
/** The number of fields, then length and bytes of four fields. */
const ROW_BYTES = 2 + 4 * 12;

/** Some 200 KB: enough for one write to a socket. */
const CHUNK_ROWS = 4_096;

/** Rows `(series_id, time, value, fetch_id)` as COPY reads them: no parsing, every bit of a value kept. */
export function* encodeCopy(runs: readonly SampleRun[], fetchId: number): Generator<Buffer> {
  yield COPY_HEADER;
  for (const part of splitRuns(runs, CHUNK_ROWS)) {
    yield encodeRows(part, fetchId);
  }
  yield COPY_TRAILER;
}

function encodeRows(runs: readonly SampleRun[], fetchId: number): Buffer {
  const target = Buffer.allocUnsafe(countSamples(runs) * ROW_BYTES);
  let at = 0;
  for (const { seriesId, timesMs, values } of runs) {
    for (let i = 0; i < timesMs.length; i++, at += ROW_BYTES) {
      target.writeInt16BE(4, at);
      for (let field = 0; field < 4; field++) {
        target.writeInt32BE(8, at + 2 + field * 12);
      }
      encodeInt64(target, seriesId, at + 6);
      encodeTime(target, timesMs[i], at + 18);
      encodeFloat8(target, values[i], at + 30);
      encodeInt64(target, fetchId, at + 42);
    }
  }
  return target;
}
