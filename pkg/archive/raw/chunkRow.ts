import { PromkeepError } from '../../core/model/errors';
import { type Chunk, type ChunkEncoding } from '../../core/model/rawSeries';
import { countSamples } from '../../remote/chunks/xorChunk';
import { CodecError } from '../../remote/codecError';

/** Chunks of one series within one day (UTC), as a row of `promkeep_chunks`: in order of time, none overlapping the next. */
export interface ChunkRow {
  fromMs: number;
  toMs: number;
  sampleCount: number;
  chunks: readonly Chunk[];
}

export const DAY_MS = 86_400_000;

const CODES: Readonly<Record<ChunkEncoding, number>> = { xor: 1, histogram: 2, floatHistogram: 3 };
const ENCODINGS: ReadonlyArray<ChunkEncoding | undefined> = [undefined, 'xor', 'histogram', 'floatHistogram'];
/** Encoding, and three varints of what takes at most five bytes each within a day. */
const HEAD_BYTES = 1 + 3 * 5;

export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** Does work on stored chunks; that one cannot be read is nobody's fault but the archive's, or that of who wrote into it. */
export function withStored<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CodecError) {
      throw new PromkeepError('INTERNAL', `A chunk in promkeep_chunks is damaged: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** Rows of one day each, of chunks of which none crosses midnight. */
export function rowsOf(chunks: readonly Chunk[]): ChunkRow[] {
  const rows: ChunkRow[] = [];
  for (let start = 0; start < chunks.length;) {
    const day = dayOf(chunks[start].minTimeMs);
    let end = start + 1;
    while (end < chunks.length && dayOf(chunks[end].minTimeMs) === day) {
      end++;
    }
    rows.push(rowOf(chunks.slice(start, end)));
    start = end;
  }
  return rows;
}

function rowOf(chunks: readonly Chunk[]): ChunkRow {
  return {
    fromMs: chunks[0].minTimeMs,
    toMs: chunks[chunks.length - 1].maxTimeMs,
    sampleCount: chunks.reduce((sum, { data }) => sum + countSamples(data), 0),
    chunks,
  };
}

/** What `packChunks` writes at most. */
export function packedSize(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { data }) => sum + HEAD_BYTES + data.length, 0);
}

/** Writes the column `chunks` (see its comment in the schema); gives where it ends. */
export function packChunks({ fromMs, chunks }: ChunkRow, target: Buffer, offset: number): number {
  let at = offset;
  let lastMs = fromMs;
  for (const { minTimeMs, maxTimeMs, encoding, data } of chunks) {
    target[at++] = CODES[encoding];
    at = writeUvarint(target, minTimeMs - lastMs, at);
    at = writeUvarint(target, maxTimeMs - minTimeMs, at);
    at = writeUvarint(target, data.length, at);
    target.set(data, at);
    at += data.length;
    lastMs = maxTimeMs;
  }
  return at;
}

/** Reads it; chunks are views of `bytes`. Throws `INTERNAL` for what somebody else has written. */
export function unpackChunks(fromMs: number, bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  const reader = new UvarintReader(bytes);
  for (let lastMs = fromMs; reader.at < bytes.length;) {
    const encoding = ENCODINGS[bytes[reader.at++]];
    const minTimeMs = lastMs + reader.read();
    const maxTimeMs = minTimeMs + reader.read();
    const length = reader.read();
    const end = reader.at + length;
    if (encoding === undefined || end > bytes.length) {
      throw new PromkeepError('INTERNAL', 'A row of promkeep_chunks holds something else than chunks');
    }
    chunks.push({ minTimeMs, maxTimeMs, encoding, data: bytes.subarray(reader.at, end) });
    reader.at = end;
    lastMs = maxTimeMs;
  }
  return chunks;
}

function writeUvarint(target: Buffer, value: number, offset: number): number {
  let at = offset;
  let rest = value;
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

class UvarintReader {
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  read(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throw new PromkeepError('INTERNAL', 'A row of promkeep_chunks is damaged');
  }
}
