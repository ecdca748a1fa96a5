import { isRecord } from '../../src/contract/lenient';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type Label, type RawSeries } from '../../pkg/core/model/rawSeries';
import { type MetricSource } from '../../pkg/core/ports/metricSource';
import { createProgramMetrics } from '../../pkg/metrics/programMetrics';
import { readSeriesSelector } from '../../pkg/promql/seriesSelector';
import { chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { createHttpServer, type HttpServer } from '../../pkg/server/httpServer';
import { freePort } from '../../scripts/stack/ports';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { ampleMemory } from '../fakes/ampleMemory';
import { MemoryLogger } from '../fakes/callers';
import { keptRaw } from '../fakes/keptRaw';
import { until } from './promkeepProgram';

/** Prometheus' API at our address: a real source that scrapes itself, a real engine that holds nothing, history of yesterday. */
jest.setTimeout(60_000);

const STEP_MS = 15_000;
const NOW_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS;
const OLD_MS = NOW_MS - 86_400_000;

let source: RunningPrometheus;
let engine: RunningPrometheus;
let engineOfBoth: RunningPrometheus;
let server: HttpServer;
let url = '';
let isAway = false;
const clients: MetricSource[] = [];

const label = (name: string, value: string): Label => ({ name, value });

function old(labels: Label[]): RawSeries {
  const timesMs = Float64Array.from({ length: 240 }, (_, i) => OLD_MS + i * STEP_MS);
  return { labels, chunks: chunksOfSamples({ timesMs, values: timesMs.map((_, i) => i) }) };
}

function clientOf(prometheus: RunningPrometheus): MetricSource {
  const client = createPrometheusSource(plainPrometheusSettings(prometheus.url));
  clients.push(client);
  return client;
}

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  source = await startPrometheus({
    config: `global: {scrape_interval: 1s}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ['127.0.0.1:${await freePort()}']}]
rule_files: [rules.yml]
remote_read: [{url: '${url}/api/v1/read'}]
`,
    files: { 'rules.yml': 'groups: [{name: g, rules: [{record: a:b, expr: "vector(1)"}]}]\n' },
  });
  engine = await startPrometheus({
    config: `scrape_configs: []
remote_read: [{url: '${url}/api/v1/read', read_recent: true}]
`,
  });
  engineOfBoth = await startPrometheus({
    config: `scrape_configs: []
remote_read:
  - {url: '${url}/api/v1/read', read_recent: true}
  - {url: '${source.url}/api/v1/read', read_recent: true}
`,
  });
  const history = await keptRaw(
    [
      old([label('__name__', 'node_load1'), label('job', 'gone')]),
      old([label('__name__', 'up'), label('job', 'gone')]),
    ],
    () => {
      if (isAway) {
        throw new PromkeepError('ARCHIVE_UNREACHABLE', 'PostgreSQL is away.');
      }
    }
  );
  await history.writeMetadata([{ metric: 'node_load1', type: 'gauge', help: '1m load average.', unit: '' }]);
  server = await createHttpServer({
    access: { host: '127.0.0.1', allowedHosts: [] },
    ...{ port, routes: [], checks: [], logger: new MemoryLogger(), budget: ampleMemory() },
    ...{ maxConcurrentQueries: 10, requestTimeoutMs: 10_000, metrics: createProgramMetrics('1', ampleMemory()) },
    remoteRead: { history, externalLabels: {}, limits: { maxSamples: 1e6, maxSeries: 1_000, maxConcurrent: 10 } },
    prometheusApi: {
      ...{ source: clientOf(source), engine: clientOf(engine), history, readSelector: readSeriesSelector },
      ...{ clock: { nowMs: () => Date.now() }, maxSeries: 1_000 },
    },
  });
  await server.listen();
  await until('the source has scraped', async () => {
    const response = await fetch(`${source.url}/api/v1/query?query=up`);
    return (await response.text()).includes('"job":"prometheus"');
  });
});

afterAll(async () => {
  await server?.close();
  await Promise.all(clients.map((client) => client.close()));
  await engineOfBoth?.stop();
  await engine?.stop();
  await source?.stop();
});

interface Answer {
  status: string;
  data: unknown;
  error?: string;
}

