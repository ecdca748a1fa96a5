import http from 'node:http';
import net from 'node:net';
import { ampleMemory } from '../../../tests/fakes/ampleMemory';
import { MemoryLogger } from '../../../tests/fakes/callers';
import { keptRaw } from '../../../tests/fakes/keptRaw';
import { samplesIn } from '../../../tests/fakes/rawSamples';
import { PromkeepError } from '../../core/model/errors';
import { type LabelMatcher } from '../../core/model/labelMatcher';
import { type Label, type RawSeries } from '../../core/model/rawSeries';
import { type RawHistory } from '../../core/ports/rawSeries';
import { createProgramMetrics } from '../../metrics/programMetrics';
import { chunksOfSamples } from '../../remote/chunks/seriesChunks';
import { FrameReader } from '../../remote/frames/frame';
import { decodeChunkedResponse } from '../../remote/messages/chunkedResponse';
import { encodeReadRequest, type ReadQuery, type ResponseType } from '../../remote/messages/readRequest';
import { decodeReadResponse } from '../../remote/messages/readResponse';
import { compress, decompress } from '../../remote/snappy';
import { createHttpServer, type HttpServer } from '../httpServer';
import { type RemoteReadParts } from './remoteRead';

const T0 = 1_700_000_000_000;
const STEP = 15_000;

const label = (name: string, value: string): Label => ({ name, value });

function seriesOf(labels: Label[], points = 300): RawSeries {
  const timesMs = Float64Array.from({ length: points }, (_, i) => T0 + i * STEP);
  return { labels, chunks: chunksOfSamples({ timesMs, values: timesMs.map((_, i) => i / 3) }) };
}

const SERIES = [
  seriesOf([label('__name__', 'a'), label('job', 'node')]),
  seriesOf([label('__name__', 'a'), label('job', 'node'), label('zone', 'x')]),
  seriesOf([label('__name__', 'b'), label('region', 'us')]),
];

let server: HttpServer | undefined;
let url = '';
const metrics = createProgramMetrics('1', ampleMemory());
const logger = new MemoryLogger();

