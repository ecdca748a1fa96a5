import { startNodeExporter } from '../../scripts/stack/exporters';
import { freePort } from '../../scripts/stack/ports';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';
import { getJson, serve, until, type ServingProgram } from './promkeepProgram';

/** `promkeep serve` as a process, on a real Prometheus that scrapes a real node exporter, without an archive. */
jest.setTimeout(90_000);

let exporter: Awaited<ReturnType<typeof startNodeExporter>>;
let prometheus: RunningPrometheus;
let promkeep: ServingProgram;

beforeAll(async () => {
  exporter = await startNodeExporter();
  prometheus = await startPrometheus({
    config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: node_exporter
    static_configs: [{targets: ['127.0.0.1:${exporter.port}']}]
`,
  });
  promkeep = await serve({ environment: { PROMETHEUS_URL: prometheus.url } });
});

afterAll(async () => {
  await promkeep?.process.stop();
  await prometheus?.stop();
  await exporter?.stop();
});

const get = (path: string): ReturnType<typeof getJson> => getJson(`${promkeep.url}${path}`);

describe('/api/metrics/summary', () => {
  // [R10]
  it('has the four keys, values where there is data, and null with a reason where not', async () => {
    const body = await until('CPU and memory have values', async () => {
      const answer = await get('/api/metrics/summary');
      return isRecord(answer.body) && typeof answer.body.cpu_usage === 'number' && answer.body;
    });
    expect(Object.keys(body)).toEqual(['cpu_usage', 'memory_usage', 'active_connections', 'request_rate', 'reasons']);
    expect(body.memory_usage).toBeGreaterThan(0);
    expect(body.memory_usage).toBeLessThan(100);
    expect(body).toMatchObject({
      active_connections: null,
      request_rate: null,
      reasons: {
        active_connections: expect.stringContaining('postgresql_exporter'),
        request_rate: expect.stringContaining('custom_app'),
      },
    });
  });
});

describe('/api/standard', () => {
  // [R5]
  it('gives standard records of an instant query', async () => {
    const { status, body } = await get('/api/standard?query=up');
    expect(status).toBe(200);
    expect(body).toEqual({
      records: [
        {
          metric_name: 'up',
          metric_value: 1,
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          labels: { instance: `127.0.0.1:${exporter.port}`, job: 'node_exporter' },
          source: 'prometheus',
          data_type: 'metric',
        },
      ],
      warnings: [],
      infos: [],
    });
  });

  it('gives one record a point of a range, named by the query, with NaN and infinities as strings', async () => {
    const expr = encodeURIComponent('vector(time() - 1767225660) / 0');
    const { body } = await get(`/api/standard?query=${expr}&start=2026-01-01T00:00:00Z&end=1767225720&step=1m`);
    const records = isRecord(body) && Array.isArray(body.records) ? body.records : [];
    expect(records.map(({ timestamp, metric_value }) => [timestamp, metric_value])).toEqual([
      ['2026-01-01T00:00:00.000Z', '-Inf'],
      ['2026-01-01T00:01:00.000Z', 'NaN'],
      ['2026-01-01T00:02:00.000Z', '+Inf'],
    ]);
    expect(records[0].metric_name).toBe('vector(time() - 1767225660) / 0');
  });

  it("lets Prometheus' own words about a wrong query reach the user", async () => {
    const { status, body } = await get(`/api/standard?query=${encodeURIComponent('rate(up[')}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'SOURCE_REFUSED', error: expect.stringContaining('parse error') });
  });
});

it('says that there is no archive, and is ready without one', async () => {
  expect(await get('/api/archive/status')).toMatchObject({ status: 409, body: { code: 'ARCHIVE_OFF' } });
  expect(await get('/readyz')).toEqual({ status: 200, body: { status: 'ready', checks: { prometheus: 'ok' } } });
});

it('draws the frames of the summary', async () => {
  // The grid of the frames ends at full 15 s, and Prometheus has only just begun.
  const frames = await until('memory is drawn', async () => {
    const { body } = await get('/api/frames/summary?rangeMs=600000');
    const all = isRecord(body) && Array.isArray(body.frames) ? body.frames : [];
    return all[1]?.data.values[1].length > 0 && all;
  });
  expect(frames.map(({ schema }) => schema.meta.custom.promkeep.metricKey)).toEqual([
    'cpu_usage',
    'memory_usage',
    'active_connections',
    'request_rate',
  ]);
});

it('tells about itself in a form Prometheus reads', async () => {
  await get('/healthz');
  const text = await (await fetch(`${promkeep.url}/metrics`)).text();
  expect(text).toContain('promkeep_build_info{version="');
  expect(text).toMatch(/promkeep_http_request_duration_seconds_count\{route="\/healthz",status="200"\} \d/);
  expect(text).toContain('process_resident_memory_bytes');
});

it('names the source that cannot be reached, and becomes ready when it is there', async () => {
  const port = await freePort();
  const other = await serve({ environment: { PROMETHEUS_URL: `http://127.0.0.1:${port}` } });
  const failed = await getJson(`${other.url}/api/standard?query=up`);
  expect(failed).toMatchObject({
    status: 502,
    body: { code: 'SOURCE_UNREACHABLE', error: expect.stringContaining(`${port}`) },
  });
  expect((await getJson(`${other.url}/readyz`)).status).toBe(503);
  expect((await getJson(`${other.url}/healthz`)).status).toBe(200);
  const late = await startPrometheus({ config: 'scrape_configs: []', port });
  expect((await getJson(`${other.url}/readyz`)).status).toBe(200);
  await late.stop();
  await other.process.stop();
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
