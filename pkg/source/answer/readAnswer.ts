import { PromkeepError } from '../../core/model/errors';
import { type MemoryPart } from '../../core/memory/memoryPart';
import { type QueryResult } from '../../core/model/series';
import { processTurns } from '../../core/model/turns';
import { AnswerParser } from './parser/answerParser';
import { MalformedAnswer } from './parser/malformedAnswer';
import { refusalOf, toQueryResult } from './parser/queryAnswer';
import { notPrometheus, refused } from './answerFailure';
import { type HttpAnswer } from '../http/httpClient';

/** Enough for a snippet of an HTML page behind its head. */
const HEAD_BYTES = 4096;

/**
 * How much is parsed before other work has its turn: about 2 ms. Without it one answer of 40 MB that arrives faster than it is
 * parsed keeps the thread to itself (docs/adr/0009).
 */
const TURN_BYTES = 64 * 1024;

/** Of a body that is read as a whole: its pieces, and the whole of them. */
const COPIES = 2;

export interface ReadOptions {
  /** An answer with more series is not read to its end: `LIMIT_EXCEEDED`. */
  maxSeries?: number;
  /** What the answer is charged to; where it has no room, reading waits, and fails with `LIMIT_EXCEEDED` in the end. */
  memory?: AnswerMemory;
}

export interface AnswerMemory {
  part: MemoryPart;
  signal: AbortSignal;
}

/** Parses a query's answer while it arrives, in turns with other work. */
export async function readQueryAnswer(
  answer: HttpAnswer,
  redact: (text: string) => string,
  { maxSeries, memory }: ReadOptions = {}
): Promise<QueryResult> {
  const parser = new AnswerParser(maxSeries);
  let turnBytes = 0;
  let head: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of answer.body) {
      if (head.length < HEAD_BYTES) {
        head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
      }
      for (let at = 0; at < chunk.length; at += TURN_BYTES) {
        const piece = chunk.subarray(at, at + TURN_BYTES);
        parser.feed(piece);
        await charge(memory, parser.memoryBytes);
        turnBytes += piece.length;
        if (turnBytes >= TURN_BYTES) {
          turnBytes = 0;
          await processTurns.next();
        }
      }
    }
    const envelope = parser.finish();
    await charge(memory, parser.memoryBytes);
    memory?.part.shrinkTo(parser.memoryBytes);
    const refusal = refusalOf(envelope);
    if (refusal) {
      // a success status with an error inside: no status of Prometheus to pass on
      throw refused(refusal, 400, redact);
    }
    return toQueryResult(envelope);
  } catch (error) {
    if (error instanceof MalformedAnswer) {
      throw notPrometheus(answer, head, { message: error.message, cause: error }, redact);
    }
    throw error;
  }
}

function charge(memory: AnswerMemory | undefined, bytes: number): Promise<void> | undefined {
  return memory?.part.growTo(bytes, memory.signal);
}

/** The whole body. Throws SOURCE_RESPONSE_TOO_LARGE beyond `maxBytes`. */
export async function readBody(answer: HttpAnswer, maxBytes: number, memory?: AnswerMemory): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        const text = `The answer of ${answer.host} is larger than the limit of ${maxBytes} bytes.`;
        throw new PromkeepError('SOURCE_RESPONSE_TOO_LARGE', text);
      }
      chunks.push(chunk);
      await charge(memory, COPIES * bytes);
    }
  } catch (error) {
    memory?.part.drop();
    throw error;
  }
  memory?.part.shrinkTo(bytes);
  return Buffer.concat(chunks);
}

/** The beginning of the body, at least `bytes` of it if it is that long. */
export async function readHead(answer: HttpAnswer, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) {
      break;
    }
  }
  return Buffer.concat(chunks);
}
