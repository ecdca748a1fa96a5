import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type ApiResponse, type ApiRoute } from '../core/ports/apiRoute';
import { asPromkeepError, PromkeepError } from '../core/model/errors';
import { type MemoryBudget, type MemoryShare } from '../core/memory/memoryBudget';
import { type ResourceResponse } from '../core/ports/metricSource';
import { type Gate } from './gate';
import { whenClosed } from './openReplies';

export interface ApiLimits {
  gate: Gate;
  requestTimeoutMs: number;
  /** What answers are charged to until their callers have them. */
  budget: MemoryBudget;
}

/** A long answer leaves in pieces, so that it shows how far its reader is. */
const PIECE_BYTES = 64 * 1024;

/** Mounts neutral routes. A caller that goes away aborts the work, down to the request to Prometheus; so does the time limit. */
export function mountApiRoutes(server: FastifyInstance, routes: readonly ApiRoute[], limits: ApiLimits): void {
  for (const route of routes) {
    server.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => send(reply, await answer(route, request, reply, limits)),
    });
  }
}

function answer(
  route: ApiRoute,
  request: FastifyRequest,
  { raw: response }: FastifyReply,
  limits: ApiLimits
): Promise<ApiResponse> {
  return withinLimits(response, limits, ({ memory, signal }) =>
    route.handle({
      query: new URL(request.url, 'http://localhost').searchParams,
      // Nothing of the caller's headers goes on to Prometheus: the server has credentials of its own.
      caller: { orgId: 1, headers: {}, memory },
      signal,
    })
  );
}

/**
 * Work for one caller: with a place at the gate, a share of the memory until the caller has the answer, and a signal that aborts
 * when they are gone or the time is over.
 */
export async function withinLimits<T>(
  response: ServerResponse,
  { gate, requestTimeoutMs, budget }: ApiLimits,
  work: (call: { memory: MemoryShare; signal: AbortSignal }) => Promise<T>
): Promise<T> {
  const memory = budget.open();
  const gone = new AbortController();
  whenClosed(response, () => {
    gone.abort(new PromkeepError('QUERY_CANCELLED', 'The caller went away.'));
    memory.release();
  });
  const limit = AbortSignal.timeout(requestTimeoutMs);
  const signal = AbortSignal.any([gone.signal, limit]);
  try {
    return await gate.run(() => work({ memory, signal }), signal);
  } catch (error) {
    if (limit.aborted && !gone.signal.aborted) {
      const text = `There was no answer within ${requestTimeoutMs / 1000} s.`;
      throw new PromkeepError('SOURCE_TIMEOUT', text, { cause: error });
    }
    throw asPromkeepError(error);
  }
}

function send(reply: FastifyReply, { status, body }: ApiResponse): FastifyReply {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  return sendBytes(reply, { status, headers, body: Buffer.from(JSON.stringify(body)) });
}

/** Whoever reads slowly holds memory, and no place among the queries that run. */
export function sendBytes(reply: FastifyReply, { status, headers, body }: ResourceResponse): FastifyReply {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .headers(headers)
    .header('content-length', bytes.length)
    .send(bytes.length <= PIECE_BYTES ? bytes : Readable.from(piecesOf(bytes), { objectMode: false }));
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}
