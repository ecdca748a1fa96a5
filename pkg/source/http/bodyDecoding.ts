import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { PromkeepError } from '../../core/model/errors';

/** Each chunk costs a turn through Node's thread pool; of zlib's own 16 KiB a large answer has thousands. */
const UNPACKED = { chunkSize: 256 * 1024 };

/** One is what servers use. Each more takes a buffer of `UNPACKED`, before anything has come. */
const MOST_ENCODINGS = 4;

/** A body as it arrives. */
export type Chunks = AsyncIterable<Buffer>;

/**
 * Unpacks a body by its Content-Encoding (gzip, deflate with and without zlib frame, br, or several of them). An unknown
 * encoding is passed on as it is, and then fails where the text is read. Reading throws SOURCE_NOT_PROMETHEUS for more than four.
 */
export function decodeBody(body: Readable, encodings: string | undefined): Chunks {
  return encodings ? unpacked(body, encodings) : (body as Chunks);
}

async function* unpacked(body: Readable, encodings: string): Chunks {
  const names = encodings.toLowerCase().split(',', MOST_ENCODINGS + 1);
  if (names.length > MOST_ENCODINGS) {
    throw new PromkeepError('SOURCE_NOT_PROMETHEUS', `The answer has more than ${MOST_ENCODINGS} encodings.`);
  }
  let stream = body;
  // the last one named was applied last
  for (const encoding of names.reverse()) {
    const unpack = await unpackerFor(encoding.trim(), stream);
    if (unpack) {
      // a failure of either end destroys both, and is met by whoever reads
      pipeline(unpack.input, unpack.by, () => undefined);
      stream = unpack.by;
    }
  }
  yield* stream as Chunks;
}

async function unpackerFor(
  encoding: string,
  stream: Readable
): Promise<{ input: Readable; by: Transform } | undefined> {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return { input: stream, by: createGunzip(UNPACKED) };
    case 'br':
      return { input: stream, by: createBrotliDecompress(UNPACKED) };
    case 'deflate':
      return inflaterFor(stream);
    default:
      return undefined;
  }
}

/** RFC 9110 means zlib's format, and some servers send the bare one: the first byte tells. */
async function inflaterFor(stream: Readable): Promise<{ input: Readable; by: Transform }> {
  const chunks = (stream as Chunks)[Symbol.asyncIterator]();
  const first = await chunks.next();
  const framed = !first.done && (first.value[0] & 0x0f) === 8;
  async function* all(): Chunks {
    if (!first.done) {
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => chunks };
    }
  }
  return { input: Readable.from(all()), by: framed ? createInflate(UNPACKED) : createInflateRaw(UNPACKED) };
}

/** Whether zlib or brotli refused the bytes, by the code of the error. */
export function isUnpackingCode(code: string): boolean {
  return code.startsWith('Z_') || /^ERR_(_ERROR|BROTLI)/.test(code);
}
