import { type SummaryMetric } from '../../../src/contract/summary';
import { clock, NOW_MS } from '../../../tests/fakes/callers';
import { type Evaluation, MemorySource } from '../../../tests/fakes/memorySource';
import { PromkeepError } from '../model/errors';
import { type Series } from '../model/series';
import { aggregateSeries } from './aggregate';
import { selectMetrics, summaryByKey, summaryValues } from './summaryByKey';
import { SUMMARY_DEFAULTS } from './summaryDefaults';
import { evaluateSummaryInstant, evaluateSummaryRange, type SummaryEvaluation } from './summaryEvaluate';

const METRIC: SummaryMetric = {
  key: 'cpu_usage',
  displayName: 'CPU usage',
  expr: 'cpu',
  unit: 'percent',
  thresholds: [
    { value: 80, state: 'warning' },
    { value: 90, state: 'critical' },
  ],
  aggregation: 'mean',
  job: 'node_exporter',
};

const TWO: Evaluation = () => [
  { labels: { instance: 'a' }, value: 80 },
  { labels: { instance: 'b' }, value: 90 },
];

function call() {
  return { signal: new AbortController().signal };
}

function over(
  vector: Evaluation,
  options: { groupBy?: string; toMs?: number; rangeMs?: number; stepMs?: number } = {}
): Promise<SummaryEvaluation> {
  const { groupBy = '', toMs = NOW_MS, rangeMs = 120_000, stepMs = 15_000 } = options;
  const deps = { source: new MemorySource({ cpu: { vector } }), clock, scrapeInterval: '' };
  return evaluateSummaryRange(deps, METRIC, { range: { fromMs: toMs - rangeMs, toMs }, stepMs, groupBy }, call());
}

function now(vector: Evaluation, groupBy = ''): Promise<SummaryEvaluation> {
  const deps = { source: new MemorySource({ cpu: { vector } }), clock, scrapeInterval: '' };
  return evaluateSummaryInstant(deps, METRIC, { timeMs: NOW_MS, groupBy }, call());
}

/** A series that ends at a time. */
function until(endMs: number): Evaluation {
  return (timeMs) => (timeMs <= endMs ? [{ labels: { instance: 'a' }, value: 1 }] : []);
}

