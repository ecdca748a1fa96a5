import { type RawSeries } from '../../core/model/rawSeries';
import { processTurns } from '../../core/model/turns';
import { chunksOfSeries } from '../../remote/chunks/seriesChunks';
import { inWordsOf } from '../../remote/codecError';
import { decodeReadResponse } from '../../remote/messages/readResponse';
import { decompress } from '../../remote/snappy';
import { type AnswerMemory, readBody } from '../answer/readAnswer';
import { type HttpAnswer } from '../http/httpClient';

/** What an answer takes beside its own bytes, per byte of it: the samples, and what is made of a series (docs/adr/0031). */
const DECODED_FACTOR = 3;

/** The series of an answer with samples, which is in memory as a whole, with chunks of ours. Throws `PromkeepError`. */
export async function* readSampled(
  answer: HttpAnswer,
  { maxBytes, memory }: { maxBytes: number; memory: AnswerMemory | undefined }
): AsyncIterable<RawSeries> {
  const body = await readBody(answer, maxBytes, memory);
  const plain = inWordsOf('source', () => decompress(body, maxBytes));
  await memory?.part.growTo(DECODED_FACTOR * plain.length + body.length, memory.signal);
  const results = inWordsOf('source', () => decodeReadResponse(plain));
  for (const { labels, samples, histograms } of results.flat()) {
    yield { labels, chunks: inWordsOf('source', () => chunksOfSeries(samples, histograms)) };
    await processTurns.next();
  }
}