async function start(
  history: RawHistory,
  parts: Partial<RemoteReadParts> = {},
  requestTimeoutMs = 5_000,
  budget = ampleMemory()
) {
  server = await createHttpServer({
    access: { host: '127.0.0.1', allowedHosts: [], token: 'a secret token' },
    ...{ port: 0, routes: [], checks: [], metrics, logger },
    ...{ maxConcurrentQueries: 2, budget, requestTimeoutMs },
    remoteRead: {
      history,
      externalLabels: {},
      limits: { maxSamples: 10_000, maxSeries: 100, maxConcurrent: 2 },
      ...parts,
    },
  });
  ({ url } = await server.listen());
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const HEADERS = {
  authorization: 'Bearer a secret token',
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-read-version': '0.1.0',
};

const every = (part: Partial<ReadQuery> = {}): ReadQuery => ({
  startMs: T0,
  endMs: T0 + 300 * STEP,
  matchers: [{ name: '__name__', operator: '=~', value: '.+' }],
  ...part,
});

const bodyOf = (queries: ReadQuery[], acceptedTypes: ResponseType[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(compress(encodeReadRequest({ queries, acceptedTypes })));

function post(body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, method = 'POST'): Promise<Response> {
  return fetch(`${url}/api/v1/read`, {
    method,
    headers: { ...HEADERS, ...headers },
    ...(method === 'GET' ? {} : { body }),
  });
}

/** Of each query its series, as name and value texts, with their sample times. */
async function readStreamed(queries: ReadQuery[]): Promise<Array<{ query: number; labels: string; times: number[] }>> {
  const response = await post(bodyOf(queries, ['STREAMED_XOR_CHUNKS', 'SAMPLES']));
  expect(response.headers.get('content-type')).toBe(
    'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse'
  );
  const reader = new FrameReader();
  const frames = Array.from(reader.read(new Uint8Array(await response.arrayBuffer())), decodeChunkedResponse);
  reader.end();
  return frames.map(({ series: [{ labels, chunks }, ...others], queryIndex }) => {
    expect(others).toEqual([]);
    return { query: queryIndex, labels: textOf(labels), times: chunks.flatMap(samplesIn).map(({ timeMs }) => timeMs) };
  });
}

async function readWhole(queries: ReadQuery[], types: ResponseType[] = ['SAMPLES']) {
  const response = await post(bodyOf(queries, types));
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
  });
  const results = decodeReadResponse(decompress(new Uint8Array(await response.arrayBuffer()), 1 << 24));
  return results.map((series) =>
    series.map(({ labels, samples }) => ({ labels: textOf(labels), times: [...samples.timesMs] }))
  );
}

const textOf = (labels: readonly Label[]): string => labels.map(({ name, value }) => `${name}=${value}`).join(',');

describe('answers', () => {
  it('come in the form that the reader likes best, samples where it says nothing', async () => {
    await start(await keptRaw(SERIES));
    const streamed = await readStreamed([every()]);
    expect(streamed.map(({ labels, times }) => [labels, times.length])).toEqual(
      SERIES.map(({ labels }) => [textOf(labels), 300])
    );
    const [whole] = await readWhole([every()], []);
    expect(whole).toEqual(streamed.map(({ labels, times }) => ({ labels, times })));
    expect((await readWhole([every()], ['SAMPLES', 'STREAMED_XOR_CHUNKS']))[0]).toHaveLength(3);
  });

  it('to several queries are told apart, bounds inclusive, hints before bounds, empty ones there', async () => {
    await start(await keptRaw(SERIES));
    const hints = { stepMs: 0, func: '', grouping: [], by: false, rangeMs: 0 };
    const queries = [
      every({ startMs: T0 + STEP, endMs: T0 + 2 * STEP, matchers: [{ name: 'zone', operator: '=', value: 'x' }] }),
      every({ startMs: T0 + 1, endMs: T0 + STEP - 1 }),
      every({
        matchers: [{ name: 'job', operator: '!=', value: 'node' }],
        hints: { ...hints, startMs: T0 + STEP, endMs: T0 + STEP },
      }),
      every({ matchers: [{ name: 'job', operator: '!~', value: 'n.*' }], hints: { ...hints, startMs: 0, endMs: 0 } }),
      every({ startMs: -Infinity, endMs: Number.MAX_SAFE_INTEGER, matchers: [] }),
    ].map((one) => ({ ...one, startMs: Math.max(one.startMs, Number.MIN_SAFE_INTEGER) }));
    const counts = (times: number[][]): number[] => times.map(({ length }) => length);
    const streamed = await readStreamed(queries);
    const ofQuery = (i: number): number[] =>
      counts(streamed.filter(({ query }) => query === i).map(({ times }) => times));
    expect(queries.map((_, i) => ofQuery(i))).toEqual([[2], [], [1], [300], [300, 300, 300]]);
    const whole = await readWhole(queries);
    expect(whole.map((series) => counts(series.map(({ times }) => times)))).toEqual([
      [2],
      [],
      [1],
      [300],
      [300, 300, 300],
    ]);
  });

  it('are labels alone for func="series"', async () => {
    await start(await keptRaw(SERIES));
    const hints = { stepMs: 0, func: 'series', startMs: T0, endMs: T0, grouping: [], by: false, rangeMs: 0 };
    expect((await readWhole([every({ hints })]))[0].map(({ times }) => times)).toEqual([[], [], []]);
    expect((await readStreamed([every({ hints })])).map(({ times }) => times)).toEqual([[], [], []]);
  });

  it('are counted in the metrics', async () => {
    await start(await keptRaw(SERIES));
    await readStreamed([every()]);
    await readWhole([every()]);
    const text = await metrics.text();
    expect(text).toMatch(/promkeep_remote_read_samples_total\{kind="chunks"\} [1-9]/);
    expect(text).toMatch(/promkeep_remote_read_duration_seconds_count\{kind="samples"\} [1-9]/);
  });
});

describe('external labels', () => {
  const parts = { externalLabels: { region: 'eu', aa: '1' } };
  const ask = async (...matchers: LabelMatcher[]): Promise<string[]> => {
    const labels = (await readStreamed([every({ matchers })])).map((one) => one.labels);
    expect((await readWhole([every({ matchers })]))[0].map((one) => one.labels)).toEqual(labels);
    return labels;
  };

  it('are added where a series has none of its own, in the order of all labels', async () => {
    await start(await keptRaw(SERIES), parts);
    expect(await ask()).toEqual([
      '__name__=a,aa=1,job=node,region=eu',
      '__name__=a,aa=1,job=node,region=eu,zone=x',
      '__name__=b,aa=1,region=us',
    ]);
  });

  it.each<[LabelMatcher['operator'], string, string[]]>([
    ['=', 'eu', ['a', 'a']],
    ['=', 'us', ['b']],
    ['=', '', []],
    ['!=', 'eu', ['b']],
    ['!=', 'us', ['a', 'a']],
    ['!=', '', ['a', 'a', 'b']],
    ['=~', 'e.', ['a', 'a']],
    ['=~', 'us|', ['b']],
    ['!~', 'e.', ['b']],
    ['!~', 'u.|', ['a', 'a']],
  ])('are matched as the label that they are: %s "%s"', async (operator, value, names) => {
    await start(await keptRaw(SERIES), parts);
    const found = await ask({ name: 'region', operator, value });
    expect(found.map((text) => /__name__=(\w)/.exec(text)?.[1])).toEqual(names);
  });

  it('may put the beginning of another series behind it', async () => {
    await start(await keptRaw(SERIES.slice(0, 2)), { externalLabels: { zz: '1' } });
    expect(await ask()).toEqual(['__name__=a,job=node,zone=x,zz=1', '__name__=a,job=node,zz=1']);
  });
});

const ANY: LabelMatcher = { name: 'a', operator: '!=', value: 'b' };

describe('what is refused', () => {
  const bad: Array<[string, Uint8Array<ArrayBuffer>, Record<string, string>, number, RegExp]> = [
    ['no snappy', Uint8Array.of(1, 2, 3), {}, 400, /^snappy: /],
    ['nothing', new Uint8Array(0), {}, 400, /^snappy: /],
    ['cut off', bodyOf([every()], []).slice(0, 20), {}, 400, /^snappy: /],
    ['a huge length', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0), {}, 413, /^snappy: .* allowed are 4194304/],
    ['no protobuf', new Uint8Array(compress(Buffer.from('hello'))), {}, 400, /^protobuf: /],
    ['too much', new Uint8Array(2 * 1024 * 1024), {}, 413, /too large/],
    ['another encoding', bodyOf([every()], []), { 'content-encoding': 'gzip' }, 415, /expected snappy/],
    ['another type', bodyOf([every()], []), { 'content-type': 'application/json' }, 415, /application\/x-protobuf/],
    ['no secret', bodyOf([every()], []), { authorization: 'Bearer no' }, 401, /token/],
    [
      'a broken pattern',
      bodyOf([every({ matchers: [{ name: 'a', operator: '=~', value: '(' }] })], ['STREAMED_XOR_CHUNKS']),
      ...([{}, 400, /regular expression/] as const),
    ],
    ['many queries', bodyOf(Array(101).fill(every()), []), {}, 413, /at most 100 queries/],
    ['many matchers', bodyOf([every({ matchers: Array(201).fill(ANY) })], []), {}, 413, /at most 200 matchers/],
    ['many samples', bodyOf(Array(20).fill(every()), []), {}, 400, /^exceeded sample limit \(10000\)$/],
  ];

  it.each(bad)('%s, with a text', async (_, body, headers, status, text) => {
    await start(await keptRaw(SERIES));
    const response = await post(body, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect((await response.text()).trim()).toMatch(text);
  });

  it('another method', async () => {
    await start(await keptRaw(SERIES));
    const response = await post(new Uint8Array(), {}, 'GET');
    expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([
      405,
      'POST',
      'Method Not Allowed\n',
    ]);
  });

  it('what the archive cannot give, before the head', async () => {
    let isAway = false;
    const away = (): void => {
      if (isAway) {
        throw new PromkeepError('ARCHIVE_UNREACHABLE', 'PostgreSQL is away.');
      }
    };
    await start(await keptRaw(SERIES, away));
    isAway = true;
    for (const type of ['SAMPLES', 'STREAMED_XOR_CHUNKS'] as const) {
      const response = await post(bodyOf([every()], [type]));
      expect([response.status, await response.text()]).toEqual([503, 'PostgreSQL is away.\n']);
    }
  });
});

/** A history whose series are made one by one, and what becomes of the reading. */
async function scripted(make: (i: number, signal: AbortSignal) => Promise<RawSeries | undefined>) {
  const told = { given: 0, ended: false };
  const history: RawHistory = Object.assign(await keptRaw(SERIES), {
    async *select(_: unknown, signal: AbortSignal): AsyncIterable<RawSeries> {
      try {
        for (let next = await make(0, signal); next; next = await make(told.given, signal)) {
          told.given++;
          yield next;
        }
      } finally {
        told.ended = true;
      }
    },
  });
  return { history, told };
}

const LONG = seriesOf([], 3_000).chunks;
const numbered = (i: number): RawSeries => ({
  labels: [label('__name__', `n${String(i).padStart(9, '0')}`)],
  chunks: LONG,
});

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new PromkeepError('QUERY_CANCELLED', 'x'))));

