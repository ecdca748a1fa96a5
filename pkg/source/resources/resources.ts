import { PromkeepError } from '../../core/model/errors';
import { parametersOf } from '../../core/model/formParameters';
import { type CallOptions, type ResourceRequest, type ResourceResponse } from '../../core/ports/metricSource';
import { type HttpAnswer } from '../http/httpClient';
import { readResourcePath } from './allowedPaths';

/** Asks the source, by the method it prefers. */
export type SendResource = (
  call: { method: 'GET' | 'POST'; path: string; parameters: URLSearchParams; accept?: string },
  options: CallOptions,
  consume: (answer: HttpAnswer) => Promise<ResourceResponse>
) => Promise<ResourceResponse>;

export interface ResourceParts {
  send: SendResource;
  read(answer: HttpAnswer): Promise<Buffer>;
  redact(text: string): string;
}

/** Of the answer's headers only these mean anything to whoever asked. */
const PASSED_ON = ['content-type', 'retry-after', 'warning'];

/**
 * Passes one of the API's own paths through, with the status, content type and body that came back, also for failures. The
 * browser's headers stay behind; whether the transport failed is told as Prometheus tells its errors, with status 502 and the
 * like. Throws FORBIDDEN for other paths and methods, QUERY_CANCELLED for a caller that has gone.
 *
 * @param read an answer's body
 */
export async function passResource(
  request: ResourceRequest,
  options: CallOptions,
  { send, read, redact }: ResourceParts
): Promise<ResourceResponse> {
  const allowed = readResourcePath(request.path);
  const asked = request.method.toUpperCase() || 'GET';
  if (!allowed || (asked !== 'GET' && asked !== 'POST')) {
    const shown = redact(request.path).slice(0, 100);
    throw new PromkeepError(
      'FORBIDDEN',
      `${asked.slice(0, 20)} ${shown} is not one of the paths that may be asked for.`
    );
  }
  const parameters = readParameters(request);
  // a POST to a GET-only path is answered with 405; the form says the same in a query
  const { path } = allowed;
  const method = allowed.methods === 'GET' ? 'GET' : asked;
  const cache = cacheControlOf(request);
  try {
    const call = { method, path, parameters, accept: headerOf(request, 'accept') } as const;
    return await send(call, options, async (answer) => {
      const body = await read(answer);
      const passed = PASSED_ON.flatMap((name) => (answer.header(name) ? [[name, answer.header(name)]] : []));
      const headers: Record<string, string> = Object.fromEntries(passed);
      if (cache && answer.status < 300) {
        headers['x-grafana-cache'] = 'y';
        headers['cache-control'] = cache;
      }
      return { status: answer.status, headers, body };
    });
  } catch (error) {
    if (!(error instanceof PromkeepError) || error.code === 'QUERY_CANCELLED') {
      throw error;
    }
    return errorResponse(error);
  }
}

/** A body that is no form says nothing. */
function readParameters({ method, query, headers, body }: ResourceRequest): URLSearchParams {
  const type = headerOf({ headers }, 'content-type') ?? 'application/x-www-form-urlencoded';
  const isForm = method.toUpperCase() === 'POST' && /^application\/x-www-form-urlencoded\b/i.test(type);
  return parametersOf(query, isForm ? body : undefined);
}

/** What the browser asks to be allowed to cache; only a plain directive is taken over. */
function cacheControlOf(request: ResourceRequest): string | undefined {
  const value = headerOf(request, 'x-grafana-cache');
  return value !== undefined && /^[\w\s,=-]{1,100}$/.test(value) ? value : undefined;
}

function headerOf({ headers }: Pick<ResourceRequest, 'headers'>, name: string): string | undefined {
  return Object.entries(headers).find(([other]) => other.toLowerCase() === name)?.[1];
}

function errorResponse(error: PromkeepError): ResourceResponse {
  const errorType = error.code === 'SOURCE_TIMEOUT' ? 'timeout' : 'unavailable';
  return {
    status: error.status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ status: 'error', errorType, error: error.message })),
  };
}
