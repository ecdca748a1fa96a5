import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { createProgramMetrics } from '../../pkg/metrics/programMetrics';
import { FrameReader } from '../../pkg/remote/frames/frame';
import { encodeReadRequest } from '../../pkg/remote/messages/readRequest';
import { compress } from '../../pkg/remote/snappy';
import { createHttpServer, type HttpServer } from '../../pkg/server/httpServer';
import { HOUR, MINUTE, RAW, rawWrite, scraped } from '../contracts/rawValues';
import { live } from '../contracts/underTest';
import { ampleMemory } from '../fakes/ampleMemory';
import { MemoryLogger } from '../fakes/callers';
import { SERVERS, T0, TestServer } from './archiveServers';

/** Two hundred readers of a real archive at once, of whom many do not do what readers do. */
jest.setTimeout(120_000);

const SERIES = 600;
const POINTS = 480;
const READERS = 200;
const RANGE = { fromMs: T0, toMs: T0 + 6 * HOUR - MINUTE };

const test = new TestServer(SERVERS[0]);
const budget = ampleMemory();
let archive: Archive;
let client: Client;
let server: HttpServer;
let url = '';

beforeAll(async () => {
  await test.start();
  const database = await test.freshDatabase();
  archive = test.archive(database);
  client = await test.client(database);
  await archive.definitions.provision([RAW]);
  const values = Array.from({ length: POINTS }, (_, i) => Math.sin(i) * 1e9);
  const series = Array.from({ length: SERIES }, (_, n) => scraped({ __name__: 'm', job: 'node', n: `${n}` }, values));
  await archive.raw.writeRaw(rawWrite(series, { range: RANGE, covered: [RANGE] }), live());
  const metrics = createProgramMetrics('1', budget);
  server = await createHttpServer({
    access: { host: '127.0.0.1', allowedHosts: [] },
    ...{ port: 0, routes: [], checks: [], metrics, logger: new MemoryLogger(), budget },
    ...{ maxConcurrentQueries: 2, requestTimeoutMs: 30_000 },
    remoteRead: {
      history: archive.raw,
      externalLabels: {},
      limits: { maxSamples: 50_000_000, maxSeries: 100_000, maxConcurrent: 10 },
    },
  });
  ({ url } = await server.listen());
});

afterAll(async () => {
  await server.close();
  await test.stop();
});

const BODY = Buffer.from(
  compress(
    encodeReadRequest({
      queries: [{ startMs: T0, endMs: T0 + 6 * HOUR, matchers: [{ name: '__name__', operator: '=~', value: 'm' }] }],
      acceptedTypes: ['STREAMED_XOR_CHUNKS'],
    })
  )
);

type Manner = 'reads' | 'leaves' | 'stands still';

/** Frames that it got; -1: it did not take all. */
function read(manner: Manner): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
    const request = http.request(`${url}/api/v1/read`, { method: 'POST', headers, agent: false }, (response) => {
      const frames = new FrameReader();
      let count = 0;
      if (manner === 'stands still') {
        response.pause();
        setTimeout(() => request.destroy(), 3_000);
        return;
      }
      response.on('data', (piece: Buffer) => {
        count += [...frames.read(piece)].length;
        if (manner === 'leaves') {
          request.destroy();
        }
      });
      response.on('end', () => {
        frames.end();
        resolve(response.statusCode === 200 ? count : -1);
      });
      response.on('error', () => resolve(-1));
    });
    request.on('error', () => (manner === 'reads' ? reject(new Error('cut off')) : resolve(-1)));
    request.on('close', () => resolve(-1));
    request.end(BODY);
  });
}

it('answers those who read, and others meanwhile, and keeps nothing of those who leave', async () => {
  const manners = Array.from(
    { length: READERS },
    (_, i): Manner => (['reads', 'leaves', 'stands still'] as const)[i % 3]
  );
  const answers = manners.map(async (manner) => ({ manner, frames: await read(manner) }));
  let isOver = false;
  let slowestMs = 0;
  let mostBytes = 0;
  const healthy = (async () => {
    while (!isOver) {
      const startMs = performance.now();
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      mostBytes = Math.max(mostBytes, process.memoryUsage().rss);
      await sleep(50);
    }
  })();
  const all = await Promise.all(answers);
  isOver = true;
  await healthy;
  const complete = all.filter(({ manner }) => manner === 'reads');
  expect(complete.filter(({ frames }) => frames !== SERIES)).toEqual([]);
  expect(slowestMs).toBeLessThan(10_000);
  expect(mostBytes).toBeLessThan(1.5e9);
  await sleep(500);
  const { rows } = await client.query(
    `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`
  );
  expect([rows, budget.use.heldBytes, budget.use.shares]).toEqual([[], 0, 0]);
});
