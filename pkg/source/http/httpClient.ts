import { STATUS_CODES } from 'node:http';
import { type Dispatcher } from 'undici';
import { PromkeepError } from '../../core/model/errors';
import { type Chunks, decodeBody } from './bodyDecoding';
import { type Connections, openConnections } from './connections';
import { type Deadline, startDeadline } from './deadline';
import { type PrometheusSettings, type ProxySettings } from '../settings/prometheusSettings';
import { type RequestParts } from './requestParts';
import { describeTransportFailure, type Progress } from './transportFailure';

const MAX_REDIRECTS = 10;
/** What a foreign origin may be told: nothing of who asks. */
const HEADERS_FOR_STRANGERS = new Set(['accept', 'accept-encoding', 'content-type', 'user-agent']);

export interface HttpAnswer {
  status: number;
  /** `404 Not Found` */
  statusLine: string;
  /** `host:port` that answered, after redirects. */
  host: string;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  /** Unpacked; iterating it throws SOURCE_RESPONSE_TOO_LARGE beyond the limit. */
  body: Chunks;
}

/**
 * Sends requests to one source. Errors are `PromkeepError`s; aborting the signal closes the socket.
 */
export interface HttpClient {
  /** Sends, and lets `consume` read the answer under the same deadline; what it leaves unread is thrown away. */
  send<T>(request: RequestParts, signal: AbortSignal, consume: (answer: HttpAnswer) => Promise<T>): Promise<T>;
  /**
   * The same for an answer that is taken piece by piece, by somebody who may take long: the deadline is on each piece, only
   * while it is the source that is waited for, and an answer may be `STREAM_LIMITS` times as long as others.
   */
  stream<T>(
    request: RequestParts,
    signal: AbortSignal,
    read: (answer: HttpAnswer) => AsyncIterable<T>
  ): AsyncIterable<T>;
  close(): Promise<void>;
}

/** Of a stream not much is in memory at a time; still, one that never ends must end. */
export const STREAM_LIMITS = 16;

interface Hop {
  origin: string;
  host: string;
  /** Path with query. */
  path: string;
  headers: Record<string, string>;
  trusted: boolean;
}

export function createHttpClient(settings: PrometheusSettings, proxies: ProxySettings): HttpClient {
  const connections = openConnections(settings, proxies);

  async function follow(
    parts: RequestParts,
    signal: AbortSignal,
    progress: Progress
  ): Promise<Dispatcher.ResponseData> {
    const { origin, host } = settings.url;
    let hop: Hop = { origin, host, path: parts.target, headers: parts.headers, trusted: true };
    for (let redirects = 0; ; redirects++) {
      progress.host = hop.host;
      const response = await request(connections, hop, parts, signal);
      const location = response.headers.location;
      if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== 'string') {
        return response;
      }
      await response.body.dump({ limit: 64 * 1024 });
      if (redirects === MAX_REDIRECTS) {
        throw new PromkeepError('SOURCE_STATUS', `${progress.host} redirects more than ${MAX_REDIRECTS} times.`);
      }
      hop = nextHop(settings, hop, { location, status: response.statusCode, method: parts.method });
    }
  }

  return {
    async send(parts, signal, consume) {
      const deadline = startDeadline(signal, settings.timeoutMs);
      const progress: Progress = { host: settings.url.host, answered: false, bytes: 0 };
      let response: Dispatcher.ResponseData | undefined;
      try {
        response = await follow(parts, deadline.signal, progress);
        progress.answered = true;
        return await consume(toAnswer(response, progress, settings.responseLimitBytes));
      } catch (error) {
        throw deadline.failure(progress.host) ?? describeTransportFailure(error, progress);
      } finally {
        deadline.end();
        discard(response);
      }
    },
    async *stream(parts, signal, read) {
      const deadline = startDeadline(signal, settings.timeoutMs);
      const progress: Progress = { host: settings.url.host, answered: false, bytes: 0 };
      let response: Dispatcher.ResponseData | undefined;
      try {
        response = await follow(parts, deadline.signal, progress);
        progress.answered = true;
        const answer = toAnswer(response, progress, STREAM_LIMITS * settings.responseLimitBytes);
        yield* read({ ...answer, body: paced(answer.body, deadline) });
      } catch (error) {
        throw deadline.failure(progress.host) ?? describeTransportFailure(error, progress);
      } finally {
        deadline.end();
        discard(response);
      }
    },
    close: () => connections.close(),
  };
}

