import { setTimeout as sleep } from 'node:timers/promises';
import { type Samples } from '../../pkg/core/model/series';
import { decodeHistogramChunk } from '../../pkg/remote/chunks/histogramDecoder';
import { chunksOfHistograms } from '../../pkg/remote/chunks/seriesChunks';
import { decodeXorChunk, encodeXorChunk } from '../../pkg/remote/chunks/xorChunk';
import { FrameReader } from '../../pkg/remote/frames/frame';
import { type Chunk, type Label } from '../../pkg/core/model/rawSeries';
import { compareLabels } from '../../pkg/remote/labels';
import { decodeChunkedResponse } from '../../pkg/remote/messages/chunkedResponse';
import { encodeReadRequest, type ReadQuery, type ResponseType } from '../../pkg/remote/messages/readRequest';
import { decodeReadResponse } from '../../pkg/remote/messages/readResponse';
import { type TimeSeries } from '../../pkg/remote/messages/timeSeries';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { type CounterReset, type NativeHistogram } from '../../pkg/remote/nativeHistogram';
import { bitsOf, markStale, SampleColumns } from '../../pkg/remote/sampleColumns';
import { compress, decompress } from '../../pkg/remote/snappy';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { bitTexts } from '../fakes/remoteValues';

/** What a real Prometheus takes from our encoders, and what our decoders make of its answers. */

const START_MS = Math.floor(Date.now() / 1000) * 1000 - 40 * 60_000;
const EVERY: ReadQuery['matchers'] = [{ name: '__name__', operator: '=~', value: '.+' }];

let prometheus: RunningPrometheus;

beforeAll(async () => {
  prometheus = await startPrometheus({
    config: 'scrape_configs: []\n',
    flags: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
  });
  await write([...floatSeries(), ...histogramSeries()]);
}, 60_000);

afterAll(() => prometheus?.stop());

const named = (name: string, ...more: Label[]): Label[] => [{ name: '__name__', value: name }, ...more];

/** 300 samples a series, so several chunks: regular and with jitter; every odd value; a name beyond U+FFFF. */
function floatSeries(): TimeSeries[] {
  const timesMs = (step: number, jitter: number) =>
    Float64Array.from({ length: 300 }, (_, i) => START_MS + i * step + ((i * 7919) % (jitter + 1)));
  const odd = Float64Array.from(
    { length: 300 },
    (_, i) => [1 / 3, -0.0, Infinity, -Infinity, NaN, 5e-324, 1e300, 0][i % 8]
  );
  markStale(odd, 11, 299);
  const plain = (samples: Samples, labels: Label[]): TimeSeries => ({ labels, samples, histograms: [] });
  return [
    plain({ timesMs: timesMs(1000, 0), values: Float64Array.from({ length: 300 }, (_, i) => i * i) }, named('counter')),
    plain({ timesMs: timesMs(2000, 900), values: odd }, named('odd', { name: 'place', value: '𠀀 é 😀' })),
    plain({ timesMs: timesMs(1, 0), values: new Float64Array(300).fill(42) }, named('same')),
  ];
}

function histogramSeries(): TimeSeries[] {
  const of =
    (kind: NativeHistogram['kind'], reset: CounterReset) =>
    (i: number): NativeHistogram => {
      const totals = Float64Array.of(4 * (i + 1), i + 1, i / 3);
      const values = kind === 'integer' ? [i + 1, 0, 0] : [i + 1, i + 1, i + 1];
      const histogram: NativeHistogram = {
        kind,
        timeMs: START_MS + i * 1000,
        reset,
        schema: 2,
        zeroThreshold: i < 100 ? 2 ** -128 : 0.001,
        totals,
        positive: {
          spans: [
            { offset: -3, length: 2 },
            { offset: 5, length: 1 },
          ],
          values: Float64Array.from(values),
        },
        negative: { spans: [], values: new Float64Array(0) },
        customBounds: new Float64Array(0),
      };
      // 2.42 takes a stale float histogram in remote write for one of integers, and loses those before it
      return i === 150 && kind === 'integer' ? { ...histogram, ...staleFields() } : histogram;
    };
  const make = (name: string, each: (i: number) => NativeHistogram): TimeSeries => ({
    labels: named(name),
    samples: { timesMs: new Float64Array(0), values: new Float64Array(0) },
    histograms: Array.from({ length: 200 }, (_, i) => each(i)),
  });
  return [
    make('native_integer', of('integer', 'unknown')),
    make('native_float', of('float', 'unknown')),
    make('native_gauge', of('float', 'gauge')),
  ];
}

function staleFields(): Pick<NativeHistogram, 'totals' | 'positive' | 'schema' | 'zeroThreshold' | 'reset'> {
  const totals = new Float64Array(3);
  markStale(totals, 2);
  return {
    totals,
    positive: { spans: [], values: new Float64Array(0) },
    schema: 0,
    zeroThreshold: 0,
    reset: 'unknown',
  };
}

