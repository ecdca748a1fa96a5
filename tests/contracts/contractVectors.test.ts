import { alignRange } from '../../pkg/core/model/alignment';
import { type QueryFilters } from '../../pkg/core/query/queryModel';
import { expandMacros, type MacroInput } from '../../pkg/core/query/macros';
import { describeFrames } from '../../pkg/core/query/queryMeta';
import { seriesNamer } from '../../pkg/core/query/legend';
import { type Series } from '../../pkg/core/model/series';
import { framesOf } from '../../pkg/core/frames/seriesFrames';
import { resolveStepMs } from '../../pkg/core/query/step';
import { escapeLabelName } from '../../pkg/core/datasource/suggestions';
import { type DatasourceSettings } from '../../pkg/core/ports/datasource';
import { AnswerParser } from '../../pkg/source/answer/parser/answerParser';
import { refusalOf } from '../../pkg/source/answer/parser/queryAnswer';
import { failedStatus } from '../../pkg/source/answer/answerFailure';
import { composeRequest } from '../../pkg/source/http/requestParts';
import { readResourcePath } from '../../pkg/source/resources/allowedPaths';
import { parsePrometheusSettings } from '../../pkg/source/settings/settings';
import { describeTransportFailure } from '../../pkg/source/http/transportFailure';
import { applyFilters } from '../../pkg/promql/applyFilters';
import { readPoints } from './contractPoints';

/**
 * What Grafana's datasource gives, and what comes out here. Where the two differ on purpose, `deviation` names the point of
 * docs/contract/query.md that says why; without one they must be equal.
 */
interface Vector {
  section: string;
  what: string;
  contract: unknown;
  ours: () => unknown;
  deviation?: { item: string; ours: unknown };
}

const HOUR_MS = 3_600_000;
const NONE: QueryFilters = { scopes: [], adhoc: [], groupBy: [] };
const filter = (key: string, operator: string, value: string, values: string[] = []) => ({
  key,
  operator,
  value,
  values,
});

function step(part: Partial<Parameters<typeof resolveStepMs>[0]>): number {
  const base = { interval: '', intervalMs: 0, intervalFactor: 1, scrapeInterval: '', maxDataPoints: 1_000 };
  return resolveStepMs({ ...base, range: { fromMs: 0, toMs: HOUR_MS }, ...part });
}

function macro(expr: string, part: Partial<MacroInput>): string {
  const base = { stepMs: 15_000, range: { fromMs: 0, toMs: HOUR_MS }, interval: '', scrapeInterval: '' };
  return expandMacros(expr, { ...base, requestIntervalMs: 15_000, ...part });
}

function settings(jsonData: unknown, part: Partial<DatasourceSettings> = {}) {
  const base = { uid: 'u', name: 'n', orgId: 1, url: 'http://h:9090', user: '', basicAuthUser: '' };
  return parsePrometheusSettings({
    ...base,
    basicAuthEnabled: false,
    secrets: {},
    grafanaConfig: {},
    jsonData,
    ...part,
  });
}

function series(part: Partial<Series>): Series {
  return { labels: { __name__: 'm' }, timesMs: Float64Array.of(1_000), values: Float64Array.of(1), ...part };
}

const HISTOGRAMS: Series['histograms'] = {
  timesMs: Float64Array.of(2_000),
  counts: Float64Array.of(1),
  sums: Float64Array.of(1),
  bucketStart: Uint32Array.of(0, 1),
  bucketRule: Int8Array.of(0),
  bucketLower: Float64Array.of(1),
  bucketUpper: Float64Array.of(2),
  bucketCount: Float64Array.of(1),
};

function frames(all: Series[], stepMs = 15_000) {
  const result = { resultType: 'matrix' as const, series: all, warnings: [], infos: [] };
  return describeFrames(framesOf(result), { expr: 'm', stepMs, legendFormat: '' }, result);
}

function refusalText(body: string): string | undefined {
  const parser = new AnswerParser();
  parser.feed(Buffer.from(body));
  return refusalOf(parser.finish())?.error;
}

function status(code: number): number {
  const answer = {
    ...{ status: code, statusLine: `${code}`, host: 'h' },
    ...{ header: () => undefined, body: (async function* () {})() },
  };
  return failedStatus(answer, Buffer.from('no'), (text) => text).status;
}

function target(jsonData: object): string {
  const parameters = new URLSearchParams({ query: 'up' });
  return composeRequest(settings(jsonData).settings, { method: 'GET', path: 'api/v1/query', parameters }, {}).target;
}

const day = { fromMs: Date.parse('2022-01-11T08:25:30.123Z'), toMs: Date.parse('2022-01-11T09:25:30.123Z') };

