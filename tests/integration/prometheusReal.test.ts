import { type CallOptions, type MetricSource, type RangeQuery } from '../../pkg/core/ports/metricSource';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { freePort } from '../../scripts/stack/ports';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { describeSourceContract } from '../contracts/sourceContract';

jest.setTimeout(120_000);

/** A Prometheus that scrapes itself each second. */
async function startSelfScraping(flags: string[] = []): Promise<RunningPrometheus> {
  const port = await freePort();
  const config = `
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: self
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
`;
  return startPrometheus({ config, port, flags });
}

const live = (): CallOptions => ({ signal: new AbortController().signal });

describeSourceContract('createPrometheusSource on Prometheus', async () => {
  const prometheus = await startPrometheus({ config: 'global: {}' });
  const source = createPrometheusSource(plainPrometheusSettings(prometheus.url));
  return { source, dispose: () => prometheus.stop() };
});

describeSourceContract('createPrometheusSource on Prometheus, by GET', async () => {
  const prometheus = await startPrometheus({ config: 'global: {}' });
  const source = createPrometheusSource(plainPrometheusSettings(`${prometheus.url}/`, { httpMethod: 'GET' }));
  return { source, dispose: () => prometheus.stop() };
});

describe('a Prometheus with data', () => {
  let prometheus: RunningPrometheus;
  let source: MetricSource;

  beforeAll(async () => {
    prometheus = await startSelfScraping(['--query.max-samples=20000000']);
    source = createPrometheusSource(plainPrometheusSettings(prometheus.url));
    await waitForData(source);
  });

  afterAll(async () => {
    await source.close();
    await prometheus.stop();
  });

  it('reads a real answer of more than 30 MB exactly as JSON.parse does', async () => {
    const query = manySamples(Date.now());
    const expected = await fetchJson(prometheus.url, query);
    expect(expected.bytes).toBeGreaterThan(30e6);

    const { series } = await source.queryRange(query, live());

    expect(series.map((one) => one.labels)).toEqual(expected.result.map((one) => one.metric));
    let differences = 0;
    let samples = 0;
    series.forEach(({ timesMs, values }, s) => {
      const pairs = expected.result[s].values;
      samples += values.length;
      differences += pairs.length === values.length ? 0 : 1;
      for (let i = 0; i < values.length; i++) {
        const same = Object.is(values[i], toNumber(pairs[i][1])) && timesMs[i] === Math.round(pairs[i][0] * 1000);
        differences += same ? 0 : 1;
      }
    });
    expect(samples).toBeGreaterThan(500_000);
    expect(differences).toBe(0);
  });

  it('stops reading beyond the response limit', async () => {
    const limited = createPrometheusSource(plainPrometheusSettings(prometheus.url, { responseLimitBytes: 1_000_000 }));
    await expect(limited.queryRange(manySamples(Date.now()), live())).rejects.toMatchObject({
      code: 'SOURCE_RESPONSE_TOO_LARGE',
      message: expect.stringContaining('1000000 bytes'),
    });
    await limited.close();
  });

  it('gives up at its own time limit, and passes on the one of Prometheus', async () => {
    const slow = manySamples(Date.now());
    const hasty = createPrometheusSource(plainPrometheusSettings(prometheus.url, { timeoutMs: 20 }));
    await expect(hasty.queryRange(slow, live())).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT', status: 504 });
    await hasty.close();
    const bounded = createPrometheusSource(plainPrometheusSettings(prometheus.url, { queryTimeout: '1ms' }));
    await expect(bounded.queryRange(slow, live())).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      status: 503,
      message: expect.stringMatching(/^timeout: query timed out/),
    });
    await bounded.close();
  });

  it('cancels the query in Prometheus when the caller goes', async () => {
    const controller = new AbortController();
    const pending = source.queryRange(manySamples(Date.now()), { signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    await expect(pending).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
  });

  it('passes on what Prometheus says of a query it cannot execute', async () => {
    const query = { expr: '{__name__=~"go_.+"} + on() {__name__=~"go_.+"}', timeMs: Date.now() };
    await expect(source.queryInstant(query, live())).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      status: 422,
      message: expect.stringMatching(/^execution: found duplicate series/),
    });
  });

  it('has stats when they are asked for', async () => {
    const curious = createPrometheusSource({ ...plainPrometheusSettings(prometheus.url), queryStats: true });
    const { stats } = await curious.queryInstant({ expr: 'up', timeMs: Date.now() }, live());
    expect(stats).toMatchObject({ samples: { totalQueryableSamples: expect.any(Number) } });
    await curious.close();
  });

  // [Q4.1]
  it('passes resources through, with the status of a failure and the cache header of the browser', async () => {
    const headers = { 'X-Grafana-Cache': 'private, max-age=60', Cookie: 'no=business' };
    const body = Buffer.from('match[]=up&limit=5');
    const request = { method: 'POST', query: '', headers, body };
    const labels = await source.resource({ ...request, path: 'api/v1/labels' }, live());
    expect(labels).toMatchObject({
      status: 200,
      headers: { 'x-grafana-cache': 'y', 'cache-control': 'private, max-age=60', 'content-type': 'application/json' },
    });
    expect(JSON.parse(Buffer.from(labels.body).toString())).toMatchObject({ data: ['__name__', 'instance', 'job'] });
    // this path takes no POST: the form is asked as a query
    const values = await source.resource({ ...request, path: 'api/v1/label/job/values' }, live());
    expect(JSON.parse(Buffer.from(values.body).toString())).toMatchObject({ data: ['self'] });
    const bad = await source.resource({ ...request, path: 'api/v1/series', body: Buffer.from('match[]={') }, live());
    expect(bad.status).toBe(400);
    expect(bad.headers).not.toHaveProperty('cache-control');
    expect(JSON.parse(Buffer.from(bad.body).toString())).toMatchObject({ errorType: 'bad_data' });
  });
});

/** Every series of one scrape, turned by a sine so that its values have all their digits, at 4,000 points. */
function manySamples(nowMs: number): RangeQuery {
  // old enough for the scrapes before it to be complete, so that asking twice gives the same answer
  const endMs = Math.floor(nowMs / 1000) * 1000 - 2000;
  return {
    expr: 'label_replace({job="self"} @ end(), "kept_name", "$1", "__name__", "(.+)") * scalar(sin(vector(time())))',
    startMs: endMs - 3999 * 15_000,
    endMs,
    stepMs: 15_000,
  };
}

interface Matrix {
  bytes: number;
  result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }>;
}

async function fetchJson(url: string, { expr, startMs, endMs, stepMs }: RangeQuery): Promise<Matrix> {
  const body = new URLSearchParams({
    query: expr,
    start: String(startMs / 1000),
    end: String(endMs / 1000),
    step: String(stepMs / 1000),
  });
  const text = await (await fetch(`${url}/api/v1/query_range`, { method: 'POST', body })).text();
  const { data } = JSON.parse(text) as { data: { result: Matrix['result'] } };
  return { bytes: text.length, result: data.result };
}

function toNumber(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

async function waitForData(source: MetricSource): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const { series } = await source.queryInstant({ expr: 'up offset 4s == 1', timeMs: Date.now() }, live());
    if (series.length > 0) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('Prometheus did not scrape itself within 20 s');
}
