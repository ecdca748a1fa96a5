import { type FastifyReply, type FastifyRequest } from 'fastify';
import { asPromkeepError, PromkeepError } from '../core/model/errors';
import { type Logger } from '../core/ports/logger';

/** Of what a request failed; logs what is our own fault. How it is said, the part of the server that answers decides. */
export function readFailure(
  thrown: unknown,
  { request, reply, logger }: { request: FastifyRequest; reply: FastifyReply; logger: Logger }
): PromkeepError {
  const error = fromFastify(thrown);
  reply.header('cache-control', 'no-store');
  if (error.status === 429) {
    reply.header('retry-after', '1');
  }
  if (error.code === 'INTERNAL') {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    logger.error('A request failed.', { route: request.routeOptions.url, error: error.message, stack });
  }
  return error;
}

/** Fastify's own refusals (a body that is too large, a broken header) are the caller's doing. */
function fromFastify(thrown: unknown): PromkeepError {
  if (!(thrown instanceof PromkeepError) && thrown instanceof Error && 'statusCode' in thrown) {
    const status = Number(thrown.statusCode);
    if (status >= 400 && status < 500) {
      return new PromkeepError('QUERY_INVALID', thrown.message, { cause: thrown, status });
    }
  }
  return asPromkeepError(thrown);
}