async function get(path: string, init: RequestInit = {}): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${url}/api/v1/${path}`, init);
  return { status: response.status, body: (await response.json()) as Answer };
}

const OLD_RANGE = `start=${OLD_MS / 1000}&end=${(OLD_MS + 240 * STEP_MS) / 1000}`;

it('evaluates over the archive, by GET and by POST', async () => {
  const query = `sum_over_time(node_load1[1h]) + sum_over_time(up[1h])`;
  const at = String((OLD_MS + 239 * STEP_MS) / 1000);
  const wanted = { resultType: 'vector', result: [{ metric: { job: 'gone' }, value: [Number(at), '57360'] }] };
  expect((await get(`query?${new URLSearchParams({ query, time: at })}`)).body.data).toEqual(wanted);
  const body = new URLSearchParams({ query, time: at });
  expect((await get('query', { method: 'POST', body })).body.data).toEqual(wanted);
  const range = await get(`query_range?query=node_load1&${OLD_RANGE}&step=15`);
  expect(range.body.data).toMatchObject({ result: [{ metric: { __name__: 'node_load1', job: 'gone' } }] });
});

it('unites labels, values and series of both', async () => {
  const { body } = await get(`label/job/values`);
  expect(body.data).toEqual(['gone', 'prometheus']);
  expect((await get(`label/job/values?${OLD_RANGE}`)).body.data).toEqual(['gone']);
  expect((await get(`label/job/values?start=${Date.now() / 1000 - 60}`)).body.data).toEqual(['prometheus']);
  expect((await get('labels?match[]=node_load1')).body.data).toEqual(['__name__', 'job']);
  expect((await get('series?match[]=up')).body.data).toEqual([
    expect.objectContaining({ __name__: 'up', job: 'prometheus' }),
    { __name__: 'up', job: 'gone' },
  ]);
});

it('has what Grafana’s own datasource asks for: Save & test, the metrics browser, Explore', async () => {
  const asked = {
    'query?query=1%2B1&time=4': { resultType: 'scalar', result: [4, '2'] },
    'status/buildinfo': expect.objectContaining({ version: expect.any(String) }),
    metadata: expect.objectContaining({ node_load1: [{ type: 'gauge', help: '1m load average.', unit: '' }] }),
    'metadata?limit=1&metric=node_load1': expect.anything(),
    rules: expect.objectContaining({ groups: [expect.objectContaining({ name: 'g' })] }),
    alerts: { alerts: [] },
    [`query_exemplars?query=up&${OLD_RANGE}`]: [],
    'label/__name__/values?match[]=%7Bjob%3D%22gone%22%7D': ['node_load1', 'up'],
    'format_query?query=up%2Bup': 'up + up',
    'status/tsdb': expect.objectContaining({ headStats: expect.objectContaining({ minTime: OLD_MS }) }),
  };
  const answers = await Promise.all(Object.keys(asked).map(async (path) => [path, (await get(path)).body.data]));
  expect(Object.fromEntries(answers)).toEqual(asked);
});

it.each([
  ['one Prometheus that asks us for what it does not hold', () => source],
  ['an empty one that asks us and the source', () => engineOfBoth],
])('%s has old and new', async (_, prometheus) => {
  const asked = new URLSearchParams({ query: 'last_over_time(up[1d6h]) * 0 + 1' });
  const { data } = (await (await fetch(`${prometheus().url}/api/v1/query?${asked}`)).json()) as Answer;
  const jobs = isRecord(data) && Array.isArray(data.result) ? data.result.map(({ metric }) => metric.job) : [];
  expect(jobs.sort()).toEqual(['gone', 'prometheus']);
  const now = await fetch(`${prometheus().url}/api/v1/query?query=count(up)`);
  expect(await now.json()).toMatchObject({ data: { result: [{ value: [expect.any(Number), '1'] }] } });
});

it('hands faults of an expression over as they are', async () => {
  expect(await get('query?query=up%7B')).toMatchObject({ status: 400, body: { errorType: 'bad_data' } });
});

it('says so when the archive cannot be read, where the engine alone would answer that there is nothing', async () => {
  isAway = true;
  const direct = await fetch(`${engine.url}/api/v1/query?query=up`);
  const ours = await Promise.all(
    ['query?query=up', `query_range?query=up&${OLD_RANGE}&step=15`, 'labels', 'series?match[]=up'].map((path) =>
      get(path)
    )
  );
  isAway = false;
  expect(await direct.json()).toMatchObject({ status: 'success', data: { result: [] } });
  expect(ours.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
  expect(ours.every(({ body }) => body.error?.includes('PostgreSQL is away.'))).toBe(true);
});

it('is asked by promtool', async () => {
  const run = async (...args: string[]): Promise<string> => (await promisify(execFile)('promtool', args)).stdout;
  const time = new Date(OLD_MS + STEP_MS).toISOString();
  expect(await run('query', 'instant', `--time=${time}`, url, 'node_load1')).toContain('node_load1{job="gone"} => 1 @');
  expect(await run('query', 'labels', url, 'job')).toBe('gone\nprometheus\n');
  const bounds = [`--start=${OLD_MS / 1000}`, `--end=${NOW_MS / 1000}`];
  expect(await run('query', 'series', '--match=node_load1', ...bounds, url)).toContain('job="gone"');
});