describe('evaluateSummaryRange', () => {
  // [R10]
  it('aggregates several series, never picks the first', async () => {
    const { groups } = await over(TWO);
    expect(groups.map(({ value }) => value)).toEqual([
      {
        key: 'cpu_usage',
        displayName: 'CPU usage',
        unit: 'percent',
        group: {},
        value: 85,
        state: 'warning',
        lastSeenMs: NOW_MS,
      },
    ]);
    expect([...groups[0].samples.values]).toEqual(Array(9).fill(85));
  });

  it('gives one value per value of a label when grouped', async () => {
    const { groups } = await over(TWO, { groupBy: 'instance' });
    expect(groups.map(({ value }) => [value.group, value.value, value.state])).toEqual([
      [{ instance: 'a' }, 80, 'warning'],
      [{ instance: 'b' }, 90, 'critical'],
    ]);
  });

  it('is null and names the job when there is no series', async () => {
    const [{ value, samples }] = (await over(() => [])).groups;
    expect(value).toMatchObject({
      value: null,
      state: 'no-data',
      noDataReason: 'no series: is the job node_exporter scraped?',
    });
    expect(samples.timesMs.length).toBe(0);
  });

  it('is null and says since when, once the series has stopped', async () => {
    const [{ value, samples }] = (await over(until(NOW_MS - 75_000))).groups;
    expect(value).toMatchObject({
      value: null,
      noDataReason: 'no data since 2025-12-31T23:58:45Z',
      lastSeenMs: NOW_MS - 75_000,
    });
    expect(samples.timesMs.length).toBe(4);
  });

  it('forgives one late scrape', async () => {
    expect((await over(until(NOW_MS - 60_000))).groups[0].value.value).toBe(1);
  });

  it.each([
    [NaN, 'the newest value is NaN'],
    [Infinity, 'the newest value is +Inf'],
    [-Infinity, 'the newest value is -Inf'],
  ])('is null for %p, which is no value', async (value, noDataReason) => {
    const { groups } = await over(() => [{ labels: {}, value }]);
    expect(groups[0].value).toMatchObject({ value: null, state: 'no-data', noDataReason });
  });

  it('does not ask beyond now, where there can be no data', async () => {
    const { groups } = await over(until(NOW_MS), { toMs: NOW_MS + 3_600_000, rangeMs: 3_660_000 });
    expect(groups[0].value).toMatchObject({ value: 1, lastSeenMs: NOW_MS });
  });

  it('ends with a fresh value however long the step is', async () => {
    const { groups } = await over(TWO, { toMs: NOW_MS - 1_000, rangeMs: 86_400_000, stepMs: 3_600_000 });
    expect(groups[0].value.lastSeenMs).toBe(NOW_MS - 15_000);
    expect(groups[0].samples.timesMs.length).toBe(24);
  });

  it('is null with the text of Prometheus when the query fails, and keeps the failure', async () => {
    const source = new MemorySource({});
    source.failure = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
    const range = { fromMs: NOW_MS - 60_000, toMs: NOW_MS };
    const deps = { source, clock, scrapeInterval: '' };
    const evaluation = await evaluateSummaryRange(deps, METRIC, { range, stepMs: 15_000, groupBy: '' }, call());
    expect(evaluation.failure).toBe(source.failure);
    expect(evaluation.groups[0].value).toMatchObject({ value: null, noDataReason: 'query failed: connection refused' });
  });

  it('throws when the caller has gone, since nobody reads the reason', async () => {
    const deps = { source: new MemorySource({ cpu: { vector: TWO } }), clock, scrapeInterval: '' };
    const range = { fromMs: NOW_MS, toMs: NOW_MS };
    const gone = { signal: AbortSignal.abort() };
    await expect(
      evaluateSummaryRange(deps, METRIC, { range, stepMs: 15_000, groupBy: '' }, gone)
    ).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
  });
});

describe('evaluateSummaryInstant', () => {
  it('gives one number per group', async () => {
    expect((await now(TWO)).groups.map(({ value }) => value.value)).toEqual([85]);
    expect((await now(TWO, 'instance')).groups.map(({ value }) => value.value)).toEqual([80, 90]);
  });

  it('looks back for the last sample when there is none now', async () => {
    const { groups } = await now(until(NOW_MS - 3_600_000));
    expect(groups[0].value).toMatchObject({
      value: null,
      noDataReason: 'no data since 2025-12-31T23:00:00Z',
      lastSeenMs: NOW_MS - 3_600_000,
    });
    expect((await now(() => [])).groups[0].value.noDataReason).toBe('no series: is the job node_exporter scraped?');
  });

  it('refuses an expression that gives a text', async () => {
    const deps = { source: new MemorySource({ cpu: { string: 'abc' } }), clock, scrapeInterval: '' };
    const { groups } = await evaluateSummaryInstant(deps, METRIC, { timeMs: NOW_MS, groupBy: '' }, call());
    expect(groups[0].value.noDataReason).toBe('query failed: the expression gives a text, not a number');
  });
});

