import { ampleMemory } from '../../../tests/fakes/ampleMemory';
import http from 'node:http';
import { type AddressInfo } from 'node:net';
import { createHttpServer, type HttpServer } from '../httpServer';
import { createProgramMetrics } from '../../metrics/programMetrics';
import { EventStream } from './eventStream';
import { type LiveFeeds } from './liveRoute';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const closers: Array<() => Promise<void> | void> = [];
let server: HttpServer;
let url = '';

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) {
    await close();
  }
});

async function start(feeds: Partial<LiveFeeds> = {}, token?: string): Promise<void> {
  server = await createHttpServer({
    access: { host: '127.0.0.1', allowedHosts: [], token },
    port: 0,
    routes: [],
    checks: [],
    metrics: createProgramMetrics('1.2.3', ampleMemory()),
    logger: silent,
    maxConcurrentQueries: 2,
    budget: ampleMemory(),
    requestTimeoutMs: 5_000,
    live: { maxRangeMs: 86_400_000, summary: async (rangeMs) => ({ rangeMs }), ...feeds },
  });
  closers.push(() => server.close());
  ({ url } = await server.listen());
}

interface Received {
  event: string;
  id: string;
  data: unknown;
}

class Reader {
  readonly events: Received[] = [];
  ended = false;
  private text = '';
  private wake = (): void => undefined;

  constructor(readonly response: http.IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => this.take(chunk));
    response.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  static async open(path = '', headers: Record<string, string> = {}): Promise<Reader> {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const request = http.get(`${url}/api/live${path}`, { headers, agent: false }, resolve).on('error', reject);
      closers.push(() => void request.destroy());
    });
    return new Reader(response);
  }

  async until(holds: (reader: Reader) => boolean): Promise<Received[]> {
    while (!holds(this)) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return this.events;
  }

  private take(chunk: string): void {
    const blocks = (this.text + chunk).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/, 2)));
      if (lines.event) {
        this.events.push({ event: lines.event, id: lines.id, data: JSON.parse(lines.data) });
      }
    }
    this.wake();
  }
}

it('tells summary and archive, in a form EventSource reads, uncached and unbuffered', async () => {
  await start({ archive: async () => ({ samples: 7 }) });
  const reader = await Reader.open('?rangeMs=900000');
  const events = await reader.until(({ events }) => events.length === 2);
  expect(events.map(({ event, data }) => [event, data]).sort()).toEqual([
    ['archive', { samples: 7 }],
    ['summary', { rangeMs: 900_000 }],
  ]);
  expect(reader.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
});

it('says that there is no archive', async () => {
  await start();
  const events = await (await Reader.open()).until(({ events }) => events.length === 2);
  expect(events.find(({ event }) => event === 'archive')?.data).toEqual({ off: true });
});

it('evaluates once, however many read', async () => {
  let asked = 0;
  await start({ summary: async () => ++asked });
  const readers = await Promise.all(Array.from({ length: 20 }, () => Reader.open()));
  await Promise.all(
    readers.map((reader) => reader.until(({ events }) => events.some(({ event }) => event === 'summary')))
  );
  expect(asked).toBe(1);
});

it('does not repeat what a reader knew before its connection was lost, unless it was of another range or run', async () => {
  await start({ archive: async () => ({}) });
  const first = await Reader.open('?rangeMs=900000');
  const known = await first.until(({ events }) => events.length === 2);
  const lastId = known[1].id;
  const again = async (path: string, id: string): Promise<string[]> => {
    const reader = await Reader.open(path, { 'last-event-id': id });
    // What is fresh is told with the head of the answer, before anything else could come.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return reader.events.map(({ event }) => event);
  };
  expect(await again('?rangeMs=900000', lastId)).toEqual([]);
  expect(await again('?rangeMs=3600000', lastId)).toEqual(['summary']);
  expect((await again('?rangeMs=900000', lastId.replace(/^\w+/, 'ffffffff'))).sort()).toEqual(['archive', 'summary']);
});

// [A17]
it('refuses more readers than it can serve, and more ranges, with 429', async () => {
  const counts: number[] = [];
  await start({ onReaders: (count) => counts.push(count) });
  const minutes = Array.from({ length: 13 }, (_, i) => Reader.open(`?rangeMs=${(i + 1) * 60_000}`));
  const ranges = await Promise.all(minutes);
  expect(ranges.map(({ response }) => response.statusCode).sort()).toEqual([...Array(12).fill(200), 429]);
  const readers = await Promise.all(Array.from({ length: 90 }, () => Reader.open('?rangeMs=60000')));
  expect(readers.filter(({ response }) => response.statusCode === 429)).toHaveLength(2);
  expect(Math.max(...counts)).toBe(100);
});

it('refuses a range that is none, and readers without the token', async () => {
  await start({}, 'secret');
  expect((await Reader.open()).response.statusCode).toBe(401);
  const authorization = 'Bearer secret';
  expect((await Reader.open('?rangeMs=1', { authorization })).response.statusCode).toBe(400);
  expect((await Reader.open('', { authorization })).response.statusCode).toBe(200);
});

it('ends its streams when the server stops', async () => {
  await start();
  const reader = await Reader.open();
  await reader.until(({ events }) => events.length > 0);
  await server.close();
  await reader.until(({ ended }) => ended);
});

it('keeps for a slow reader the newest event of each name, not all', async () => {
  const TOTAL = 200;
  const plain = http.createServer((_, response) => {
    const stream = new EventStream(response, {});
    for (let i = 1; i <= TOTAL; i++) {
      stream.send({ name: 'summary', id: String(i), data: JSON.stringify('x'.repeat(100_000) + i) });
    }
    stream.send({ name: 'archive', id: 'a', data: '1' });
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const { port } = plain.address() as AddressInfo;
  closers.push(
    () => void plain.close(),
    () => plain.closeAllConnections()
  );
  url = `http://127.0.0.1:${port}`;
  const reader = await Reader.open();
  const events = await reader.until(({ events }) => events.some(({ event }) => event === 'archive'));
  expect(events.length).toBeLessThan(TOTAL / 4);
  const summaries = events.filter(({ event }) => event === 'summary');
  expect(summaries.at(-1)?.id).toBe(String(TOTAL));
});
