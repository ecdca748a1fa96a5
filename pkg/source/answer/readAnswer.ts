import { PromkeepError } from '../../core/model/errors';
import { type MemoryPart } from '../../core/memory/memoryPart';
import { type QueryResult } from '../../core/model/series';
import { processTurns } from '../../core/model/turns';
import { AnswerParser, type Envelope } from './parser/answerParser';
import { MalformedAnswer } from './parser/malformedAnswer';
import { refusalOf, toQueryResult } from './parser/queryAnswer';
import { notPrometheus, refused } from './answerFailure';
import { type HttpAnswer } from '../http/httpClient';
import { type ParserPool, type RemoteParser } from '../workers/parserPool';

/** Enough for a snippet of an HTML page behind its head. */
const HEAD_BYTES = 4096;

/**
 * How much is parsed before other work has its turn: about 2 ms. Without it one answer of 40 MB that arrives faster than it is
 * parsed keeps the thread to itself (docs/adr/0015).
 */
const TURN_BYTES = 64 * 1024;

/** From here on a thread of its own is worth it. Smaller answers take less time than handing them over would save. */
const LARGE_BYTES = 1024 * 1024;

/** Of a body that is read as a whole: its pieces, and the whole of them. */
const COPIES = 2;

export interface ReadOptions {
  /** Parses large answers, if there is one. */
  pool?: ParserPool;
  /** An answer with more series is not read to its end: `LIMIT_EXCEEDED`. */
  maxSeries?: number;
  /** What the answer is charged to; where it has no room, reading waits, and fails with `LIMIT_EXCEEDED` in the end. */
  memory?: AnswerMemory;
}

export interface AnswerMemory {
  part: MemoryPart;
  signal: AbortSignal;
}

/** Parses a query's answer while it arrives. */
export async function readQueryAnswer(
  answer: HttpAnswer,
  redact: (text: string) => string,
  { pool, maxSeries, memory }: ReadOptions = {}
): Promise<QueryResult> {
  const parser = pool ? new PooledParser(pool, maxSeries) : new LocalParser(maxSeries);
  let head: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of answer.body) {
      if (head.length < HEAD_BYTES) {
        head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
      }
      await parser.feed(chunk);
      await charge(memory, parser.memoryBytes);
    }
    const envelope = await parser.finish();
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
  } finally {
    parser.drop();
  }
}

function charge(memory: AnswerMemory | undefined, bytes: number): Promise<void> | undefined {
  return memory?.part.growTo(bytes, memory.signal);
}

/** Parses here, in turns with other work. */
class LocalParser implements RemoteParser {
  private readonly parser: AnswerParser;
  private turnBytes = 0;

  constructor(maxSeries: number | undefined) {
    this.parser = new AnswerParser(maxSeries);
  }

  get memoryBytes(): number {
    return this.parser.memoryBytes;
  }

  async feed(chunk: Uint8Array): Promise<void> {
    this.parser.feed(chunk);
    this.turnBytes += chunk.length;
    if (this.turnBytes >= TURN_BYTES) {
      this.turnBytes = 0;
      await processTurns.next();
    }
  }

  async finish(): Promise<Envelope> {
    return this.parser.finish();
  }

  drop(): void {
    // it is garbage
  }
}

/** Keeps the beginning of the body until it is known whether the answer is large; then a thread parses it. */
class PooledParser implements RemoteParser {
  private readonly beginning: Uint8Array[] = [];
  private bytes = 0;
  private remote: RemoteParser | undefined;
  private readonly local: LocalParser;

  constructor(
    private readonly pool: ParserPool,
    private readonly maxSeries: number | undefined
  ) {
    this.local = new LocalParser(maxSeries);
  }

  get memoryBytes(): number {
    return this.remote?.memoryBytes ?? Math.max(this.bytes, this.local.memoryBytes);
  }

  async feed(chunk: Uint8Array): Promise<void> {
    if (this.remote) {
      return this.remote.feed(chunk);
    }
    this.beginning.push(chunk);
    this.bytes += chunk.length;
    if (this.bytes >= LARGE_BYTES) {
      this.remote = this.pool.open(this.maxSeries);
      await this.feedBeginning(this.remote);
    }
  }

  async finish(): Promise<Envelope> {
    if (this.remote) {
      return this.remote.finish();
    }
    await this.feedBeginning(this.local);
    return this.local.finish();
  }

  drop(): void {
    this.remote?.drop();
  }

  private async feedBeginning(parser: RemoteParser): Promise<void> {
    for (const chunk of this.beginning.splice(0)) {
      await parser.feed(chunk);
    }
  }
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
