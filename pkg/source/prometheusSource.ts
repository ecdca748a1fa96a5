import { PromkeepError } from '../core/model/errors';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type CallOptions, type MetricSource } from '../core/ports/metricSource';
import { type QueryResult } from '../core/model/series';
import { notPrometheus } from './answer/answerFailure';
import { type ApiCall, ApiCaller, type Redact } from './http/apiCaller';
import { parseBuildInfo } from './answer/buildInfoAnswer';
import { MAX_EXEMPLAR_BYTES, parseExemplars } from './answer/exemplarAnswer';
import { createHttpClient, type HttpAnswer } from './http/httpClient';
import { type PrometheusSettings, type ProxySettings } from './settings/prometheusSettings';
import { type AnswerMemory, readBody, readQueryAnswer } from './answer/readAnswer';
import { makeRedactor } from './http/redaction';
import { passResource } from './resources/resources';
import { type ParserPool } from './workers/parserPool';

/** On its way: its socket, what of the answer is read ahead, and the promises that wait for it; measured 100 to 150 KB. */
const REQUEST_BYTES = 128 * 1024;
const BUILD_INFO_BYTES = 1024 * 1024;
/** Where a resource call evaluates an expression, for no longer than the Admin lets a query take. */
const QUERY_PATHS = /^api\/v1\/query(_range)?$/;

export interface SharedParts {
  /** Parses large answers; without one they are parsed in turns with other work. Stays open when the source is closed. */
  pool?: ParserPool;
  /** Absent: answers take what memory they like. */
  budget?: MemoryBudget;
}

/**
 * A Prometheus server, or whatever speaks its HTTP API, as a source of metrics. Connects with the first call. Throws
 * SETTINGS_INVALID when a certificate cannot be read.
 *
 * @param proxies what HTTP_PROXY and its kin say
 * @param shared by all sources of the process
 */
export function createPrometheusSource(
  settings: PrometheusSettings,
  proxies: ProxySettings = {},
  { pool, budget }: SharedParts = {}
): MetricSource {
  const client = createHttpClient(settings, proxies);
  const api = new ApiCaller(settings, client);

  function query(
    path: string,
    parameters: Record<string, string>,
    options: CallOptions,
    maxSeries = settings.maxSeries
  ): Promise<QueryResult> {
    const form = new URLSearchParams(parameters);
    if (settings.queryTimeout) {
      form.set('timeout', settings.queryTimeout);
    }
    if (settings.queryStats) {
      form.set('stats', 'all');
    }
    const call: ApiCall = { method: api.method, path, parameters: form };
    return charged(options, (memory) =>
      api.ask(call, options, (answer, redact) => readQueryAnswer(answer, redact, { pool, maxSeries, memory }))
    );
  }

  /** Charges to the caller's share what is read; to one of its own, until it is read, where the caller has none. */
  async function charged<T>(
    { memory, signal }: CallOptions,
    read: (memory: AnswerMemory | undefined) => Promise<T>
  ): Promise<T> {
    const own = memory ? undefined : budget?.open();
    const request = (memory ?? own)?.part();
    const part = (memory ?? own)?.part();
    try {
      await request?.growTo(REQUEST_BYTES, signal);
      return await read(part && { part, signal });
    } catch (error) {
      part?.drop();
      throw error;
    } finally {
      request?.drop();
      part?.settle();
      own?.release();
    }
  }

  return {
    queryRange: ({ expr, startMs, endMs, stepMs, maxSeries }, options) =>
      query(
        'api/v1/query_range',
        { query: expr, start: toSeconds(startMs), end: toSeconds(endMs), step: toSeconds(stepMs) },
        options,
        maxSeries
      ),
    queryInstant: ({ expr, timeMs }, options) =>
      query('api/v1/query', { query: expr, time: toSeconds(timeMs) }, options),
    async serverTimeMs(options) {
      // Without a time parameter Prometheus evaluates at its own now.
      const { series } = await query('api/v1/query', { query: 'time()' }, options);
      const seconds = series[0]?.values[0];
      if (seconds === undefined) {
        throw new PromkeepError('SOURCE_NOT_PROMETHEUS', 'The source does not tell its time: time() has no value.');
      }
      return seconds * 1000;
    },
    queryExemplars({ expr, startMs, endMs }, options) {
      const parameters = new URLSearchParams({ query: expr, start: toSeconds(startMs), end: toSeconds(endMs) });
      return charged(options, (memory) =>
        api.ask({ method: api.method, path: 'api/v1/query_exemplars', parameters }, options, (answer, redact) =>
          readExemplars(answer, redact, memory)
        )
      );
    },
    async buildInfo(options) {
      const call: ApiCall = { method: 'GET', path: 'api/v1/status/buildinfo', parameters: new URLSearchParams() };
      return api.send(call, options, async (answer) =>
        answer.status < 300 ? parseBuildInfo(await readBody(answer, BUILD_INFO_BYTES)) : undefined
      );
    },
    resource: (request, options) =>
      charged(options, (memory) =>
        passResource(request, options, {
          send(call, ...rest) {
            if (settings.queryTimeout && QUERY_PATHS.test(call.path)) {
              call.parameters.set('timeout', settings.queryTimeout);
            }
            // a source that takes GET only is asked by GET; a GET stays one
            return api.send({ ...call, method: api.method === 'GET' ? 'GET' : call.method }, ...rest);
          },
          read: (answer) => readBody(answer, settings.responseLimitBytes, memory),
          redact: makeRedactor(settings, options.headers),
        })
      ),
    close: () => client.close(),
  };
}

async function readExemplars(
  answer: HttpAnswer,
  redact: Redact,
  memory: AnswerMemory | undefined
): ReturnType<MetricSource['queryExemplars']> {
  const body = await readBody(answer, MAX_EXEMPLAR_BYTES, memory);
  try {
    return parseExemplars(body);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw error instanceof PromkeepError ? error : notPrometheus(answer, body, { message, cause: error }, redact);
  }
}

/** Seconds with as many decimals as needed; JavaScript prints no exponent in this range. */
function toSeconds(ms: number): string {
  return String(ms / 1000);
}
