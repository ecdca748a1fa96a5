import { type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import { PromkeepError } from '../../core/model/errors';
import { type PrometheusSettings, type ProxySettings } from '../settings/prometheusSettings';
import { chooseProxy } from '../settings/proxyChoice';

/** The sockets to one source, kept open between requests. */
export interface Connections {
  /** The pool for an origin; only the source's own origin is shown the client certificate. */
  poolFor(origin: string): Dispatcher;
  /** Whether the error is that of a connection which had answered earlier requests, that is, one that died while idle. */
  diedIdle(error: unknown): boolean;
  close(): Promise<void>;
}

/** Between two pieces of a body; not while it is us who wait. Prometheus sends an answer once it has it. */
const BODY_STALL_MS = 60_000;

/** The parts of undici's socket errors that tell how far a connection got. */
interface SocketFacts {
  code?: unknown;
  socket?: { bytesRead?: unknown };
}

/** Opens nothing yet. Throws SETTINGS_INVALID when a certificate or key cannot be read. */
export function openConnections(settings: PrometheusSettings, proxies: ProxySettings): Connections {
  const { tls } = settings;
  checkCertificates(settings);
  const trust = { ca: tls.ca, rejectUnauthorized: !tls.skipVerify };
  const own = { ...trust, cert: tls.cert, key: tls.key, servername: tls.serverName };
  const sockets = new WeakMap<object, Socket>();
  const pools = new Map<string, Dispatcher>();

  const open = (origin: string): Dispatcher => {
    const secure = origin === settings.url.origin ? own : { ca: tls.ca };
    const proxy = chooseProxy(origin, proxies);
    const options = {
      allowH2: false,
      // the whole request has one deadline of its own, unless it is turned off; then standing still is what ends it
      headersTimeout: 0,
      bodyTimeout: BODY_STALL_MS,
      keepAliveTimeout: Math.max(1, settings.idleTimeoutMs),
      connections: settings.maxConnections || null,
      pipelining: 1,
    };
    const timeout = settings.connectTimeoutMs;
    if (proxy) {
      return new ProxyAgent({ ...options, uri: proxy.href, requestTls: { ...secure, timeout }, proxyTunnel: false });
    }
    const connect = buildConnector({ ...secure, timeout });
    return new Agent({ ...options, connect: rememberSockets(connect, sockets) });
  };

  return {
    poolFor(origin) {
      const pool = pools.get(origin) ?? open(origin);
      pools.set(origin, pool);
      return pool;
    },
    diedIdle: (error) => isDead(error) && hadAnswered(error, sockets),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

/** undici reports a dead connection with the error of its socket; this tells which socket that was. */
function rememberSockets(
  connect: buildConnector.connector,
  sockets: WeakMap<object, Socket>
): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error) {
        callback(error, null);
        return;
      }
      socket?.prependListener('error', (failure: Error) => sockets.set(failure, socket));
      callback(null, socket as Socket);
    });
}

function isDead(error: unknown): error is SocketFacts & object {
  const code = typeof error === 'object' && error !== null ? (error as SocketFacts).code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function hadAnswered(error: SocketFacts & object, sockets: WeakMap<object, Socket>): boolean {
  const bytesRead = sockets.get(error)?.bytesRead ?? error.socket?.bytesRead;
  return typeof bytesRead === 'number' && bytesRead > 0;
}

function checkCertificates({ tls: { ca, cert, key } }: PrometheusSettings): void {
  const parts = [
    { what: 'CA certificate', context: { ca } },
    { what: 'client certificate or its key', context: { cert, key } },
  ];
  for (const { what, context } of parts) {
    try {
      createSecureContext(context);
    } catch (cause) {
      throw new PromkeepError('SETTINGS_INVALID', `The TLS ${what} cannot be read: PEM text is expected.`, { cause });
    }
  }
}