const VECTORS: Vector[] = [
  { section: '[Q1.3]', what: 'no interval at all', contract: 15_000, ours: () => step({}) },
  {
    section: '[Q1.3]',
    what: 'a Min step of 24 h may become 12 h',
    contract: 12 * HOUR_MS,
    ours: () => step({ interval: '24h', range: { fromMs: 0, toMs: 24 * HOUR_MS * 100 }, maxDataPoints: 100 }),
  },
  {
    section: '[Q1.3]',
    what: 'the anchor with $__rate_interval',
    contract: 150_000,
    ours: () =>
      step({
        interval: '$__rate_interval',
        intervalMs: 120_000,
        scrapeInterval: '30s',
        maxDataPoints: 12_384,
        range: { fromMs: 0, toMs: 48 * HOUR_MS },
      }),
  },
  {
    section: '[Q1.3]',
    what: '17.4 s and 11,000 points',
    contract: 15_000,
    ours: () => step({ intervalMs: 1, maxDataPoints: 20_000, range: { fromMs: 0, toMs: 11_000 * 17_400 } }),
    deviation: { item: '[Q7.6]', ours: 20_000 },
  },
  {
    section: '[Q1.4]',
    what: 'a day at an offset of -5:30',
    contract: { fromMs: 1_641_879_000_000, toMs: 1_641_879_000_000 },
    ours: () => alignRange(day, 86_400_000, -19_800),
  },
  {
    section: '[Q1.4]',
    what: 'a step of 10 ms',
    contract: '1705590315.6499999',
    ours: () => String(alignRange({ fromMs: 1_705_590_315_655, toMs: 0 }, 10, 0).fromMs / 1_000),
    deviation: { item: '[Q7.15]', ours: '1705590315.65' },
  },
  {
    section: '[Q1.5]',
    what: 'scrape 30 s and Min step 150 s',
    contract: '[10m0s]',
    ours: () => macro('[$__rate_interval]', { stepMs: 150_000, interval: '150s', scrapeInterval: '30s' }),
  },
  {
    section: '[Q1.5]',
    what: 'the range',
    contract: '3600000 3600 3600s',
    ours: () => macro('$__range_ms ${__range_s} $__range', {}),
  },
  {
    section: '[Q1.5]',
    what: 'an interval of 90 s',
    contract: '1m 6m0s 90000',
    ours: () => macro('$__interval $__rate_interval $__interval_ms', { stepMs: 90_000, interval: '90s' }),
    deviation: { item: '[Q7.5]', ours: '90s 6m0s 90000' },
  },
  {
    section: '[Q1.6]',
    what: 'scopes, ad hoc and group-by of the reference',
    contract: 'sum by (job) (rate(up{b="1",zone=~"eu|us",a=~"p|q"}[1m]))',
    ours: () =>
      applyFilters('sum by (job) (rate(up{b="1",zone=~"x"}[1m]))', {
        scopes: [filter('zone', 'equals', 'eu'), filter('zone', 'equals', 'us')],
        adhoc: [filter('a', 'one-of', '', ['p', 'q'])],
        groupBy: ['job'],
      }),
  },
  {
    section: '[Q1.6]',
    what: 'two exclusions of one label',
    contract: 'up{zone=~"eu|us"}',
    ours: () =>
      applyFilters('up', { ...NONE, scopes: [filter('zone', 'not-equals', 'eu'), filter('zone', 'not-equals', 'us')] }),
    deviation: { item: '[Q7.14]', ours: 'up{zone!~"eu|us"}' },
  },
  {
    section: '[Q2.1]',
    what: 'a GET',
    contract: '/api/v1/query?a=1&query=up',
    ours: () => target({ httpMethod: 'GET', customQueryParameters: 'a=1' }),
  },
  {
    section: '[Q2.1]',
    what: 'a custom parameter named query',
    contract: '/api/v1/query?query=up&query=zz',
    ours: () => target({ httpMethod: 'GET', customQueryParameters: 'query=zz' }),
    deviation: { item: '[Q7.12]', ours: '/api/v1/query?query=up' },
  },
  { section: '[Q2.2]', what: 'no timeout set', contract: 30_000, ours: () => settings({}).settings.timeoutMs },
  {
    section: '[Q2.2]',
    what: 'a timeout that is a text',
    contract: 0,
    ours: () => settings({ timeout: '60' }).settings.timeoutMs,
    deviation: { item: '[Q7.16]', ours: 60_000 },
  },
  {
    section: '[Q2.2]',
    what: 'a number where a text is expected',
    contract: 'every call fails',
    ours: () => settings({ queryTimeout: 60 }).settings.queryTimeout,
    deviation: { item: '[Q7.3]', ours: '60' },
  },
  { section: '[Q2.4]', what: 'status 400', contract: 400, ours: () => status(400) },
  {
    section: '[Q2.4]',
    what: 'status 403',
    contract: 500,
    ours: () => status(403),
    deviation: { item: '[Q7.1]', ours: 403 },
  },
  {
    section: '[Q2.4]',
    what: 'nobody listens',
    contract: 'Post "http://h:9090/api/v1/query?token=geheim": dial tcp: connect: connection refused',
    ours: () =>
      describeTransportFailure({ code: 'ECONNREFUSED' }, { host: 'h:9090', answered: false, bytes: 0 }).message,
    deviation: {
      item: '[Q7.2]',
      ours: 'Cannot reach h:9090: connection refused; is it running, and is the port right?',
    },
  },
  {
    section: '[Q2.4]',
    what: 'an error of Prometheus',
    contract: 'parse error',
    ours: () => refusalText('{"status":"error","errorType":"bad_data","error":"parse error"}'),
  },
  {
    section: '[Q2.4]',
    what: 'an error of Prometheus behind data: null',
    contract: 'expected object type',
    ours: () => refusalText('{"data":null,"status":"error","errorType":"bad_data","error":"parse error"}'),
    deviation: { item: '[Q7.11]', ours: 'parse error' },
  },
  {
    section: '[Q3.2]',
    what: 'a matrix',
    contract: ['timeseries-multi'],
    ours: () => frames([series({})]).map(({ meta }) => meta?.type),
  },
  {
    section: '[Q3.2]',
    what: 'floats and histograms of one series',
    contract: ['heatmap-cells'],
    ours: () => frames([series({ histograms: HISTOGRAMS })]).map(({ meta }) => meta?.type),
    deviation: { item: '[Q7.7]', ours: ['timeseries-multi', 'heatmap-cells'] },
  },
  {
    section: '[Q3.3]',
    what: 'a legend with a missing label',
    contract: 'x ',
    ours: () => seriesNamer('x {{job}}', 'up')({ a: 'b' }),
  },
  { section: '[Q3.3]', what: 'the legend {}', contract: 'up', ours: () => seriesNamer('{}', 'up')({}) },
  {
    section: '[Q3.3]',
    what: 'a name with labels',
    contract: 'm{a="x", b="\\u00a0"}',
    ours: () => seriesNamer('', 'up')({ __name__: 'm', b: '\u00a0', a: 'x' }),
  },
  {
    section: '[Q3.3]',
    what: 'a step of 15 s',
    contract: 'Expr: m\nStep: 15s',
    ours: () => frames([])[0].meta?.executedQueryString,
  },
  {
    section: '[Q3.3]',
    what: 'a step of 90 s',
    contract: 'Expr: m\nStep: 1m30s',
    ours: () => frames([], 90_000)[0].meta?.executedQueryString,
    deviation: { item: '[Q7.21]', ours: 'Expr: m\nStep: 90s' },
  },
  {
    section: '[Q3.3]',
    what: 'nothing found, with the exemplar flag',
    contract: 0,
    ours: () => frames([]).length,
    deviation: { item: '[Q7.9]', ours: 1 },
  },
  {
    section: '[Q4.1]',
    what: 'labels',
    contract: 'GET or POST',
    ours: () => readResourcePath('api/v1/labels')?.methods,
  },
  {
    section: '[Q4.1]',
    what: 'a path that ends Prometheus',
    contract: 'passed on',
    ours: () => readResourcePath('-/quit')?.methods,
    deviation: { item: '[Q7.13]', ours: undefined },
  },
  {
    section: '[Q4.1]',
    what: 'how suggestions ask for values',
    contract: 'POST',
    ours: () => readResourcePath('api/v1/label/job/values')?.methods,
    deviation: { item: '[Q7.4]', ours: 'GET' },
  },
  {
    section: '[Q4.1]',
    what: 'the path of a label with a slash',
    contract: 'a/b',
    ours: () => escapeLabelName('a/b'),
    deviation: { item: '[Q7.18]', ours: 'U__a_2f_b' },
  },
];

describe('what comes out is what the contract says', () => {
  const same = VECTORS.filter(({ deviation }) => !deviation).map((one): [string, Vector] => [
    `${one.section} ${one.what}`,
    one,
  ]);

  it.each(same)('%s', (_, { contract, ours }) => {
    expect(ours()).toEqual(contract);
  });
});

describe('what comes out differs where the contract says so', () => {
  const marks = new Map(readPoints('query.md').map(({ id, mark }) => [`[${id}]`, mark]));
  const differing = VECTORS.filter(({ deviation }) => deviation);

  it.each(differing.map((one): [string, Vector] => [`${one.deviation?.item}: ${one.what}`, one]))('%s', (_, vector) => {
    const { contract, ours, deviation } = vector;
    expect(marks.get(deviation?.item ?? '')).toBe('differs');
    expect(ours()).toEqual(deviation?.ours);
    expect(ours()).not.toEqual(contract);
  });

  it('with an example for each point that differs', () => {
    const points = [...marks].filter(([, mark]) => mark === 'differs').map(([item]) => item);
    expect(points.filter((item) => !differing.some(({ deviation }) => deviation?.item === item))).toEqual([]);
  });
});
