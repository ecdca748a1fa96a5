import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startNodeExporter } from '../../scripts/stack/exporters';
import { startPostgres, type RunningPostgres } from '../../scripts/stack/postgres';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';
import { valueOf } from './archiverStack';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { getJson, pause, serve, temporaryFile, until, type ServingProgram } from './promkeepProgram';

/**
 * `promkeep serve` recording from a real Prometheus into a real PostgreSQL while each of the three goes away and comes back. In
 * the end the archive must hold what Prometheus itself says, sample for sample.
 */
jest.setTimeout(240_000);

const QUERIES = [
  { name: 'load', expr: 'node_load1', stepMs: 1_000 },
  { name: 'cpu', expr: 'sum by (mode) (rate(node_cpu_seconds_total[10s]))', stepMs: 2_000 },
  { name: 'nothing', expr: 'no_such_metric', stepMs: 5_000 },
];

const CONFIG = `
prometheus: {scrape_interval: 1s, scrape_timeout: 1s}
archive: {source: {name: demo}}
recorded_queries:
${QUERIES.map(({ name, expr, stepMs }) => `  - {name: ${name}, expr: '${expr}', step: ${stepMs / 1000}s, retention: 7d}`).join('\n')}
`;

let exporter: Awaited<ReturnType<typeof startNodeExporter>>;
let prometheus: RunningPrometheus;
let postgres: RunningPostgres;
let promkeep: ServingProgram;
let config: Awaited<ReturnType<typeof temporaryFile>>;
let prometheusData: string;
let postgresData: string;

