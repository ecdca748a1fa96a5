import { setTimeout as sleep } from 'node:timers/promises';
import { backfillQuery } from '../../pkg/core/collect/backfill';
import { type CollectDeps } from '../../pkg/core/collect/progress';
import { COLLECT_DEFAULTS } from '../../pkg/core/collect/fetchRange';
import { verifyQuery, type VerifyReport } from '../../pkg/core/collect/verify';
import { RAW_STEP_MS, rawSpan, type RawSeries } from '../../pkg/core/model/rawSeries';
import { type Archive } from '../../pkg/core/ports/archive';
import { type Definition } from '../../pkg/core/ports/definitions';
import { rawReadingOf, type Source } from '../../pkg/compose/openParts';
import { comparableSamples } from '../../pkg/remote/chunks/comparableSamples';
import { compareLabels } from '../../pkg/remote/labels';
import { type TimeSeries } from '../../pkg/remote/messages/timeSeries';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { type NativeHistogram } from '../../pkg/remote/nativeHistogram';
import { markStale } from '../../pkg/remote/sampleColumns';
import { compress } from '../../pkg/remote/snappy';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { samplesIn } from '../fakes/rawSamples';
import { SERVERS, TestServer } from './archiveServers';

/** Raw series from a real Prometheus into a real PostgreSQL: collected, compared, made whole again. */

jest.setTimeout(120_000);

const MINUTE_MS = RAW_STEP_MS;
/** Behind the beginning of a minute, so that nothing is written in Prometheus' future. */
const NOW_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
const START_MS = NOW_MS - 90 * MINUTE_MS;
const WINDOW = { fromMs: START_MS, toMs: NOW_MS - 31 * MINUTE_MS };
const RAW: Definition = {
  ...{ name: 'node', expression: '{job="node"}\n{kind=~"n.*"}', raw: true, stepMs: RAW_STEP_MS, retention: '1y' },
};
const live = (): AbortSignal => new AbortController().signal;

const server = new TestServer(SERVERS[SERVERS.length - 1]);
let prometheus: RunningPrometheus;
let source: Source;

beforeAll(async () => {
  await server.start();
  prometheus = await startPrometheus({
    config: 'scrape_configs: []\nstorage: { tsdb: { out_of_order_time_window: 3h } }\n',
    flags: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
  });
  source = createPrometheusSource(plainPrometheusSettings(prometheus.url));
  await write(seriesOf());
});

afterAll(async () => {
  await source.close();
  await prometheus.stop();
  await server.stop();
});

const labels = (all: Record<string, string>): TimeSeries['labels'] =>
  Object.entries(all)
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Every 15 s with some jitter for an hour: `up` for the probe, values of every kind, churn, native histograms. */
function seriesOf(): TimeSeries[] {
  const timesMs = Float64Array.from({ length: 240 }, (_, i) => START_MS + 15_000 * i + ((i * 31) % 900));
  const odd = Float64Array.from(timesMs, (_, i) => [1 / 3, -0.0, Infinity, NaN, 5e-324, i][i % 6]);
  markStale(odd, 100, 239);
  const one = (name: string, values: Float64Array, more: Record<string, string> = {}): TimeSeries => ({
    labels: labels({ __name__: name, job: 'node', ...more }),
    ...{ samples: { timesMs, values }, histograms: [] },
  });
  const part = (name: string, from: number, to: number): TimeSeries => {
    const all = one(name, Float64Array.from(timesMs, Math.sqrt));
    return { ...all, samples: { timesMs: timesMs.slice(from, to), values: all.samples.values.slice(from, to) } };
  };
  return [
    one('up', new Float64Array(240).fill(1)),
    one('odd', odd, { kind: 'none' }),
    one('odd', odd, { kind: 'none', Größe: '𠀀' }),
    one('not_wanted', odd, { job: 'other' }),
    part('came', 120, 240),
    part('went', 0, 90),
    {
      labels: labels({ __name__: 'native', kind: 'native' }),
      samples: { timesMs: new Float64Array(0), values: new Float64Array(0) },
      histograms: Array.from({ length: 200 }, (_, i) => histogramAt(START_MS + 15_000 * i, i)),
    },
  ];
}

function histogramAt(timeMs: number, i: number): NativeHistogram {
  return {
    ...{ kind: 'integer', timeMs, reset: 'unknown', schema: 2, zeroThreshold: 2 ** -128 },
    totals: Float64Array.of(4 * (i + 1), i + 1, i / 3),
    positive: {
      spans: [
        { offset: -3, length: 2 },
        { offset: 5 + (i > 100 ? 1 : 0), length: 1 },
      ],
      values: Float64Array.of(i + 1, 0, 0),
    },
    ...{ negative: { spans: [], values: new Float64Array(0) }, customBounds: new Float64Array(0) },
  };
}

