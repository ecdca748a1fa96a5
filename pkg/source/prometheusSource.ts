import { PromkeepError } from '../core/model/errors';
import { type MetricSource } from '../core/ports/metricSource';
import { type RawSource } from '../core/ports/rawSeries';
import { notPrometheus } from './answer/answerFailure';
import { type ApiCall, ApiCaller, type Redact } from './http/apiCaller';
import { parseBuildInfo } from './answer/buildInfoAnswer';
import { MAX_EXEMPLAR_BYTES, parseExemplars } from './answer/exemplarAnswer';
import { createHttpClient, type HttpAnswer } from './http/httpClient';
import { type PrometheusSettings, type ProxySettings } from './settings/prometheusSettings';
import { type AnswerMemory, readBody } from './answer/readAnswer';
import { makeRedactor } from './http/redaction';
import { createRawSource } from './remoteRead/rawSource';
import { passResource } from './resources/resources';
import { ChargedCalls, type SharedParts } from './chargedCalls';

const BUILD_INFO_BYTES = 1024 * 1024;
/** Where a resource call evaluates an expression, for no longer than the Admin lets a query take. */
const QUERY_PATHS = /^api\/v1\/query(_range)?$/;

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
  shared: SharedParts = {}
): MetricSource & RawSource {
  const client = createHttpClient(settings, proxies);
  const api = new ApiCaller(settings, client);
  const calls = new ChargedCalls(settings, api, shared);
  return {
    queryRange: ({ expr, startMs, endMs, stepMs, maxSeries }, options) =>
      calls.query(
        'api/v1/query_range',
        { query: expr, start: toSeconds(startMs), end: toSeconds(endMs), step: toSeconds(stepMs) },
        options,
        maxSeries
      ),
    queryInstant: ({ expr, timeMs }, options) =>
      calls.query('api/v1/query', { query: expr, time: toSeconds(timeMs) }, options),
    async serverTimeMs(options) {
      // Without a time parameter Prometheus evaluates at its own now.
      const { series } = await calls.query('api/v1/query', { query: 'time()' }, options);
      const seconds = series[0]?.values[0];
      if (seconds === undefined) {
        throw new PromkeepError('SOURCE_NOT_PROMETHEUS', 'The source does not tell its time: time() has no value.');
      }
      return seconds * 1000;
    },
    queryExemplars({ expr, startMs, endMs }, options) {
      const parameters = new URLSearchParams({ query: expr, start: toSeconds(startMs), end: toSeconds(endMs) });
      return calls.charged(options, (memory) =>
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
      calls.charged(options, (memory) =>
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
    ...createRawSource({ settings, api, calls }),
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
