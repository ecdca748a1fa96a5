import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { PromkeepError } from '../../core/model/errors';
import { type MemoryBudget } from '../../core/memory/memoryBudget';
import { type RawSeries } from '../../core/model/rawSeries';
import { type Logger } from '../../core/ports/logger';
import { type RawHistory } from '../../core/ports/rawSeries';
import { inWordsOf } from '../../remote/codecError';
import { decodeReadRequest, type ReadRequest } from '../../remote/messages/readRequest';
import { decompress } from '../../remote/snappy';
import { readFailure } from '../failures';
import { Gate } from '../gate';
import { whenClosed } from '../openReplies';
import { type ServerMetrics } from '../serverMetrics';
import { ExternalLabels } from './externalLabels';
import { ProgressLimit } from './progressLimit';
import { type AnswerNeeds, sampledAnswer, streamedAnswer } from './readAnswers';
import { planReads, seriesOf } from './readPlan';

export interface RemoteReadParts {
  history: RawHistory;
  externalLabels: Readonly<Record<string, string>>;
  limits: RemoteReadLimits;
}

export interface RemoteReadLimits {
  /** Of an answer that is sent as a whole; one that is streamed has no end. */
  maxSamples: number;
  maxSeries: number;
  /** More wait, as in Prometheus: one query of a reader is a request for each of its selectors. */
  maxConcurrent: number;
}

export interface Surroundings {
  budget: MemoryBudget;
  metrics: ServerMetrics;
  logger: Logger;
  /** For one piece of an answer. */
  requestTimeoutMs: number;
}

/** Packed and unpacked: a long list of values in a matcher is some kilobytes. */
const BODY_BYTES = 1024 * 1024;
const MESSAGE_BYTES = 4 * 1024 * 1024;
/** Each may have 100,000 series, which take some 100 MB. */
const LISTS_AT_ONCE = 2;
/** A dashboard's worth of selectors. */
const MOST_WAITING = 200;

const STREAMED_TYPE = 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse';
const PROTOBUF_TYPE = 'application/x-protobuf';

/**
 * `POST /api/v1/read`: Prometheus' remote read. Errors are plain texts, which readers show. What can be wrong is found before the
 * head is sent, with the first series in hand; a fault behind it ends the connection, so that no part is taken for the whole.
 */
export function mountRemoteRead(server: FastifyInstance, parts: RemoteReadParts, surroundings: Surroundings): void {
  const reader = new RemoteReader(parts, surroundings);
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES }, (_, body, done) => done(null, body));
    scope.setErrorHandler((thrown, request, reply) => {
      const { status, message } = readFailure(thrown, { request, reply, logger: surroundings.logger });
      return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
    });
    scope.post('/api/v1/read', (request, reply) => reader.answer(request, reply));
    scope.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE'],
      url: '/api/v1/read',
      handler: async (_, reply) => {
        reply.header('allow', 'POST');
        throw new PromkeepError('QUERY_INVALID', 'Method Not Allowed', { status: 405 });
      },
    });
  });
}

class RemoteReader {
  private readonly external: ExternalLabels;
  private readonly gate: Gate;
  private readonly lists = new Gate(LISTS_AT_ONCE, MOST_WAITING);

  constructor(
    private readonly parts: RemoteReadParts,
    private readonly surroundings: Surroundings
  ) {
    this.external = new ExternalLabels(parts.externalLabels);
    this.gate = new Gate(parts.limits.maxConcurrent, MOST_WAITING);
  }

  async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asked = readRequest(request);
    const { budget, requestTimeoutMs } = this.surroundings;
    const gone = new AbortController();
    const share = budget.open();
    whenClosed(reply.raw, () => {
      gone.abort(new PromkeepError('QUERY_CANCELLED', 'The reader went away.'));
      share.release();
    });
    const leave = await this.gate.enter(gone.signal);
    whenClosed(reply.raw, leave);
    const limit = new ProgressLimit(requestTimeoutMs, gone.signal);
    const isStreamed = asked.acceptedTypes[0] === 'STREAMED_XOR_CHUNKS';
    const onSamples = this.counterOf(isStreamed, reply);
    const needs = { part: share.part(), signal: limit.signal, maxSamples: this.parts.limits.maxSamples, onSamples };
    const results = this.resultsOf(asked, limit.signal);
    return isStreamed
      ? sendStreamed(reply, results, { limit, needs })
      : sendWhole(reply, results, { limit, needs }, leave);
  }

  private resultsOf({ queries }: ReadRequest, signal: AbortSignal): Array<AsyncIterable<RawSeries>> {
    const { history, limits } = this.parts;
    const reads = planReads(queries, this.external, limits.maxSeries);
    return reads.map((read) => seriesOf(read, { history, external: this.external, lists: this.lists }, signal));
  }

  /** Counts the samples of one answer, and tells of it once it is over. */
  private counterOf(isStreamed: boolean, reply: FastifyReply): (count: number) => void {
    let samples = 0;
    whenClosed(reply.raw, () => {
      this.surroundings.metrics.remotelyRead(isStreamed ? 'chunks' : 'samples', samples, reply.elapsedTime / 1000);
    });
    return (count) => (samples += count);
  }
}

interface Making {
  limit: ProgressLimit;
  needs: AnswerNeeds;
}

async function sendStreamed(
  reply: FastifyReply,
  results: ReadonlyArray<AsyncIterable<RawSeries>>,
  { limit, needs }: Making
): Promise<FastifyReply> {
  const pieces = limit.watch(streamedAnswer(results, needs));
  const first = await pieces.next();
  // also where the stream is ended before it has asked for anything
  whenClosed(reply.raw, () => void pieces.return(undefined).catch(() => undefined));
  async function* all(): AsyncGenerator<Buffer> {
    if (!first.done) {
      yield first.value;
      yield* pieces;
    }
  }
  return reply.header('content-type', STREAMED_TYPE).send(Readable.from(all(), { objectMode: false }));
}

/** @param leave gives the place among the reads back: what is sent is in memory and needs the archive no more */
async function sendWhole(
  reply: FastifyReply,
  results: ReadonlyArray<AsyncIterable<RawSeries>>,
  { limit, needs }: Making,
  leave: () => void
): Promise<FastifyReply> {
  let body: Uint8Array[] = [];
  for await (const made of limit.watch(sampledAnswer(results, needs))) {
    body = made ?? body;
  }
  leave();
  needs.part.settle();
  const bytes = body.reduce((sum, { length }) => sum + length, 0);
  return reply
    .header('content-type', PROTOBUF_TYPE)
    .header('content-encoding', 'snappy')
    .header('content-length', bytes)
    .send(Readable.from(body, { objectMode: false }));
}

function readRequest({ headers, body }: FastifyRequest): ReadRequest {
  const type = headers['content-type']?.split(';', 1)[0].trim().toLowerCase() ?? PROTOBUF_TYPE;
  if (type !== PROTOBUF_TYPE) {
    throw new PromkeepError('QUERY_INVALID', `unsupported content type, expected ${PROTOBUF_TYPE}`, { status: 415 });
  }
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'snappy';
  if (encoding !== 'snappy') {
    throw new PromkeepError('QUERY_INVALID', 'unsupported content encoding, expected snappy', { status: 415 });
  }
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  return inWordsOf('reader', () => decodeReadRequest(decompress(bytes, MESSAGE_BYTES)));
}