describe('a metric that is hidden without its job', () => {
  const hidden = { ...METRIC, hiddenWithoutJob: true };
  const evaluate = (isScraped: boolean, vector: Evaluation) => {
    const asked = (timeMs: number) => (isScraped && timeMs > 0 ? [{ labels: {}, value: 1 }] : []);
    const source = new MemorySource({
      cpu: { vector },
      'count(last_over_time(up{job="node_exporter"}[120000ms]))': { vector: asked },
      'count(last_over_time(up{job="node_exporter"}[21600000ms]))': { vector: asked },
    });
    const deps = { source, clock, scrapeInterval: '' };
    const range = { fromMs: NOW_MS - 120_000, toMs: NOW_MS };
    return Promise.all([
      evaluateSummaryRange(deps, hidden, { range, stepMs: 15_000, groupBy: '' }, call()),
      evaluateSummaryInstant(deps, hidden, { timeMs: NOW_MS, groupBy: '' }, call()),
    ]);
  };

  it('shows nothing while nothing scrapes the job', async () => {
    expect((await evaluate(false, () => [])).map(({ groups }) => groups)).toEqual([[], []]);
  });

  it('says "no data" when the job is scraped and gives nothing', async () => {
    const evaluations = await evaluate(true, () => []);
    expect(evaluations.map(({ groups }) => groups.map(({ value }) => value.value))).toEqual([[null], [null]]);
  });

  it('stays while its series are in the range, even when the job has gone', async () => {
    const evaluations = await evaluate(false, until(NOW_MS - 100_000));
    expect(evaluations.map(({ groups }) => groups.length)).toEqual([1, 1]);
  });
});

describe('aggregateSeries', () => {
  const series = (...samples: Array<[number, number]>): Series => ({
    labels: {},
    timesMs: Float64Array.from(samples, ([timeMs]) => timeMs),
    values: Float64Array.from(samples, ([, value]) => value),
  });

  it.each([
    ['sum', [1, 12, 20]],
    ['mean', [1, 6, 20]],
    ['max', [1, 10, 20]],
    ['min', [1, 2, 20]],
  ] as const)('takes the %s of what exists at each time', (aggregation, values) => {
    const row = aggregateSeries([series([1, 1], [2, 2]), series([2, 10], [3, 20])], aggregation);
    expect([...row.timesMs]).toEqual([1, 2, 3]);
    expect([...row.values]).toEqual(values);
  });

  it('treats NaN as PromQL does', () => {
    const both = [series([1, NaN]), series([1, 5])];
    expect([...aggregateSeries(both, 'sum').values]).toEqual([NaN]);
    expect([...aggregateSeries(both, 'max').values]).toEqual([5]);
    expect([...aggregateSeries([...both].reverse(), 'min').values]).toEqual([5]);
  });
});

describe('summaryByKey', () => {
  const source = (present: string[]) =>
    new MemorySource(
      Object.fromEntries(
        SUMMARY_DEFAULTS.map(({ expr, key }, i): [string, { vector: Evaluation }] => [
          expr,
          { vector: () => (present.includes(key) ? [{ labels: {}, value: i + 1 }] : []) },
        ])
      )
    );
  const keys = SUMMARY_DEFAULTS.map(({ key }) => key);

  it('has exactly the four keys when all have values', async () => {
    const values = await summaryValues(
      { source: source(keys), clock, scrapeInterval: '' },
      SUMMARY_DEFAULTS,
      '',
      call()
    );
    expect(summaryByKey(values)).toEqual({ cpu_usage: 1, memory_usage: 2, active_connections: 3, request_rate: 4 });
  });

  // [R10]
  it('has null, never 0, for what is missing, and its reason', async () => {
    const values = await summaryValues(
      { source: source(['cpu_usage']), clock, scrapeInterval: '' },
      SUMMARY_DEFAULTS,
      '',
      call()
    );
    expect(summaryByKey(values)).toEqual({
      cpu_usage: 1,
      memory_usage: null,
      active_connections: null,
      request_rate: null,
      reasons: {
        memory_usage: 'no series: is the job node_exporter scraped?',
        active_connections: 'no series: is the job postgresql_exporter scraped?',
        request_rate: 'no series: is the job custom_app scraped?',
      },
    });
  });

  it('selects metrics in the wanted order and names the known ones otherwise', () => {
    expect(selectMetrics(SUMMARY_DEFAULTS, ['request_rate', 'cpu_usage']).map(({ key }) => key)).toEqual([
      'request_rate',
      'cpu_usage',
    ]);
    expect(selectMetrics(SUMMARY_DEFAULTS, [])).toEqual(SUMMARY_DEFAULTS);
    expect(() => selectMetrics(SUMMARY_DEFAULTS, ['cpu'])).toThrow(/"cpu".*cpu_usage, memory_usage/);
  });
});
