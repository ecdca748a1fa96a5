import { setTimeout as sleep } from 'node:timers/promises';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type Label, type RawSeries } from '../../pkg/core/model/rawSeries';
import { createProgramMetrics } from '../../pkg/metrics/programMetrics';
import { FrameReader } from '../../pkg/remote/frames/frame';
import { decodeChunkedResponse } from '../../pkg/remote/messages/chunkedResponse';
import { encodeReadRequest } from '../../pkg/remote/messages/readRequest';
import { type TimeSeries } from '../../pkg/remote/messages/timeSeries';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { markStale } from '../../pkg/remote/sampleColumns';
import { compress } from '../../pkg/remote/snappy';
import { createHttpServer, type HttpServer } from '../../pkg/server/httpServer';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { ampleMemory } from '../fakes/ampleMemory';
import { MemoryLogger } from '../fakes/callers';
import { keptRaw } from '../fakes/keptRaw';

/** A real Prometheus that holds nothing and reads from us answers as the one whose series we keep. */

const STEP_MS = 15_000;
const POINTS = 150;
const START_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS - 45 * 60_000;
const END_MS = START_MS + POINTS * STEP_MS;
const TOKEN = 'a token of the reader';

let source: RunningPrometheus;
let reader: RunningPrometheus;
let server: HttpServer;
let isAway = false;

const label = (name: string, value: string): Label => ({ name, value });

function made(name: string, more: Label[], valueAt: (i: number) => number, staleAt: number[] = []): TimeSeries {
  const timesMs = Float64Array.from({ length: POINTS }, (_, i) => START_MS + i * STEP_MS + ((i * 7919) % 40));
  const values = timesMs.map((_, i) => valueAt(i));
  markStale(values, ...staleAt);
  return { labels: [label('__name__', name), ...more], samples: { timesMs, values }, histograms: [] };
}

const SERIES: TimeSeries[] = [
  made('counter_total', [label('job', 'api'), label('mode', 'idle')], (i) => (i * 7) % 500),
  made('counter_total', [label('job', 'api'), label('mode', 'user é😀')], (i) => i * 1.1),
  made('gauge', [label('job', 'api')], (i) => [NaN, Infinity, -Infinity, 0, 1 / 3][i % 5]),
  made('ends', [label('job', 'batch')], (i) => i, [80, 81, 149]),
  ...Array.from({ length: 10 }, (_, i) => made('latency_bucket', [label('le', String(2 ** i))], (at) => at * (i + 1))),
];

async function post(url: string, body: Uint8Array): Promise<Response> {
  const headers = { 'Content-Encoding': 'snappy', 'Content-Type': 'application/x-protobuf' };
  return fetch(url, { method: 'POST', headers, body: new Uint8Array(compress(body)) });
}

async function seriesOfSource(): Promise<RawSeries[]> {
  const request = encodeReadRequest({
    queries: [{ startMs: START_MS, endMs: END_MS, matchers: [{ name: '__name__', operator: '=~', value: '.+' }] }],
    acceptedTypes: ['STREAMED_XOR_CHUNKS'],
  });
  const response = await post(`${source.url}/api/v1/read`, request);
  const frames = new FrameReader().read(new Uint8Array(await response.arrayBuffer()));
  return Array.from(frames, decodeChunkedResponse).flatMap(({ series }) => series);
}

beforeAll(async () => {
  source = await startPrometheus({
    config: 'scrape_configs: []\n',
    flags: ['--web.enable-remote-write-receiver'],
  });
  const written = await post(`${source.url}/api/v1/write`, encodeWriteRequest({ series: SERIES, metadata: [] }));
  expect(written.status).toBe(204);
  await sleep(300);
  const history = await keptRaw(await seriesOfSource(), () => {
    if (isAway) {
      throw new PromkeepError('ARCHIVE_UNREACHABLE', 'PostgreSQL is away.');
    }
  });
  server = await createHttpServer({
    access: { host: '127.0.0.1', allowedHosts: [], token: TOKEN },
    ...{ port: 0, routes: [], checks: [], logger: new MemoryLogger(), budget: ampleMemory() },
    metrics: createProgramMetrics('1', ampleMemory()),
    ...{ maxConcurrentQueries: 10, requestTimeoutMs: 10_000 },
    remoteRead: {
      history,
      externalLabels: { region: 'eu' },
      limits: { maxSamples: 50_000_000, maxSeries: 1_000, maxConcurrent: 2 },
    },
  });
  const { url } = await server.listen();
  reader = await startPrometheus({
    config: `scrape_configs: []
global: {external_labels: {region: eu}}
remote_read:
  - url: ${url}/api/v1/read
    read_recent: true
    authorization: {credentials: '${TOKEN}'}
`,
  });
}, 60_000);

afterAll(async () => {
  await reader?.stop();
  await server?.close();
  await source?.stop();
});

interface Answer {
  status: string;
  data: unknown;
  warnings?: string[];
}

async function ask(prometheus: RunningPrometheus, path: string, parameters: Record<string, string>): Promise<Answer> {
  const response = await fetch(`${prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  return (await response.json()) as Answer;
}

const RANGE = { start: String(START_MS / 1000), end: String(END_MS / 1000 + 600), step: '20' };

it.each([
  'counter_total',
  'rate(counter_total[1m])',
  'gauge',
  'ends',
  'count({__name__=~".+"})',
  'sum by (mode) (increase(counter_total{mode!="idle"}[5m]))',
  'histogram_quantile(0.9, rate(latency_bucket[2m]))',
  'stddev by (job) (counter_total{job=~"a.*"})',
  'topk(1, {job!~"batch|"})',
  'counter_total offset 5m',
  'max_over_time(ends[10m:30s])',
  'ends @ end()',
  'absent(ends)',
])('%s', async (query) => {
  const wanted = await ask(source, 'query_range', { query, ...RANGE });
  expect(wanted).toMatchObject({ status: 'success' });
  const { data, warnings } = await ask(reader, 'query_range', { query, ...RANGE });
  expect([data, warnings]).toEqual([wanted.data, undefined]);
});

it('finds series, and is told when the archive cannot be read', async () => {
  const times = { start: RANGE.start, end: RANGE.end };
  const found = await ask(reader, 'series', { 'match[]': 'latency_bucket', ...times });
  expect(found).toEqual(await ask(source, 'series', { 'match[]': 'latency_bucket', ...times }));
  isAway = true;
  const answer = await ask(reader, 'query', { query: 'up', time: RANGE.start });
  isAway = false;
  // what the reader makes of a failing remote: no error, and no data either
  expect(answer).toMatchObject({ status: 'success', data: { result: [] } });
  expect(answer.warnings).toEqual([expect.stringMatching(/^remote_read: .*PostgreSQL is away/)]);
});
