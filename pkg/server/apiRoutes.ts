import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type ApiRoute } from '../core/api';
import { asPromkeepError, PromkeepError } from '../core/errors';
import { type Gate } from './gate';

export interface ApiLimits {
  gate: Gate;
  requestTimeoutMs: number;
}

/** Mounts neutral routes. A caller that goes away aborts the work, down to the request to Prometheus; so does the time limit. */
export function mountApiRoutes(server: FastifyInstance, routes: readonly ApiRoute[], limits: ApiLimits): void {
  for (const route of routes) {
    server.route({
      method: route.method,
      url: route.path,
      handler: (request, reply) => limits.gate.run(() => answer(route, request, reply, limits.requestTimeoutMs)),
    });
  }
}

async function answer(
  route: ApiRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  timeoutMs: number
): Promise<FastifyReply> {
  const gone = new AbortController();
  const onClose = (): void => {
    if (!reply.raw.writableFinished) {
      gone.abort(new PromkeepError('QUERY_CANCELLED', 'The caller went away.'));
    }
  };
  reply.raw.on('close', onClose);
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const { status, body } = await route.handle({
      query: new URL(request.url, 'http://localhost').searchParams,
      body: new Uint8Array(),
      // Nothing of the caller's headers goes on to Prometheus: the server has credentials of its own.
      caller: { orgId: 1, headers: {} },
      signal: AbortSignal.any([gone.signal, limit]),
    });
    return await reply.code(status).header('cache-control', 'no-store').send(body);
  } catch (error) {
    if (limit.aborted && !gone.signal.aborted) {
      throw new PromkeepError('SOURCE_TIMEOUT', `There was no answer within ${timeoutMs / 1000} s.`, { cause: error });
    }
    throw asPromkeepError(error);
  } finally {
    reply.raw.off('close', onClose);
  }
}