/** One request, and one more if it met a connection that had died while idle: then nobody has seen it. */
async function request(
  connections: Connections,
  { origin, path, headers }: Hop,
  { method, body }: RequestParts,
  signal: AbortSignal
): Promise<Dispatcher.ResponseData> {
  const send = (): Promise<Dispatcher.ResponseData> =>
    connections.poolFor(origin).request({ origin, path, method, body, headers, signal });
  try {
    return await send();
  } catch (error) {
    if (signal.aborted || !connections.diedIdle(error)) {
      throw error;
    }
    return await send();
  }
}

/** The time runs while a piece is waited for. */
async function* paced(body: Chunks, deadline: Deadline): Chunks {
  deadline.restart();
  for await (const chunk of body) {
    deadline.pause();
    yield chunk;
    deadline.restart();
  }
  deadline.pause();
}

function nextHop(
  settings: PrometheusSettings,
  { origin, host, path, headers, trusted }: Hop,
  { location, status, method }: { location: string; status: number; method: string }
): Hop {
  const url = new URL(origin + path);
  const from = `${host} answered ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (next?.protocol !== 'http:' && next?.protocol !== 'https:') {
    throw new PromkeepError('SOURCE_STATUS', `${from} with a redirect to an address that cannot be used.`);
  }
  if (method === 'POST' && status < 307) {
    // browsers and Go turn this into a GET without parameters, whose answer is that of another question
    const advice =
      'If that is a login page, credentials are missing; if the server has moved, set the URL to the new place.';
    throw new PromkeepError(
      'SOURCE_STATUS',
      `${from}, a redirect to ${next.origin}${next.pathname}, which would lose the query. ${advice}`
    );
  }
  if (trusted && next.origin === settings.url.origin) {
    return { ...placeOf(next), headers, trusted };
  }
  for (const [name] of [...settings.customParameters, ...settings.url.query]) {
    next.searchParams.delete(name);
  }
  const shown = Object.entries(headers).filter(
    ([name]) => HEADERS_FOR_STRANGERS.has(name) && !(name in settings.headers)
  );
  return { ...placeOf(next), headers: Object.fromEntries(shown), trusted: false };
}

function placeOf({ origin, host, pathname, search }: URL): Pick<Hop, 'origin' | 'host' | 'path'> {
  return { origin, host, path: pathname + search };
}

function toAnswer(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  progress: Progress,
  limit: number
): HttpAnswer {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const encoding = header('content-encoding');
  const announced = encoding ? NaN : Number(header('content-length') ?? NaN);
  return {
    status: statusCode,
    statusLine: `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim(),
    host: progress.host,
    header,
    body: limited(decodeBody(body, encoding), progress, limit, announced),
  };
}

/** @param announced the length of the body, NaN when it is not known */
async function* limited(body: Chunks, progress: Progress, limit: number, announced: number): Chunks {
  const refuse = (): PromkeepError =>
    new PromkeepError(
      'SOURCE_RESPONSE_TOO_LARGE',
      `The answer of ${progress.host} is larger than the limit of ${limit} bytes. Ask for fewer series, a shorter range or a longer step.`
    );
  if (announced > limit) {
    throw refuse();
  }
  for await (const chunk of body) {
    progress.bytes += chunk.length;
    if (progress.bytes > limit) {
      throw refuse();
    }
    yield chunk;
  }
}

function discard(response: Dispatcher.ResponseData | undefined): void {
  if (response && !response.body.readableEnded) {
    // destroying an unread body makes undici report the abort as an error nobody waits for
    response.body.on('error', () => undefined).destroy();
  }
}
