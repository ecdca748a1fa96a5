import { PromkeepError } from '../../core/model/errors';
import { type MemoryPart } from '../../core/memory/memoryPart';
import { processTurns } from '../../core/model/turns';
import { type Chunk, type RawSeries } from '../../core/model/rawSeries';
import { inWordsOf } from '../../remote/codecError';
import { countSamples } from '../../remote/chunks/xorChunk';
import { framesOf } from '../../remote/frames/seriesFrames';
import { SampledResponse } from '../../remote/messages/sampledResponse';

/** What an answer needs beside its series. */
export interface AnswerNeeds {
  /** Charged with what of the answer is in memory. */
  part: MemoryPart;
  signal: AbortSignal;
  maxSamples: number;
  /** Told of samples that were read. */
  onSamples(count: number): void;
}

/** Frames go out together where series are short: a thousand small writes take longer than what is in them. */
const PIECE_BYTES = 256 * 1024;

/** A streamed answer, in pieces; each element of `results` is one query's series. */
export async function* streamedAnswer(
  results: ReadonlyArray<AsyncIterable<RawSeries>>,
  { part, signal, onSamples }: AnswerNeeds
): AsyncGenerator<Buffer> {
  let frames: Uint8Array[] = [];
  let bytes = 0;
  for (const [queryIndex, series] of results.entries()) {
    for await (const { labels, chunks } of series) {
      await part.growTo(2 * bytesOf(chunks) + PIECE_BYTES, signal);
      onSamples(samplesOf(chunks));
      for (const frame of framesOf([...labels], chunks, queryIndex)) {
        frames.push(frame);
        bytes += frame.length;
        if (bytes >= PIECE_BYTES) {
          yield Buffer.concat(frames);
          frames = [];
          bytes = 0;
        }
      }
    }
  }
  if (bytes > 0) {
    yield Buffer.concat(frames);
  }
}

/** A whole answer, as the pieces of its body; nothing is handed over before all of it is there. Prometheus' words for its limit. */
export async function* sampledAnswer(
  results: ReadonlyArray<AsyncIterable<RawSeries>>,
  { part, signal, maxSamples, onSamples }: AnswerNeeds
): AsyncGenerator<Uint8Array[] | undefined> {
  const response = new SampledResponse();
  for (const series of results) {
    const end = response.beginResult();
    for await (const { labels, chunks } of series) {
      const count = samplesOf(chunks);
      if (response.samples + count > maxSamples) {
        throw new PromkeepError('LIMIT_EXCEEDED', `exceeded sample limit (${maxSamples})`, { status: 400 });
      }
      onSamples(count);
      for (const _ of response.add(labels, chunks)) {
        await part.growTo(response.bytes + bytesOf(chunks), signal);
        await processTurns.next();
        yield undefined;
      }
    }
    end();
  }
  yield inWordsOf('reader', () => response.end());
}

function bytesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { data }) => sum + data.length, 0);
}

function samplesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { data }) => sum + countSamples(data), 0);
}
