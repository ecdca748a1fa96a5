import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { RECORDING_LIMITS } from '../../src/contract/settings';
import { RAW_COMPARING, rawReadingOf, type Source } from '../../pkg/compose/openParts';
import { COLLECT_DEFAULTS } from '../../pkg/core/collect/fetchRange';
import { RECHECK_DEFAULTS } from '../../pkg/core/collect/raw/recheck';
import { REFILL_DEFAULTS } from '../../pkg/core/collect/refill';
import { RAW_STEP_MS } from '../../pkg/core/model/rawSeries';
import { type Archive } from '../../pkg/core/ports/archive';
import { type Definition } from '../../pkg/core/ports/definitions';
import { type WriteOutcome } from '../../pkg/core/ports/sampleStore';
import { createRecorder } from '../../pkg/record/recorder';
import { type Background } from '../../pkg/record/waiting';
import { type TimeSeries } from '../../pkg/remote/messages/timeSeries';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { compress } from '../../pkg/remote/snappy';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { ampleMemory } from '../fakes/ampleMemory';
import { MemoryLogger } from '../fakes/callers';
import { samplesIn } from '../fakes/rawSamples';
import { SERVERS, TestServer } from './archiveServers';
import { until } from './promkeepProgram';

/**
 * What a real Prometheus gains behind the copied position, out of order or in imported blocks, is archived while series are
 * recorded, without anybody calling `verify`.
 */

jest.setTimeout(120_000);

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Math.floor(Date.now() / RAW_STEP_MS) * RAW_STEP_MS;
const START_MS = NOW_MS - 3 * HOUR_MS;
/** Before everything Prometheus has in its head, and aligned as blocks are. */
const OLD_MS = Math.floor((NOW_MS - 2 * DAY_MS) / (2 * HOUR_MS)) * 2 * HOUR_MS;
const RAW: Definition = {
  ...{ name: 'node', expression: '{job="node"}\n{__name__="up"}', raw: true, stepMs: RAW_STEP_MS, retention: '1y' },
};

const server = new TestServer(SERVERS[SERVERS.length - 1]);
let folder: string;
let prometheus: RunningPrometheus;
let source: Source;
let archive: Archive;
let recorder: Background;
const logger = new MemoryLogger();
const written: WriteOutcome[] = [];

beforeAll(async () => {
  await server.start();
  folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-recheck-'));
  await importBlocks([...gauge('up', 1), ...gauge('old', 2)]);
  prometheus = await startPrometheus({
    config: 'scrape_configs: []\nstorage: { tsdb: { out_of_order_time_window: 6h } }\n',
    dataDir: path.join(folder, 'data'),
    flags: ['--web.enable-remote-write-receiver', '--storage.tsdb.min-block-duration=2h'],
  });
  source = createPrometheusSource(plainPrometheusSettings(prometheus.url));
  await write([series('up', START_MS, NOW_MS), series('load', START_MS, NOW_MS)]);
  archive = server.archive(await server.freshDatabase());
  recorder = record();
  recorder.start();
});

