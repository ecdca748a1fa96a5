import { type Chunk, type Label } from '../../core/model/rawSeries';
import { encodeChunkedResponse } from '../messages/chunkedResponse';
import { closeFrame, FRAME_HEAD_BYTES } from './frame';

/** Where Prometheus begins another frame of the same series. */
export const FRAME_BYTES = 1_048_576;

/** Tags, lengths and times of a chunk beside its data, at most. */
const CHUNK_HEAD_BYTES = 64;

/** One series of a streamed answer as frames of about `FRAME_BYTES` at most; one without chunks is one frame with its labels. */
export function* framesOf(labels: Label[], chunks: readonly Chunk[], queryIndex: number): Generator<Uint8Array> {
  const frame = (part: Chunk[]): Uint8Array =>
    closeFrame(encodeChunkedResponse({ series: [{ labels, chunks: part }], queryIndex }, FRAME_HEAD_BYTES));
  let part: Chunk[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const size = chunk.data.length + CHUNK_HEAD_BYTES;
    if (part.length > 0 && bytes + size > FRAME_BYTES) {
      yield frame(part);
      part = [];
      bytes = 0;
    }
    part.push(chunk);
    bytes += size;
  }
  if (part.length > 0 || chunks.length === 0) {
    yield frame(part);
  }
}