async function write(series: TimeSeries[]): Promise<void> {
  const response = await fetch(`${prometheus.url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'Content-Encoding': 'snappy',
      'Content-Type': 'application/x-protobuf',
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    },
    body: new Uint8Array(compress(encodeWriteRequest({ series, metadata: [] }))),
  });
  expect([response.status, await response.text()]).toEqual([204, '']);
  await sleep(200);
}

async function read(type: ResponseType, matchers = EVERY): Promise<Uint8Array> {
  const query = { startMs: START_MS - 60_000, endMs: START_MS + 3_600_000, matchers };
  const response = await fetch(`${prometheus.url}/api/v1/read`, {
    method: 'POST',
    headers: {
      'Content-Encoding': 'snappy',
      'Content-Type': 'application/x-protobuf',
      'X-Prometheus-Remote-Read-Version': '0.1.0',
    },
    body: new Uint8Array(compress(encodeReadRequest({ queries: [query], acceptedTypes: [type] }))),
  });
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

async function readChunks(): Promise<Map<string, { labels: Label[]; chunks: Chunk[] }>> {
  const frames = new FrameReader();
  const all = new Map<string, { labels: Label[]; chunks: Chunk[] }>();
  for (const message of frames.read(await read('STREAMED_XOR_CHUNKS'))) {
    const { series } = decodeChunkedResponse(message);
    expect(series).toHaveLength(1);
    const name = series[0].labels[0].value;
    all.set(name, { labels: series[0].labels, chunks: [...(all.get(name)?.chunks ?? []), ...series[0].chunks] });
  }
  frames.end();
  return all;
}

function samplesOf(chunks: Chunk[]): Samples {
  const columns = new SampleColumns();
  chunks.forEach(({ data }) => decodeXorChunk(data, columns));
  return columns.samples();
}

function histogramsOf(chunks: Chunk[]): NativeHistogram[] {
  return chunks.flatMap(({ encoding, data }) => [
    ...decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data),
  ]);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Where the last byte is full, Prometheus sometimes has begun another. */
function expectSameChunk(ours: Uint8Array, theirs: Uint8Array): void {
  const end = theirs.length === ours.length + 1 && theirs[ours.length] === 0 ? ours.length : theirs.length;
  expect(hex(ours)).toBe(hex(theirs.subarray(0, end)));
}

const withoutResets = (all: NativeHistogram[]): unknown => bitTexts(all.map((one) => ({ ...one, reset: null })));

it('streams chunks with every bit that was written', async () => {
  const back = await readChunks();
  for (const { labels, samples } of floatSeries()) {
    const series = back.get(labels[0].value);
    expect(series?.labels).toEqual(labels);
    expect(bitTexts(samplesOf(series?.chunks ?? []))).toEqual(bitTexts(samples));
  }
});

it('packs the same samples into the same bytes', async () => {
  const back = await readChunks();
  for (const { labels } of floatSeries()) {
    const chunks = back.get(labels[0].value)?.chunks ?? [];
    expect(chunks.length).toBeGreaterThan(1);
    for (const { data } of chunks) {
      const samples = samplesOf([{ minTimeMs: 0, maxTimeMs: 0, encoding: 'xor', data }]);
      // Prometheus ends a chunk by the clock, so it may hold more than 120
      expectSameChunk(encodeXorChunk(samples, 0, samples.timesMs.length), data);
    }
  }
});

it('streams native histograms of both forms, and packs them into the same bytes', async () => {
  const back = await readChunks();
  for (const { labels, histograms } of histogramSeries()) {
    const chunks = back.get(labels[0].value)?.chunks ?? [];
    expect(chunks.length).toBeGreaterThan(1);
    const decoded = histogramsOf(chunks);
    expect(withoutResets(decoded)).toEqual(withoutResets(histograms));
    expect(decoded[0].reset).toBe(labels[0].value === 'native_gauge' ? 'gauge' : 'unknown');
    for (const chunk of chunks) {
      const again = chunksOfHistograms(histogramsOf([chunk]));
      expect(again).toHaveLength(1);
      expect(again[0].encoding).toBe(chunk.encoding);
      expectSameChunk(again[0].data, chunk.data);
    }
  }
});

it('answers samples that are those of its chunks, in the order of labels', async () => {
  const [series] = decodeReadResponse(decompress(await read('SAMPLES'), 10_000_000));
  const chunks = await readChunks();
  expect(series.map(({ labels }) => labels[0].value).sort()).toEqual([...chunks.keys()].sort());
  expect([...series].sort((a, b) => compareLabels(a.labels, b.labels))).toEqual(series);
  for (const { labels, samples, histograms } of series) {
    const streamed = chunks.get(labels[0].value)?.chunks ?? [];
    const [floats, natives] = [streamed.filter(isXor), streamed.filter((chunk) => !isXor(chunk))];
    expect(bitTexts(samples)).toEqual(bitTexts(withoutSignOfZero(samplesOf(floats))));
    // 2.42 answers samples without native histograms
    expect(histograms.length === 0 || histograms.length === 200).toBe(true);
    if (histograms.length > 0) {
      expect(withoutResets(histograms)).toEqual(withoutResets(histogramsOf(natives)));
    }
  }
});

const isXor = ({ encoding }: Chunk): boolean => encoding === 'xor';

/** Prometheus leaves a value out of the message where it equals 0, which -0 does. */
function withoutSignOfZero({ timesMs, values }: Samples): Samples {
  const copy = values.slice();
  const bits = bitsOf(copy);
  copy.forEach((value, i) => {
    if (value === 0) {
      bits[2 * i + 1] = 0;
    }
  });
  return { timesMs, values: copy };
}
