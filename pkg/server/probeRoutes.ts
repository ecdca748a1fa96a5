import { type FastifyInstance } from 'fastify';
import { withinSignal } from '../core/model/concurrency';
import { asPromkeepError } from '../core/model/errors';
import { type ServerMetrics } from './serverMetrics';

/** One thing the server needs, asked whether it is there. Rejects with `PromkeepError` when it is not. */
export interface ReadinessCheck {
  name: string;
  check(signal: AbortSignal): Promise<void>;
}

const CHECK_LIMIT_MS = 5_000;

export interface Readiness {
  checks: readonly ReadinessCheck[];
  /** What somebody should look at although everything is reachable, if anything. Never rejects, and does not take long. */
  warning?(): Promise<string | undefined>;
}

/**
 * `/healthz`: the process lives. `/readyz`: what it needs is reachable, 503 and the reasons otherwise, and `warnings`, which do not
 * make it fail. `/metrics`.
 */
export function mountProbes(server: FastifyInstance, { checks, warning }: Readiness, metrics: ServerMetrics): void {
  server.get('/healthz', (_, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  server.get('/readyz', async (_, reply) => {
    const [results, warned] = await Promise.all([Promise.all(checks.map(runCheck)), warning?.()]);
    const ready = results.every(([, result]) => result === 'ok');
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({
        status: ready ? 'ready' : 'not ready',
        checks: Object.fromEntries(results),
        ...(warned === undefined ? {} : { warnings: [warned] }),
      });
  });
  server.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}

async function runCheck({ name, check }: ReadinessCheck): Promise<[string, string]> {
  const limit = AbortSignal.timeout(CHECK_LIMIT_MS);
  try {
    await withinSignal(check(limit), limit);
    return [name, 'ok'];
  } catch (error) {
    return [name, limit.aborted ? `no answer within ${CHECK_LIMIT_MS / 1000} s` : asPromkeepError(error).message];
  }
}
