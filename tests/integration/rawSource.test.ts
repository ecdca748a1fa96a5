import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RawSeries } from '../../pkg/core/model/rawSeries';
import { type CallOptions, type MetricSource } from '../../pkg/core/ports/metricSource';
import { type RawSource, type Selector } from '../../pkg/core/ports/rawSeries';
import { compareLabels } from '../../pkg/remote/labels';
import { decodeReadRequest, encodeReadRequest } from '../../pkg/remote/messages/readRequest';
import { type TimeSeries } from '../../pkg/remote/messages/timeSeries';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { bitsOf, markStale } from '../../pkg/remote/sampleColumns';
import { compress, decompress } from '../../pkg/remote/snappy';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { type PlainOptions, plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { floatSample, samplesIn } from '../fakes/rawSamples';

/** A real Prometheus 2.42 as a source of raw series, and what stands in front of others. */

const START_MS = Math.floor(Date.now() / 60_000) * 60_000 - 60 * 60_000;
const RANGE = { fromMs: START_MS, toMs: START_MS + 30 * 60_000 };
const live = (): CallOptions => ({ signal: new AbortController().signal });
const metric = (value: string): Selector => [{ name: '__name__', operator: '=', value }];

const CONFIG = `
global: { external_labels: { cluster: east, replica: "1" } }
scrape_configs: []
`;

type Source = MetricSource & RawSource;

let prometheus: RunningPrometheus;
const opened: Array<{ close(): Promise<unknown> }> = [];

beforeAll(async () => {
  prometheus = await startPrometheus({ config: CONFIG, flags: ['--web.enable-remote-write-receiver'] });
  await write(written());
}, 60_000);

afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await prometheus.stop();
});

function open(url = prometheus.url, options: PlainOptions = {}): Source {
  const source = createPrometheusSource(plainPrometheusSettings(url, options));
  opened.push(source);
  return source;
}