afterAll(async () => {
  await recorder.stop();
  await source.close();
  await prometheus.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** As `promkeep serve` does it, but for the pace of looking behind. */
function record(): Background {
  const ignore = (): undefined => undefined;
  return createRecorder({
    ...{ source, archive, logger, budget: ampleMemory(), limits: RECORDING_LIMITS, queries: [RAW] },
    ...{ clock: { nowMs: () => Date.now() }, monotonicClock: { nowMs: () => performance.now() } },
    settings: {
      ...{ ...COLLECT_DEFAULTS, settleMs: 5_000, probe: 'count(count_over_time(up[60s]))' },
      backfillMs: 3 * DAY_MS,
    },
    ...{ refill: REFILL_DEFAULTS, lease: { holder: 'test', durationMs: 15_000 } },
    rawReading: rawReadingOf(source, { pieceMs: RAW_STEP_MS, settleMs: 5_000 }),
    rawComparing: RAW_COMPARING,
    recheck: { ...RECHECK_DEFAULTS, ...{ dayMs: 200, firstMs: 0, restTimes: 0 } },
    metrics: {
      wrote: (_, outcome) => void written.push(outcome),
      ...{ failed: ignore, gapped: ignore, took: ignore, skewed: ignore, led: ignore },
      follows: () => ignore,
    },
  });
}

const labelsOf = (name: string): TimeSeries['labels'] => [
  { name: '__name__', value: name },
  { name: 'job', value: 'node' },
];

function series(name: string, fromMs: number, toMs: number, everyMs = 15_000): TimeSeries {
  const timesMs = Float64Array.from({ length: Math.floor((toMs - fromMs) / everyMs) }, (_, i) => fromMs + i * everyMs);
  return { labels: labelsOf(name), samples: { timesMs, values: timesMs.map((_, i) => i / 3) }, histograms: [] };
}

async function write(all: TimeSeries[]): Promise<void> {
  const response = await fetch(`${prometheus.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'Content-Encoding': 'snappy', 'Content-Type': 'application/x-protobuf' },
    body: new Uint8Array(compress(encodeWriteRequest({ series: all, metadata: [] }))),
  });
  expect([response.status, await response.text()]).toEqual([204, '']);
}

/** Two hours of a gauge, every 15 s, as OpenMetrics. */
function gauge(name: string, value: number): string[] {
  const lines = Array.from({ length: 480 }, (_, i) => `${name}{job="node"} ${value} ${OLD_MS / 1_000 + 15 * i}`);
  return [`# TYPE ${name} gauge`, ...lines];
}

async function importBlocks(lines: readonly string[]): Promise<void> {
  const file = path.join(folder, 'samples.txt');
  await writeFile(file, `${lines.join('\n')}\n# EOF\n`);
  const dataDir = path.join(folder, 'data');
  await promisify(execFile)('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, dataDir]);
}

async function archived(name: string): Promise<number> {
  const selector = [{ name: '__name__', operator: '=' as const, value: name }];
  const range = { fromMs: 0, toMs: NOW_MS };
  let samples = 0;
  for await (const { chunks } of archive.raw.select({ selector, range }, new AbortController().signal)) {
    samples += chunks.flatMap(samplesIn).filter(({ bits }) => bits[0] !== 2).length;
  }
  return samples;
}

const found = (): unknown[] => logger.lines.filter(({ message }) => message.includes('found behind'));

it('leaves what it has collected alone', async () => {
  await until('all is archived', async () => (await archived('load')) === 720 && (await archived('old')) === 480);
  const before = written.length;
  await sleep(2_000);
  const since = written.slice(before).filter(({ inserted, revised, withdrawn }) => inserted + revised + withdrawn > 0);
  // `up` and `load` have ended: nothing new comes by itself
  expect([since, found()]).toEqual([[], []]);
});

it('archives samples that came out of order, between others and as a series of their own', async () => {
  await write([series('load', START_MS + HOUR_MS + 7_000, START_MS + 2 * HOUR_MS), series('late', START_MS, NOW_MS)]);
  await until('samples out of order are archived', async () => (await archived('late')) === 720);
  await until('those between others are, too', async () => (await archived('load')) === 720 + 239);
  expect(found().length).toBeGreaterThan(0);
});

it('archives blocks that were imported', async () => {
  await importBlocks(gauge('imported', 3));
  // Prometheus looks for new blocks once a minute, and when its head is cut; when it starts it takes them all
  await prometheus.process.stop();
  const { port } = prometheus;
  prometheus = await startPrometheus({
    config: 'scrape_configs: []\nstorage: { tsdb: { out_of_order_time_window: 6h } }\n',
    ...{ port, dataDir: path.join(folder, 'data'), flags: ['--web.enable-remote-write-receiver'] },
  });
  await until('the imported block is archived', async () => (await archived('imported')) === 480, 90_000);
  expect([await archived('old'), await archived('late')]).toEqual([480, 720]);
  expect(written.every(({ withdrawn }) => withdrawn === 0)).toBe(true);
  expect(written.filter(({ inserted }) => inserted > 0).length).toBeGreaterThan(2);
});