const startSource = (port?: number): Promise<RunningPrometheus> =>
  startPrometheus({
    config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: node_exporter
    static_configs: [{targets: ['127.0.0.1:${exporter.port}']}]
  - job_name: prometheus
    static_configs: [{targets: ['127.0.0.1:9']}]
`,
    dataDir: prometheusData,
    port,
  });

const startArchiver = (): Promise<ServingProgram> =>
  serve({
    args: ['--config', config.file],
    environment: { PROMETHEUS_URL: prometheus.url, PROMKEEP_DATABASE_URL: postgres.url },
  });

beforeAll(async () => {
  prometheusData = await mkdtemp(path.join(os.tmpdir(), 'promkeep-test-prometheus-'));
  postgresData = await mkdtemp(path.join(os.tmpdir(), 'promkeep-test-postgres-'));
  config = await temporaryFile('promkeep.yaml', CONFIG);
  exporter = await startNodeExporter();
  [prometheus, postgres] = await Promise.all([startSource(), startPostgres({ dataDir: postgresData })]);
  await until('Prometheus has data that has settled', async () => {
    const { body } = await getJson(`${prometheus.url}/api/v1/query?query=${encodeURIComponent('count(up offset 6s)')}`);
    return JSON.stringify(body).includes('"value"');
  });
  promkeep = await startArchiver();
});

afterAll(async () => {
  await promkeep?.process.stop();
  await Promise.all([prometheus?.stop(), postgres?.stop(), exporter?.stop()]);
  await config?.remove();
  await Promise.all([prometheusData, postgresData].map((folder) => rm(folder, { recursive: true, force: true })));
});

it('records on schedule', async () => {
  await recordedSince(Date.now() - 2_000);
  const { rows } = await sql('SELECT DISTINCT source_name, query FROM metrics_data ORDER BY query');
  expect(rows.map(({ query }) => query)).toEqual(['cpu', 'load']);
  expect(new Set(rows.map(({ source_name: source }) => source))).toEqual(new Set(['demo']));
});

it('answers queries while PostgreSQL is away, and catches up when it is back', async () => {
  await postgres.stop();
  await pause(5_000);
  expect((await getJson(`${promkeep.url}/api/standard?query=up`)).status).toBe(200);
  expect(await getJson(`${promkeep.url}/readyz`)).toMatchObject({
    status: 503,
    body: { checks: { prometheus: 'ok' } },
  });
  expect(await getJson(`${promkeep.url}/api/archive/status`)).toMatchObject({ status: 503 });
  expect(await metric('promkeep_collect_failures_total{query="load",reason="archive-down"}')).toBeGreaterThan(0);
  postgres = await startPostgres({ dataDir: postgresData, port: postgres.port });
  await recordedSince(Date.now());
});

it('goes on where it was after it was killed', async () => {
  await promkeep.process.stop('SIGKILL');
  await pause(4_000);
  promkeep = await startArchiver();
  await recordedSince(Date.now());
});

it('says that Prometheus is away, and catches up when it is back', async () => {
  const { port } = prometheus;
  await prometheus.process.stop();
  await pause(5_000);
  expect(await getJson(`${promkeep.url}/api/standard?query=up`)).toMatchObject({
    status: 502,
    body: { code: 'SOURCE_UNREACHABLE', error: expect.stringContaining(String(port)) },
  });
  const status = await getJson(`${promkeep.url}/api/archive/status`);
  expect(JSON.stringify(status.body)).toContain('"source-down"');
  prometheus = await startSource(port);
  await recordedSince(Date.now());
});

// [A3]
it('has every sample exactly once, as Prometheus says it, and no gap', async () => {
  // How long the steps above took says how much there is; a fast run goes on recording until it proves something.
  await until('enough is recorded', async () => (await countSamples()) > 200, 60_000);
  await promkeep.process.stop();
  const { rows } = await sql(
    'SELECT count(*)::int AS samples, count(DISTINCT (query, metric_name, labels::text, timestamp))::int AS different FROM metrics_data'
  );
  expect(rows[0].samples).toBeGreaterThan(200);
  expect(rows[0].samples).toBe(rows[0].different);
  const server = new TestServer({ name: 'running' });
  const archive = server.archive(postgres.url, { source: { orgId: 1, name: 'demo' } });
  let expectedSamples = 0;
  for (const { name, expr, stepMs } of QUERIES) {
    const covered = await archive.ledger.coverage(name);
    expect([name, covered.length]).toEqual([name, 1]);
    const [range] = covered;
    const kept = await archive.samples.readSeries({ query: { kind: 'recorded', name }, range }, live());
    const samples = kept.map(({ labels, timesMs, values }) => [
      withoutName(labels),
      timesMs.length,
      [...timesMs],
      [...values],
    ]);
    const expected = await askPrometheus(expr, range, stepMs);
    expect(sorted(samples)).toEqual(sorted(expected));
    expectedSamples += kept.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  }
  // Nothing outside of what is covered either.
  expect(rows[0].samples).toBe(expectedSamples);
  expect((await archive.status()).queries.flatMap(({ gaps }) => gaps)).toEqual([]);
  await server.closeAll();
});

async function countSamples(): Promise<number> {
  const { rows } = await sql('SELECT count(*)::int AS samples FROM metrics_data');
  return Number(rows[0].samples);
}

/** Waits until every query is covered up to a time without a hole. */
async function recordedSince(timeMs: number): Promise<void> {
  await until(
    'everything is recorded',
    async () => {
      const { body } = await getJson(`${promkeep.url}/api/archive/status`);
      const queries = isRecord(body) && Array.isArray(body.queries) ? body.queries.filter(isRecord) : [];
      const covered = await coverageEnds();
      const settled = queries.every(({ gaps }) => Array.isArray(gaps) && gaps.length === 0);
      return settled && covered.length === QUERIES.length && covered.every((endMs) => endMs > timeMs);
    },
    60_000
  );
}

async function coverageEnds(): Promise<number[]> {
  const server = new TestServer({ name: 'running' });
  try {
    const archive = server.archive(postgres.url, { source: { orgId: 1, name: 'demo' } });
    const all = await Promise.all(QUERIES.map(({ name }) => archive.ledger.coverage(name)));
    return all.flatMap((ranges) => (ranges.length === 1 ? [ranges[0].toMs] : []));
  } finally {
    await server.closeAll();
  }
}

async function askPrometheus(
  expr: string,
  range: { fromMs: number; toMs: number },
  stepMs: number
): Promise<unknown[]> {
  const form = new URLSearchParams({
    query: expr,
    start: String(range.fromMs / 1000),
    end: String(range.toMs / 1000),
    step: String(stepMs / 1000),
  });
  const { body } = await getJson(`${prometheus.url}/api/v1/query_range?${form}`);
  const data = isRecord(body) && isRecord(body.data) && Array.isArray(body.data.result) ? body.data.result : [];
  return data.map(({ metric, values }: { metric: Record<string, string>; values: Array<[number, string]> }) => [
    withoutName(metric),
    values.length,
    values.map(([seconds]) => seconds * 1000),
    values.map(([, value]) => Number(value)),
  ]);
}

function withoutName(labels: Readonly<Record<string, string>> | undefined): string {
  const { __name__: _, ...rest } = labels ?? {};
  return JSON.stringify(Object.entries(rest).sort());
}

function sorted(rows: unknown[]): unknown[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

async function metric(name: string): Promise<number> {
  return valueOf(await (await fetch(`${promkeep.url}/metrics`)).text(), name) ?? 0;
}

async function sql(text: string): Promise<{ rows: Array<Record<string, unknown>> }> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
