import { type FastifyInstance } from 'fastify';
import { PromkeepError } from '../../core/model/errors';
import { type Logger } from '../../core/ports/logger';
import { readFailure } from '../failures';
import { Gate } from '../gate';
import { type ApiLimits, sendBytes, withinLimits } from '../mountRoutes';
import { failure } from './apiAnswer';
import { PROMETHEUS_PATHS, type PrometheusApiParts } from './prometheusApi';

/** An expression of the longest, in a form. */
const BODY_BYTES = 4 * 1024 * 1024;
/** Each may have 100,000 series, which take some 100 MB. */
const LISTS_AT_ONCE = 2;
const MOST_LISTS_WAITING = 200;
const FORM = /^application\/x-www-form-urlencoded\b/i;

/**
 * Prometheus' HTTP API below `/api/v1/`, as far as it reads, over source and archive. Whatever else Prometheus has there (its
 * configuration, which holds secrets, and what deletes) is not there.
 */
export function mountPrometheusApi(
  server: FastifyInstance,
  parts: PrometheusApiParts,
  { logger, ...limits }: ApiLimits & { logger: Logger }
): void {
  const lists = new Gate(LISTS_AT_ONCE, MOST_LISTS_WAITING);
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES }, (_, body, done) => done(null, body));
    scope.setErrorHandler((thrown, request, reply) => {
      const { status, headers, body } = failure(readFailure(thrown, { request, reply, logger }));
      return sendBytes(reply, { status, headers, body });
    });
    for (const [path, { methods, answer }] of Object.entries(PROMETHEUS_PATHS)) {
      scope.route({
        method: [...methods],
        url: `/api/v1/${path}`,
        async handler(request, reply) {
          const { pathname, search } = new URL(request.url, 'http://localhost');
          const asked = {
            method: request.method,
            path: pathname.slice(1),
            query: search.slice(1),
            headers: headersOf(request.headers),
            body: formOf(request.body, request.headers['content-type']),
          };
          return sendBytes(
            reply,
            await withinLimits(reply.raw, limits, (call) => answer({ ...call, parts, lists, request: asked }))
          );
        },
      });
    }
    scope.all('/api/v1/*', (request) => {
      const path = request.url.split('?', 1)[0].slice(0, 200);
      throw new PromkeepError('NOT_FOUND', `There is nothing at ${request.method} ${path}.`);
    });
  });
}

/** What of the caller's headers means anything to Prometheus: in which form it is asked. */
function headersOf(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const type = headers['content-type'];
  return typeof type === 'string' ? { 'content-type': type } : {};
}

function formOf(body: unknown, type: string | undefined): Uint8Array {
  if (!Buffer.isBuffer(body) || body.length === 0) {
    return new Uint8Array();
  }
  if (!FORM.test(type ?? '')) {
    throw new PromkeepError('QUERY_INVALID', 'A body must be a form (application/x-www-form-urlencoded).', {
      status: 415,
    });
  }
  return body;
}
