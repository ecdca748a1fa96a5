import { PromkeepError } from '../core/errors';
import { type CallOptions, type MetricSource } from '../core/ports';
import { type QueryResult } from '../core/series';
import { failedStatus, notPrometheus, refusalIn } from './answerFailure';
import { parseBuildInfo } from './buildInfoAnswer';
import { MAX_EXEMPLAR_BYTES, parseExemplars } from './exemplarAnswer';
import { createHttpClient, type HttpAnswer } from './httpClient';
import { type PrometheusSettings, type ProxySettings } from './prometheusSettings';
import { readBody, readHead, readQueryAnswer } from './readAnswer';
import { makeRedactor } from './redaction';
import { composeRequest } from './requestParts';
import { passResource } from './resources';

/** Error bodies are short; of longer ones the beginning is enough. */
const ERROR_BODY_BYTES = 64 * 1024;
const BUILD_INFO_BYTES = 1024 * 1024;

interface Call {
  method: 'GET' | 'POST';
  path: string;
  parameters: URLSearchParams;
  accept?: string;
}

type Redact = (text: string) => string;
type Read<T> = (answer: HttpAnswer, redact: Redact) => Promise<T>;

/**
 * A Prometheus server, or whatever speaks its HTTP API, as a source of metrics. Connects with the first call. Throws
 * SETTINGS_INVALID when a certificate cannot be read.
 *
 * @param proxies what HTTP_PROXY and its kin say
 */
export function createPrometheusSource(settings: PrometheusSettings, proxies: ProxySettings = {}): MetricSource {
  const client = createHttpClient(settings, proxies);
  /** Becomes GET for good once the server has refused a POST. */
  let method = settings.httpMethod;

  function send<T>(call: Call, options: CallOptions, consume: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    const request = composeRequest(settings, call, options.headers);
    if (call.accept) {
      request.headers.accept = call.accept;
    }
    return client.send(request, options.signal, consume);
  }

  /** Asks, and reads the answer if its status is one of success; a POST that the server does not want is asked by GET. */
  async function ask<T>(call: Call, options: CallOptions, read: Read<T>): Promise<T> {
    const redact = makeRedactor(settings, options.headers);
    const outcome = await send(call, options, async (answer) => {
      if (answer.status < 300) {
        return { value: await read(answer, redact) };
      }
      const body = await readHead(answer, ERROR_BODY_BYTES);
      if (call.method === 'POST' && refusesPost(answer.status, body)) {
        return undefined;
      }
      throw failedStatus(answer, body, redact);
    });
    if (outcome) {
      return outcome.value;
    }
    const value = await ask({ ...call, method: 'GET' }, options, read);
    method = 'GET';
    return value;
  }

  function query(path: string, parameters: Record<string, string>, options: CallOptions): Promise<QueryResult> {
    const form = new URLSearchParams(parameters);
    if (settings.queryTimeout) {
      form.set('timeout', settings.queryTimeout);
    }
    if (settings.queryStats) {
      form.set('stats', 'all');
    }
    return ask({ method, path, parameters: form }, options, readQueryAnswer);
  }

  return {
    queryRange: ({ expr, startMs, endMs, stepMs }, options) =>
      query(
        'api/v1/query_range',
        { query: expr, start: toSeconds(startMs), end: toSeconds(endMs), step: toSeconds(stepMs) },
        options
      ),
    queryInstant: ({ expr, timeMs }, options) =>
      query('api/v1/query', { query: expr, time: toSeconds(timeMs) }, options),
    queryExemplars({ expr, startMs, endMs }, options) {
      const parameters = new URLSearchParams({ query: expr, start: toSeconds(startMs), end: toSeconds(endMs) });
      return ask({ method, path: 'api/v1/query_exemplars', parameters }, options, readExemplars);
    },
    async buildInfo(options) {
      const call: Call = { method: 'GET', path: 'api/v1/status/buildinfo', parameters: new URLSearchParams() };
      return send(call, options, async (answer) =>
        answer.status < 300 ? parseBuildInfo(await readBody(answer, BUILD_INFO_BYTES)) : undefined
      );
    },
    resource: (request, options) =>
      passResource(request, options, {
        // a source that takes GET only is asked by GET; a GET stays one
        send: (call, ...rest) => send({ ...call, method: method === 'GET' ? 'GET' : call.method }, ...rest),
        limitBytes: settings.responseLimitBytes,
        redact: makeRedactor(settings, options.headers),
      }),
    close: () => client.close(),
  };
}

async function readExemplars(answer: HttpAnswer, redact: Redact): ReturnType<MetricSource['queryExemplars']> {
  const body = await readBody(answer, MAX_EXEMPLAR_BYTES);
  try {
    return parseExemplars(body);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw error instanceof PromkeepError ? error : notPrometheus(answer, body, { message, cause: error }, redact);
  }
}

/** Proxies in front of old servers answer a POST with 405, 501, or a 400 that speaks of the method. */
function refusesPost(status: number, body: Buffer): boolean {
  if (status === 405 || status === 501) {
    return true;
  }
  return status === 400 && !refusalIn(body) && /\bPOST\b|\bmethod\b/i.test(body.toString('latin1'));
}

/** Seconds with as many decimals as needed; JavaScript prints no exponent in this range. */
function toSeconds(ms: number): string {
  return String(ms / 1000);
}
