import Fastify, { type FastifyInstance } from 'fastify';
import { type ApiRoute } from '../core/ports/apiRoute';
import { asPromkeepError, PromkeepError } from '../core/model/errors';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type Logger } from '../core/ports/logger';
import { LOOK_MS } from '../core/memory/readerProgress';
import { checkBrowserHeaders, isAuthorized, type AccessPolicy } from './access';
import { mountApiRoutes } from './mountRoutes';
import { readFailure } from './failures';
import { Gate } from './gate';
import { LIVE_PATH, mountLive, type LiveFeeds } from './live/liveRoute';
import { isLoopbackHost } from './loopback';
import { watchReplies } from './openReplies';
import { mountPage } from './page';
import { mountProbes, type Readiness } from './probeRoutes';
import { mountPrometheusApi } from './prometheus/httpApi';
import { type PrometheusApiParts } from './prometheus/prometheusApi';
import { mountRemoteRead, type RemoteReadParts } from './prometheus/remoteRead';
import { type ServerMetrics } from './serverMetrics';

export interface HttpServerOptions extends Readiness {
  access: AccessPolicy;
  /** 0: a free one. */
  port: number;
  routes: readonly ApiRoute[];
  metrics: ServerMetrics;
  logger: Logger;
  /** Folder of the built page. */
  pageFolder?: string;
  /** Absent: the page asks by itself. */
  live?: LiveFeeds;
  /** Raw series for readers of Prometheus' protocol; absent: there is no archive. */
  remoteRead?: RemoteReadParts;
  /** Prometheus' own API over source and archive. */
  prometheusApi?: PrometheusApiParts;
  maxConcurrentQueries: number;
  requestTimeoutMs: number;
  /** What answers are charged to. */
  budget: MemoryBudget;
}

export interface HttpServer {
  /** Rejects with `PORT_IN_USE` or `CONFIG_INVALID`. */
  listen(): Promise<{ host: string; port: number; url: string }>;
  /** Ends open connections. */
  close(): Promise<void>;
}

/** No route reads a body. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** A request is a few hundred bytes. */
const ARRIVAL_MS = 20_000;
/** Browsers and proxies open a new connection then; the page asks every few seconds. */
const IDLE_MS = 30_000;
/** Each takes a file descriptor, which the connections to Prometheus and PostgreSQL need as well. */
const MOST_CONNECTIONS = 1_000;
/** Queries through Prometheus' API, which lets them wait: a dashboard asks for all its panels at once. */
const MOST_WAITING = 200;

const OPEN_PATHS = new Set(['/healthz']);

/** The stand-alone HTTP face: translates requests and decides who may make them; what they mean is the routes' business. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { access, port } = options;
  if (!isLoopbackHost(access.host) && access.token === undefined && !access.basicAuth) {
    throw new PromkeepError(
      'CONFIG_INVALID',
      `Listening on ${access.host} makes the server reachable from other machines; set server.token or server.basic_auth first.`
    );
  }
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: BODY_LIMIT_BYTES,
    // from the first byte of a request to the last
    requestTimeout: ARRIVAL_MS,
    keepAliveTimeout: IDLE_MS,
    // of a connection on which nothing moves, while an answer is being made as well
    connectionTimeout: options.requestTimeoutMs + ARRIVAL_MS,
    http: { headersTimeout: ARRIVAL_MS, connectionsCheckingInterval: LOOK_MS },
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
  });
  server.server.maxConnections = MOST_CONNECTIONS;
  watchReplies(server);
  guard(server, access);
  observe(server, options.metrics);
  answerErrors(server, options.logger);
  const gate = new Gate(options.maxConcurrentQueries);
  const { requestTimeoutMs, budget, metrics, logger } = options;
  mountApiRoutes(server, options.routes, { gate, requestTimeoutMs, budget });
  mountProbes(server, options, options.metrics);
  mountPage(server, options.pageFolder);
  if (options.live) {
    mountLive(server, options.live);
  }
  if (options.prometheusApi) {
    const queue = new Gate(options.maxConcurrentQueries, MOST_WAITING);
    mountPrometheusApi(server, options.prometheusApi, { gate: queue, requestTimeoutMs, budget, logger });
  }
  if (options.remoteRead) {
    mountRemoteRead(server, options.remoteRead, { budget, metrics, logger, requestTimeoutMs });
  }
  return {
    async listen() {
      await listen(server, access.host, port);
      const address = server.server.address();
      const bound = typeof address === 'object' && address ? address.port : port;
      return { host: access.host, port: bound, url: `http://${urlHost(access.host)}:${bound}` };
    },
    close: () => server.close(),
  };
}

function guard(server: FastifyInstance, access: AccessPolicy): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    const path = request.url.split('?', 1)[0];
    if (OPEN_PATHS.has(path)) {
      return;
    }
    checkBrowserHeaders(access, request.headers);
    if (!isAuthorized(access, request.headers.authorization)) {
      reply.header('www-authenticate', 'Basic realm="Promkeep", charset="UTF-8"');
      throw new PromkeepError('FORBIDDEN', 'This server asks for a token or a password.', { status: 401 });
    }
  });
}

function observe(server: FastifyInstance, metrics: ServerMetrics): void {
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    if (route === LIVE_PATH && reply.statusCode === 200) {
      // Open as long as a page is: not a duration anybody waits for.
      return;
    }
    metrics.requested(route, reply.statusCode, reply.elapsedTime / 1000);
  });
}

function answerErrors(server: FastifyInstance, logger: Logger): void {
  server.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0].slice(0, 200);
    throw new PromkeepError('NOT_FOUND', `There is nothing at ${request.method} ${path}.`);
  });
  server.setErrorHandler((thrown, request, reply) => {
    const { status, message, code } = readFailure(thrown, { request, reply, logger });
    return reply.code(status).type('application/json; charset=utf-8').send({ error: message, code });
  });
}

async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host: host.replace(/^\[|\]$/g, ''), port });
  } catch (cause) {
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
    if (code === 'EADDRINUSE') {
      const text = `Port ${port} on ${host} is in use; stop the other program, or choose another port with --port or PROMKEEP_PORT.`;
      throw new PromkeepError('PORT_IN_USE', text, { cause });
    }
    if (code === 'EACCES') {
      throw new PromkeepError('PORT_IN_USE', `Port ${port} needs privileges; choose one above 1023.`, { cause });
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new PromkeepError('CONFIG_INVALID', `${host} is not an address of this machine (server.host).`, { cause });
    }
    throw asPromkeepError(cause);
  }
}

function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