/** 600 samples each, every 3 s: values of every kind, and a name beyond U+FFFF. */
function written(): TimeSeries[] {
  const timesMs = Float64Array.from({ length: 600 }, (_, i) => START_MS + 3_000 * i + (i % 7));
  const odd = Float64Array.from(timesMs, (_, i) => [1 / 3, -0.0, Infinity, -Infinity, NaN, 5e-324][i % 6]);
  bitsOf(odd).set([1, 0x7ff80000], 2 * 4);
  markStale(odd, 11, 599);
  const one = (name: string, values: Float64Array, value: string): TimeSeries => ({
    labels: [
      { name: '__name__', value: name },
      { name: 'a', value },
    ],
    samples: { timesMs, values },
    histograms: [],
  });
  return [
    one(
      'counter',
      Float64Array.from(timesMs, (_, i) => i * i),
      'x'
    ),
    one('odd', odd, '𠀀 é 😀'),
    one('odd', odd, 'z'),
  ];
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

type Handle = (request: IncomingMessage, body: Buffer, response: ServerResponse) => Promise<void> | void;

/** A server in front of the real one. */
async function startFront(handle: Handle): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void handle(request, Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    async close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function forward(request: IncomingMessage, body: Uint8Array, response: ServerResponse): Promise<void> {
  const { 'content-type': type = '', 'content-encoding': encoding } = request.headers;
  const answer = await fetch(`${prometheus.url}${request.url}`, {
    method: request.method,
    headers: { 'content-type': type, ...(typeof encoding === 'string' ? { 'content-encoding': encoding } : {}) },
    ...(request.method === 'POST' ? { body: new Uint8Array(body) } : {}),
  });
  const headers: Record<string, string> = { 'content-type': answer.headers.get('content-type') ?? '' };
  if (answer.headers.get('content-encoding') === 'snappy') {
    headers['content-encoding'] = 'snappy';
  }
  response.writeHead(answer.status, headers).end(new Uint8Array(await answer.arrayBuffer()));
}

const isRead = ({ url }: IncomingMessage): boolean => url === '/api/v1/read';

async function collect(source: Source, selectors: readonly Selector[], range = RANGE): Promise<RawSeries[]> {
  const all: RawSeries[] = [];
  for await (const one of source.readRaw({ selectors, range }, live())) {
    all.push(one);
  }
  return all;
}

const contents = ({ chunks }: RawSeries): string[] =>
  chunks.flatMap(samplesIn).map(({ timeMs, content }) => `${timeMs} ${content}`);

function expected({ samples: { timesMs, values } }: TimeSeries): string[] {
  const bits = bitsOf(values);
  return Array.from(timesMs, (timeMs, i) => `${timeMs} ${bits[2 * i]},${bits[2 * i + 1]}`);
}

it('says what it is: chunks by remote read, external labels, nobody that it reads from', async () => {
  expect(await open().holdings(live())).toEqual({
    by: 'chunks',
    readsOthers: 'no',
    externalLabels: [
      { name: 'cluster', value: 'east' },
      { name: 'replica', value: '1' },
    ],
  });
});

it('gives series as they are: bits, times, stale markers, in order, without the external labels', async () => {
  const series = await collect(open(), [[{ name: '__name__', operator: '=~', value: 'counter|odd' }], metric('odd')]);
  const all = written();
  expect(series.map(({ labels }) => labels)).toEqual([0, 2, 1, 2, 1].map((i) => all[i].labels));
  expect(series.map(contents)).toEqual([0, 2, 1, 2, 1].map((i) => expected(all[i])));
  expect(
    series.every(({ chunks }) => chunks.every((chunk, i) => i === 0 || chunk.minTimeMs > chunks[i - 1].maxTimeMs))
  ).toBe(true);
  expect(series[0].chunks.at(-1)?.maxTimeMs).toBe(all[0].samples.timesMs[599]);
});

it('takes samples where the source has no chunks to give', async () => {
  const source = open(
    await startFront((request, body, response) => {
      if (!isRead(request)) {
        return forward(request, body, response);
      }
      const asked = decodeReadRequest(decompress(body, 1_000_000));
      return forward(request, compress(encodeReadRequest({ ...asked, acceptedTypes: ['SAMPLES'] })), response);
    })
  );
  expect((await source.holdings(live())).by).toBe('samples');
  const series = await collect(source, [metric('counter')]);
  expect(series.map(contents)).toEqual([expected(written()[0])]);
  expect(series[0].labels).toEqual(written()[0].labels);
  expect(series[0].chunks).toHaveLength(5);
});

it.each([404, 405, 501])('reads by query where remote read is answered with %s: no stale markers', async (status) => {
  const source = open(
    await startFront((request, body, response) =>
      isRead(request) ? void response.writeHead(status).end('no') : forward(request, body, response)
    )
  );
  expect((await source.holdings(live())).by).toBe('query');
  const [z, beyond] = await collect(source, [metric('odd')]);
  const wanted = expected({ ...written()[1], samples: withNaN(written()[1].samples) });
  const isMarker = (one: string): boolean => one.endsWith(' 2,2146435072');
  expect(contents(z)).toEqual(wanted.filter((one) => !isMarker(one)));
  expect(contents(beyond)).toEqual(contents(z));
  expect(compareLabels(z.labels, beyond.labels)).toBeLessThan(0);
});

/** Every NaN but a stale marker is Prometheus' own there. */
function withNaN({ timesMs, values }: TimeSeries['samples']): TimeSeries['samples'] {
  const copy = values.slice();
  copy.forEach((value, i) => {
    if (Number.isNaN(value) && bitsOf(copy)[2 * i] !== 2) {
      bitsOf(copy).set([1, 0x7ff80000], 2 * i);
    }
  });
  return { timesMs, values: copy };
}

describe('a source that reads from others', () => {
  const startReader = async (entries: string): Promise<Source> => {
    const reader = await startPrometheus({ config: `remote_read:\n${entries}scrape_configs: []\n` });
    opened.push({ close: () => reader.stop() });
    return open(reader.url);
  };

  it('tells by its configuration whether what it says proves anything', async () => {
    const older = await startReader(`  - url: ${prometheus.url}/api/v1/read\n`);
    const told = await older.holdings(live());
    expect(told).toMatchObject({ by: 'chunks', readsOthers: 'older', externalLabels: [] });
    expect(told.lowestMs).toBeGreaterThan(Date.now());
    const recent = await startReader(`  - url: ${prometheus.url}/api/v1/read\n    read_recent: true\n`);
    expect(await recent.holdings(live())).toMatchObject({ readsOthers: 'recent' });
  }, 60_000);

  it.each([403, 404])('is taken at its word where it does not tell: %s', async (status) => {
    const source = open(
      await startFront((request, body, response) =>
        request.url === '/api/v1/status/config'
          ? void response.writeHead(status).end('{"status":"error"}')
          : forward(request, body, response)
      )
    );
    expect(await source.holdings(live())).toEqual({ by: 'chunks', readsOthers: 'no', externalLabels: [] });
  });
});

describe('an answer that goes wrong', () => {
  const HEADERS = { 'content-type': 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse' };
  /** Handles reads of data; the question for the form is answered as it should be. */
  const startBad = (bad: (body: Buffer, response: ServerResponse) => Promise<void> | void): Promise<string> =>
    startFront((request, body, response) => {
      const asked = isRead(request) ? decodeReadRequest(decompress(body, 1_000_000)).queries[0] : undefined;
      return asked && asked.startMs > 1 ? bad(body, response) : forward(request, body, response);
    });
  const realAnswer = async (body: Buffer): Promise<Buffer> => {
    const answer = await fetch(`${prometheus.url}/api/v1/read`, { method: 'POST', body: new Uint8Array(body) });
    return Buffer.from(await answer.arrayBuffer());
  };

  it('is an error when it ends within a frame, or a bit is wrong, never a whole answer', async () => {
    let answer: (whole: Buffer) => Buffer = (whole) => whole;
    const source = open(
      await startBad(async (body, response) => {
        response.writeHead(200, HEADERS).end(answer(await realAnswer(body)));
      })
    );
    expect(await collect(source, [metric('odd')])).toHaveLength(2);
    answer = (whole) => whole.subarray(0, whole.length - 1);
    await expect(collect(source, [metric('odd')])).rejects.toMatchObject({ code: 'SOURCE_NOT_PROMETHEUS' });
    answer = (whole) => Buffer.concat([whole, Buffer.from('context deadline exceeded\n')]);
    await expect(collect(source, [metric('odd')])).rejects.toMatchObject({ code: 'SOURCE_NOT_PROMETHEUS' });
    answer = (whole) => {
      whole[whole.length - 5] ^= 1;
      return whole;
    };
    await expect(collect(source, [metric('odd')])).rejects.toMatchObject({
      code: 'SOURCE_NOT_PROMETHEUS',
      message: 'the checksum of a frame is wrong',
    });
  });

  it('is an error when the connection breaks off, when it stands still, and when it is too large', async () => {
    const source = open(
      await startBad(async (body, response) => {
        response.writeHead(200, HEADERS).write((await realAnswer(body)).subarray(0, 500));
        setTimeout(() => response.destroy(), 50);
      })
    );
    await expect(collect(source, [metric('odd')])).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    const url = await startBad(async (body, response) => {
      response.writeHead(200, HEADERS).write((await realAnswer(body)).subarray(0, 500));
    });
    await expect(collect(open(url, { timeoutMs: 300 }), [metric('odd')])).rejects.toMatchObject({
      code: 'SOURCE_TIMEOUT',
    });
    await expect(collect(open(prometheus.url, { responseLimitBytes: 400 }), [metric('odd')])).rejects.toMatchObject({
      code: 'SOURCE_RESPONSE_TOO_LARGE',
    });
  });

  it('shrinks where Prometheus says that it would be too many samples', async () => {
    const source = open(
      await startBad((_, response) => void response.writeHead(400).end('exceeded sample limit (50000000)\n'))
    );
    await expect(collect(source, [metric('odd')])).rejects.toMatchObject({ code: 'SOURCE_RESPONSE_TOO_LARGE' });
  });
});

it('waits for whoever takes it slowly, longer than its own deadline, and ends when they go', async () => {
  const source = open(prometheus.url, { timeoutMs: 1_000 });
  const taken: RawSeries[] = [];
  for await (const one of source.readRaw({ selectors: [metric('odd'), metric('counter')], range: RANGE }, live())) {
    taken.push(one);
    await sleep(700);
  }
  expect(taken).toHaveLength(3);
  const abort = new AbortController();
  const all = source.readRaw({ selectors: [metric('odd'), metric('counter')], range: RANGE }, abort);
  const reading = (async () => {
    for await (const _ of all) {
      abort.abort();
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
});

it('joins a series that comes in several frames', async () => {
  const timesMs = Float64Array.from({ length: 150_000 }, (_, i) => START_MS + 10 * i);
  // random bits do not compress: 1.3 MB of chunks, and frames have 1 MiB
  const values = Float64Array.from(timesMs, (_, i) => Math.sin(i) * 1e9);
  for (let at = 0; at < timesMs.length; at += 10_000) {
    const samples = { timesMs: timesMs.subarray(at, at + 10_000), values: values.subarray(at, at + 10_000) };
    await write([{ labels: [{ name: '__name__', value: 'long' }], samples, histograms: [] }]);
  }
  const [series, ...others] = await collect(open(), [metric('long')]);
  expect(others).toEqual([]);
  const bytes = series.chunks.reduce((sum, { data }) => sum + data.length, 0);
  expect(bytes).toBeGreaterThan(1_048_576);
  expect(contents(series)).toEqual(
    Array.from(timesMs, (timeMs, i) => `${timeMs} ${floatSample(timeMs, values[i]).content}`)
  );
}, 60_000);