async function eventually(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(holds()).toBe(true);
}

describe('while it streams', () => {
  it('a fault cuts the connection, so that nobody takes the part for the whole', async () => {
    const { history } = await scripted(async (i) => {
      if (i === 100) {
        throw new PromkeepError('ARCHIVE_UNREACHABLE', 'gone');
      }
      return numbered(i);
    });
    await start(history);
    const response = await post(bodyOf([every()], ['STREAMED_XOR_CHUNKS']));
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it('nothing is streamed where the end of the connection is the end of the answer, as in HTTP/1.0', async () => {
    await start(await keptRaw(SERIES));
    const ask = async (types: ResponseType[]): Promise<string> => {
      const body = bodyOf([every()], types);
      const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
      const headers = Object.entries({ ...HEADERS, host: new URL(url).host, 'content-length': body.length }).map(
        (one) => one.join(': ')
      );
      socket.write(`POST /api/v1/read HTTP/1.0\r\n${headers.join('\r\n')}\r\n\r\n`);
      socket.write(body);
      const pieces: Buffer[] = [];
      for await (const piece of socket) {
        pieces.push(piece as Buffer);
      }
      return Buffer.concat(pieces).toString('latin1');
    };
    expect(await ask(['STREAMED_XOR_CHUNKS', 'SAMPLES'])).toMatch(/^HTTP\/1.1 200 [^]*content-length: \d+\r\n/);
    expect(await ask(['STREAMED_XOR_CHUNKS'])).toMatch(/^HTTP\/1.1 505 [^]*streamed answers need HTTP\/1.1\n$/);
  });

  it('no more is read than the reader takes, and nothing once it is gone', async () => {
    const { history, told } = await scripted(async (i) => numbered(i));
    await start(history);
    const request = http.request(`${url}/api/v1/read`, { method: 'POST', headers: HEADERS });
    request.on('error', () => undefined);
    const response = await new Promise<http.IncomingMessage>((resolve) => {
      request.on('response', resolve).end(bodyOf([every()], ['STREAMED_XOR_CHUNKS']));
    });
    response.on('error', () => undefined).pause();
    let before = -1;
    while (told.given > before) {
      before = told.given;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(told.ended).toBe(false);
    request.destroy();
    await eventually(() => told.ended);
  });

  it('an archive that gives nothing more in time ends it; before the head with 504', async () => {
    const { history, told } = await scripted((i, signal) =>
      i < 50 ? Promise.resolve(numbered(i)) : untilAborted(signal)
    );
    await start(history, {}, 300);
    const response = await post(bodyOf([every()], ['STREAMED_XOR_CHUNKS']));
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(told.ended).toBe(true);
    const late = await post(bodyOf([every()], ['SAMPLES']));
    expect([late.status, await late.text()]).toEqual([504, 'There was no answer within 0.3 s.\n']);
  });

  it('whoever waits for a turn is charged with what they ask', async () => {
    const { history } = await scripted((_, signal) => untilAborted(signal));
    const budget = ampleMemory();
    await start(history, {}, 500, budget);
    const long = every({ matchers: [{ name: 'a', operator: '=', value: 'x'.repeat(60_000) }] });
    const answers = Array.from({ length: 10 }, () => post(bodyOf(Array(10).fill(long), ['SAMPLES'])));
    await eventually(() => budget.use.heldBytes > 10 * 10 * 60_000);
    await Promise.all(answers);
    await eventually(() => budget.use.heldBytes === 0);
  });

  it('others wait for their turn', async () => {
    const release = Promise.withResolvers<void>();
    let open = 0;
    let most = 0;
    const { history } = await scripted(async (i) => {
      if (i > 0) {
        return undefined;
      }
      most = Math.max(most, ++open);
      await release.promise;
      open--;
      return undefined;
    });
    await start(history);
    const answers = Array.from({ length: 6 }, () => post(bodyOf([every()], ['SAMPLES'])));
    await eventually(() => open === 2);
    release.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(most).toBe(2);
  });
});
