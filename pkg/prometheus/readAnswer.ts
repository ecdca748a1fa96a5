import { PromkeepError } from '../core/errors';
import { type QueryResult } from '../core/series';
import { Turns } from '../core/turns';
import { AnswerParser } from './answer/answerParser';
import { MalformedAnswer } from './answer/malformedAnswer';
import { refusalOf, toQueryResult } from './answer/queryAnswer';
import { notPrometheus, refused } from './answerFailure';
import { type HttpAnswer } from './httpClient';

/** Enough for a snippet of an HTML page behind its head. */
const HEAD_BYTES = 4096;

/**
 * How much is parsed before other work has its turn: about 2 ms. Without it one answer of 40 MB that arrives faster than it is
 * parsed keeps the thread to itself (docs/adr/0009).
 */
const TURN_BYTES = 64 * 1024;

const turns = new Turns(setImmediate);

/** Parses a query's answer while it arrives. */
export async function readQueryAnswer(answer: HttpAnswer, redact: (text: string) => string): Promise<QueryResult> {
  const parser = new AnswerParser();
  let head: Buffer = Buffer.alloc(0);
  let turnBytes = 0;
  try {
    for await (const chunk of answer.body) {
      if (head.length < HEAD_BYTES) {
        head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
      }
      parser.feed(chunk);
      turnBytes += chunk.length;
      if (turnBytes >= TURN_BYTES) {
        turnBytes = 0;
        await turns.next();
      }
    }
    const envelope = parser.finish();
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

/** The whole body. Throws SOURCE_RESPONSE_TOO_LARGE beyond `maxBytes`. */
export async function readBody(answer: HttpAnswer, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      const text = `The answer of ${answer.host} is larger than the limit of ${maxBytes} bytes.`;
      throw new PromkeepError('SOURCE_RESPONSE_TOO_LARGE', text);
    }
    chunks.push(chunk);
  }
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
