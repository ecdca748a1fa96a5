import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { HugeAnswers } from './hugeAnswers';
import { serve, type ServingProgram, until } from './promkeepProgram';

/**
 * Item 5 of "nobody can overfill it" for `promkeep serve`: clients that ask and do not read, that ask on and on behind an answer
 * that never ends, that say their request a byte at a time, or nothing at all. A real process; `promkeep_live_readers` and
 * `promkeep_answer_memory_bytes` are its own count.
 */
const CONNECTIONS = 990;
const LIMIT_MIB = 512;
/** As Node chooses in a control group of that size. */
const HEAP = '--max-old-space-size=256';

let huge: HugeAnswers;
let folder: string;
let program: ServingProgram;
let sockets: net.Socket[] = [];

beforeAll(async () => {
  huge = await HugeAnswers.start();
  folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-stall-'));
  const config = path.join(folder, 'promkeep.yaml');
  await writeFile(
    config,
    `prometheus: {url: '${huge.url}'}\nserver: {max_concurrent_queries: 1000, memory_limit_mib: ${LIMIT_MIB}}\n`
  );
  program = await serve({ args: ['--config', config], environment: { NODE_OPTIONS: HEAP } });
}, 60_000);

afterEach(() => {
  sockets.forEach((socket) => socket.destroy());
  sockets = [];
});

afterAll(async () => {
  await program?.process.stop();
  await huge?.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

/** A connection that reads nothing of what it asked for. */
function open(text: string): net.Socket {
  const socket = net.connect(Number(new URL(program.url).port), '127.0.0.1');
  socket.on('error', () => undefined).pause();
  socket.write(text);
  sockets.push(socket);
  return socket;
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${program.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

/** Connections of clients that the program still has. */
const openHandles = (): Promise<number> => metric('nodejs_active_resources{type="TCPSocketWrap"}');

/** Nothing is left of it: no answer, no reader, no connection. */
async function settles(limitMs: number): Promise<void> {
  await until('nothing is held', async () => (await metric('promkeep_answer_memory_bytes')) === 0, limitMs);
  await until('nobody reads', async () => (await metric('promkeep_live_readers')) === 0, limitMs);
  await until('the connections are closed', async () => (await openHandles()) < 20, limitMs);
}

// [A17]
test('answers that nobody reads are dropped, and others are answered meanwhile', async () => {
  for (let i = 0; i < CONNECTIONS; i++) {
    open(get('/api/standard?query=huge_30000'));
  }
  await until('answers are held', async () => (await metric('promkeep_answer_memory_bytes')) > 0);
  await until('somebody else is answered', async () => (await fetch(`${program.url}/api/standard?query=up`)).ok);
  await settles(100_000);
  expect(await metric('process_resident_memory_bytes')).toBeLessThan(LIMIT_MIB * 1024 * 1024);
}, 240_000);

test('event streams asked for one behind the other take one place at most, and give it back', async () => {
  for (let i = 0; i < CONNECTIONS / 10; i++) {
    open(get('/api/live').repeat(10));
  }
  await until('all were refused or ended', async () => (await metric('promkeep_live_readers')) === 0);
  // the page itself still finds a place
  const reader = open(get('/api/live'));
  await until('it reads', async () => (await metric('promkeep_live_readers')) === 1);
  reader.destroy();
  await settles(40_000);
}, 120_000);

test('requests that come a byte at a time, and connections that say nothing, are ended', async () => {
  const closed = Array.from({ length: CONNECTIONS }, (_, i) => {
    const socket = open(i % 2 ? '' : 'GET /api/standard?query=up HTTP/1.1\r\n').resume();
    const drip = setInterval(() => i % 2 || socket.write('x'), 5_000);
    return new Promise((resolve) =>
      socket.on('close', () => {
        clearInterval(drip);
        resolve(undefined);
      })
    );
  });
  const startMs = performance.now();
  await Promise.all(closed);
  expect(performance.now() - startMs).toBeLessThan(45_000);
  await settles(40_000);
}, 120_000);
