import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { type ApiResponse, type ApiRoute } from '../core/ports/apiRoute';
import { asPromkeepError, PromkeepError } from '../core/model/errors';
import { type MemoryBudget } from '../core/memory/memoryBudget';
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

async function answer(
  route: ApiRoute,
  request: FastifyRequest,
  { raw: response }: FastifyReply,
  { gate, requestTimeoutMs, budget }: ApiLimits
): Promise<ApiResponse> {
  const memory = budget.open();
  const gone = new AbortController();
  whenClosed(response, () => {
    gone.abort(new PromkeepError('QUERY_CANCELLED', 'The caller went away.'));
    memory.release();
  });
  const limit = AbortSignal.timeout(requestTimeoutMs);
  try {
    return await gate.run(() =>
      route.handle({
        query: new URL(request.url, 'http://localhost').searchParams,
        // Nothing of the caller's headers goes on to Prometheus: the server has credentials of its own.
        caller: { orgId: 1, headers: {}, memory },
        signal: AbortSignal.any([gone.signal, limit]),
      })
    );
  } catch (error) {
    if (limit.aborted && !gone.signal.aborted) {
      const text = `There was no answer within ${requestTimeoutMs / 1000} s.`;
      throw new PromkeepError('SOURCE_TIMEOUT', text, { cause: error });
    }
    throw asPromkeepError(error);
  }
}

/** Whoever reads slowly holds memory, and no place among the queries that run. */
function send(reply: FastifyReply, { status, body }: ApiResponse): FastifyReply {
  const bytes = Buffer.from(JSON.stringify(body));
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .header('content-length', bytes.length)
    .type('application/json; charset=utf-8')
    .send(bytes.length <= PIECE_BYTES ? bytes : Readable.from(piecesOf(bytes), { objectMode: false }));
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}