async function write(series: TimeSeries[]): Promise<void> {
  const response = await fetch(`${prometheus.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'Content-Encoding': 'snappy', 'Content-Type': 'application/x-protobuf' },
    body: new Uint8Array(compress(encodeWriteRequest({ series, metadata: [] }))),
  });
  expect([response.status, await response.text()]).toEqual([204, '']);
  await sleep(200);
}

async function openArchive(): Promise<{ archive: Archive; deps: CollectDeps }> {
  const archive = server.archive(await server.freshDatabase());
  await archive.definitions.provision([RAW]);
  const deps = {
    ...{ source, clock: { nowMs: () => Date.now() }, sourceVersion: async () => '2.42.0' },
    ...{ samples: archive.samples, ledger: archive.ledger, raw: archive.raw },
    settings: { ...COLLECT_DEFAULTS, settleMs: 43_000, probe: 'count(count_over_time(up[60s]))' },
    rawReading: rawReadingOf(source, { pieceMs: MINUTE_MS, settleMs: 43_000 }),
  };
  return { archive, deps };
}

function fill({ archive, deps }: { archive: Archive; deps: CollectDeps }, window = WINDOW) {
  const parts = {
    ...{ ...deps, ledger: archive.ledger, lease: archive.lease },
    ...{ wait: async () => undefined, onProgress: () => undefined },
  };
  return backfillQuery(parts, RAW, window, live());
}

async function verify(
  { archive, deps }: { archive: Archive; deps: CollectDeps },
  repair = false
): Promise<VerifyReport> {
  const [entry] = await archive.ledger.entries();
  const parts = { ...deps, samples: archive.samples, raw: archive.raw, lease: archive.lease };
  const rawComparing = { compareLabels, samplesOf: comparableSamples };
  return verifyQuery({ ...parts, rawComparing }, entry, { window: { fromMs: 0, toMs: Infinity }, repair }, live());
}

async function contentOf(series: AsyncIterable<RawSeries>): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for await (const { labels: found, chunks } of series) {
    const within = chunks.flatMap(samplesIn).filter(({ timeMs }) => timeMs <= rawSpan(WINDOW).toMs);
    all[JSON.stringify(found)] = within.map(({ timeMs, content }) => `${timeMs} ${content}`);
  }
  return all;
}

it('keeps what the source holds, to the bit, and says what is covered', async () => {
  const opened = await openArchive();
  const done = await fill(opened);
  expect(done).toMatchObject({ donePoints: 60, coveredPoints: 60, gapPoints: 0 });
  const read = { selectors: opened.deps.rawReading!.readSelectors(RAW.expression), range: rawSpan(WINDOW) };
  const wanted = await contentOf(source.readRaw(read, { signal: live() }));
  expect(Object.keys(wanted)).toHaveLength(6);
  const kept = await contentOf(opened.archive.raw.select({ selector: [], range: rawSpan(WINDOW) }, live()));
  expect(kept).toEqual(wanted);
  const floats = seriesOf().filter(({ labels: all }) => all.some(({ value }) => value === 'node'));
  const written = floats.reduce((sum, { samples }) => sum + samples.timesMs.length, 0) + 200;
  expect(done.inserted).toBe(written);
  // `odd` and its like match both selectors
  expect(await verify(opened)).toMatchObject({ differs: 0, missing: 0, extra: 0, compared: written });
  expect(await opened.archive.ledger.coverage('node')).toEqual([{ ...WINDOW, fromMs: START_MS }]);
});

it('finds samples that came behind the copied position, and repairs', async () => {
  const opened = await openArchive();
  await fill(opened);
  const behind: TimeSeries = {
    labels: labels({ __name__: 'late', job: 'node' }),
    samples: { timesMs: Float64Array.of(START_MS + 10_000, START_MS + 20_000), values: Float64Array.of(1, 2) },
    histograms: [],
  };
  const between: TimeSeries = {
    ...seriesOf()[0],
    samples: { timesMs: Float64Array.of(START_MS + 7_500, START_MS + 22_500), values: Float64Array.of(7, 8) },
  };
  await write([behind, between]);
  const found = await verify(opened);
  expect(found).toMatchObject({ differs: 0, missing: 4, extra: 0, repaired: false });
  expect(found.examples[0]).toEqual({
    kind: 'missing',
    labels: { __name__: 'late', job: 'node' },
    timeMs: START_MS + 10_000,
    source: 1,
  });
  expect(await verify(opened, true)).toMatchObject({ missing: 4, repaired: true });
  expect(await verify(opened)).toMatchObject({ differs: 0, missing: 0, extra: 0 });
});
