import { startServer, type RunningServer } from '../../pkg/compose/serve';
import { loadConfig } from '../../pkg/config/loadConfig';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { compress } from '../../pkg/remote/snappy';
import { freePort } from '../../scripts/stack/ports';
import { startPostgres, type RunningPostgres } from '../../scripts/stack/postgres';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';
import { MemoryLogger } from '../fakes/callers';
import { STACK_POSTGRES } from './archiverStack';
import { getJson, until } from './promkeepProgram';

/** `promkeep serve` as composed: it keeps raw series of a Prometheus, which goes away for ever; an empty one that reads us has them. */
jest.setTimeout(120_000);

const STEP_MS = 15_000;
const POINTS = 400;
const NOW_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS;
const START_MS = NOW_MS - POINTS * STEP_MS;

let source: RunningPrometheus;
let engine: RunningPrometheus;
let postgres: RunningPostgres;
let server: RunningServer;
const logger = new MemoryLogger();

beforeAll(async () => {
  const port = await freePort();
  [source, engine, postgres] = await Promise.all([
    startPrometheus({
      config: 'global: {external_labels: {region: eu}}\nscrape_configs: []\n',
      flags: ['--web.enable-remote-write-receiver'],
    }),
    startPrometheus({
      config: `global: {external_labels: {region: eu}}
remote_read: [{url: 'http://127.0.0.1:${port}/api/v1/read', read_recent: true}]
`,
    }),
    startPostgres(STACK_POSTGRES),
  ]);
  await write();
  const text = `
prometheus: {scrape_interval: 1s, scrape_timeout: 1s}
archive:
  backfill: 2h
  probe: count(m)
  raw_piece: 5m
  raw_series: [{name: everything, match: ['{__name__!=""}']}]
  external_labels: {region: eu}
server: {engine: '${engine.url}'}
recorded_queries: []
`;
  const config = loadConfig({
    file: { name: 'test', text },
    environment: { PROMETHEUS_URL: source.url, PROMKEEP_DATABASE_URL: postgres.url, PROMKEEP_PORT: String(port) },
    readFile: () => '',
    defaults: { recordedQueries: [], summaryMetrics: [] },
  });
  const clock = { nowMs: () => Date.now() };
  server = await startServer(config, { logger, clock, version: '1', proxies: {}, holder: 'test' });
});

afterAll(async () => {
  await server?.stop();
  await Promise.all([engine?.stop(), source?.stop(), postgres?.stop()]);
});

async function write(): Promise<void> {
  const timesMs = Float64Array.from({ length: POINTS }, (_, i) => START_MS + i * STEP_MS + ((i * 7919) % 300));
  const series = ['a', 'b', 'c'].map((name, at) => ({
    labels: [
      { name: '__name__', value: 'm' },
      { name: 'x', value: name },
    ],
    samples: { timesMs, values: timesMs.map((_, i) => (i * (at + 1)) / 3) },
    histograms: [],
  }));
  const response = await fetch(`${source.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'Content-Encoding': 'snappy', 'Content-Type': 'application/x-protobuf' },
    body: new Uint8Array(compress(encodeWriteRequest({ series, metadata: [] }))),
  });
  expect(response.status).toBe(204);
}

/** What is archived as a whole. */
const RANGE = { start: START_MS / 1000 + 15, end: NOW_MS / 1000 - 900, step: 30 };

async function ask(url: string, query: string): Promise<unknown> {
  const asked = new URLSearchParams({
    query,
    ...Object.fromEntries(Object.entries(RANGE).map(([k, n]) => [k, `${n}`])),
  });
  return (await getJson(`${url}/api/v1/query_range?${asked}`)).body;
}

it('answers as the source did, once the source is gone', async () => {
  const queries = ['m', 'rate(m[2m])', 'stddev(m)', 'sum by (x) (max_over_time(m[4m:30s] offset 5m))'];
  const wanted = await Promise.all(queries.map((query) => ask(source.url, query)));
  await until('all is archived', async () => {
    const { body } = await getJson(`${server.url}/api/v1/status/tsdb`);
    const maxTime = Number(/"maxTime":(\d+)/.exec(JSON.stringify(body))?.[1] ?? 0);
    return maxTime >= RANGE.end * 1000;
  });
  expect(await getJson(`${server.url}/api/v1/label/x/values`)).toMatchObject({ body: { data: ['a', 'b', 'c'] } });
  expect((await getJson(`${server.url}/readyz`)).body).toMatchObject({ checks: { engine: 'ok', archive: 'ok' } });
  await source.stop();
  expect(await Promise.all(queries.map((query) => ask(server.url, query)))).toEqual(wanted);
  // The archive answers alone, and says so.
  expect(await getJson(`${server.url}/api/v1/label/x/values`)).toMatchObject({
    status: 200,
    body: { status: 'success', data: ['a', 'b', 'c'], warnings: [expect.stringMatching(/^prometheus: /)] },
  });
});
