import { PromkeepError } from '../../core/model/errors';
import { type Chunk, type Label, type RawSeries } from '../../core/model/rawSeries';
import { processTurns } from '../../core/model/turns';
import { inOrder } from '../../remote/chunks/decodedChunks';
import { inWordsOf } from '../../remote/codecError';
import { FrameReader, MAX_FRAME_BYTES } from '../../remote/frames/frame';
import { compareLabels } from '../../remote/labels';
import { type ChunkedSeries, decodeChunkedResponse } from '../../remote/messages/chunkedResponse';
import { type AnswerMemory } from '../answer/readAnswer';
import { type HttpAnswer } from '../http/httpClient';

/** As of other answers: much less than a millisecond of work. */
const TURN_BYTES = 64 * 1024;
/** Of a chunk beside its data. */
const CHUNK_BYTES = 200;

interface StreamLimits {
  /** Of one frame, and of one series. */
  maxBytes: number;
  /** Absent: it does not count. */
  memory: AnswerMemory | undefined;
}

/** A series as far as it has come: the source may split it into several frames. */
interface Joined {
  labels: Label[];
  chunks: Chunk[];
  bytes: number;
}

/** The series of a streamed answer, each as soon as it is whole. Throws `PromkeepError`. */
export async function* readStreamed(answer: HttpAnswer, { maxBytes, memory }: StreamLimits): AsyncIterable<RawSeries> {
  const frames = new FrameReader(Math.min(MAX_FRAME_BYTES, maxBytes));
  let current: Joined | undefined;
  let turnBytes = 0;
  for await (const body of answer.body) {
    for (let at = 0; at < body.length; at += TURN_BYTES) {
      const piece = body.subarray(at, at + TURN_BYTES);
      for (const one of seriesIn(frames, piece)) {
        if (current && compareLabels(current.labels, one.labels) === 0) {
          extend(current, one.chunks, { maxBytes, host: answer.host });
          continue;
        }
        if (current) {
          yield finished(current);
        }
        current = { labels: one.labels, chunks: [], bytes: 0 };
        extend(current, one.chunks, { maxBytes, host: answer.host });
      }
      await charge(memory, frames.heldBytes + body.length + (current?.bytes ?? 0));
      turnBytes += piece.length;
      if (turnBytes >= TURN_BYTES) {
        turnBytes = 0;
        await processTurns.next();
      }
    }
  }
  inWordsOf('source', () => frames.end());
  if (current) {
    yield finished(current);
  }
}

function* seriesIn(frames: FrameReader, piece: Uint8Array): Generator<ChunkedSeries> {
  const messages = frames.read(piece);
  for (;;) {
    const next = inWordsOf('source', () => messages.next());
    if (next.done) {
      return;
    }
    yield* inWordsOf('source', () => decodeChunkedResponse(next.value)).series;
  }
}

function extend(
  series: Joined,
  chunks: readonly Chunk[],
  { maxBytes, host }: { maxBytes: number; host: string }
): void {
  for (const chunk of chunks) {
    series.chunks.push(chunk);
    series.bytes += chunk.data.length + CHUNK_BYTES;
  }
  if (series.bytes > maxBytes) {
    const text = `A series in the answer of ${host} is larger than the limit of ${maxBytes} bytes. Ask for a shorter range.`;
    throw new PromkeepError('SOURCE_RESPONSE_TOO_LARGE', text);
  }
}

function finished({ labels, chunks }: Joined): RawSeries {
  return { labels, chunks: inWordsOf('source', () => inOrder(chunks)) };
}

async function charge(memory: AnswerMemory | undefined, bytes: number): Promise<void> {
  await memory?.part.growTo(bytes, memory.signal);
  memory?.part.shrinkTo(bytes);
}
