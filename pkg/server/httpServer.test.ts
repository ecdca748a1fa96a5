import { ampleMemory } from '../../tests/fakes/ampleMemory';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { type ApiRoute } from '../core/ports/apiRoute';
import { PromkeepError } from '../core/model/errors';
import { createProgramMetrics } from '../metrics/programMetrics';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './httpServer';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const servers: HttpServer[] = [];
let url = '';

async function start(options: Partial<HttpServerOptions> = {}): Promise<void> {
  const server = await createHttpServer({
    access: { host: '127.0.0.1', allowedHosts: [] },
    port: 0,
    routes: [],
    checks: [],
    metrics: createProgramMetrics('1.2.3', ampleMemory()),
    logger: silent,
    maxConcurrentQueries: 2,
    budget: ampleMemory(),
    requestTimeoutMs: 5_000,
    ...options,
  });
  servers.push(server);
  ({ url } = await server.listen());
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const route = (handle: ApiRoute['handle']): ApiRoute => ({ method: 'GET', path: '/api/test', handle });

/** Waits for its signal, as a slow Prometheus would be waited for. */
const waitForAbort = ({ signal }: { signal: AbortSignal }): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new PromkeepError('QUERY_CANCELLED', 'x'))));

async function get(
  target: string,
  headers: Record<string, string> = {}
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(url + target, { headers, redirect: 'manual' });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
}

/** `fetch` does not let a program choose the Host header. */
function statusForHost(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    http
      .get(`${url}/api/test`, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .on('error', reject);
  });
}

describe('errors', () => {
  it('are JSON with text and code, in the status of the error', async () => {
    await start({
      routes: [
        route(async ({ query }) => {
          if (query.get('x') === '1') {
            throw new PromkeepError('SOURCE_REFUSED', 'parse error', { status: 422 });
          }
          throw new TypeError('oops');
        }),
      ],
    });
    expect(await get('/api/test?x=1')).toMatchObject({
      status: 422,
      body: { error: 'parse error', code: 'SOURCE_REFUSED' },
    });
    expect(await get('/api/test')).toMatchObject({
      status: 500,
      body: { error: 'Internal error: oops', code: 'INTERNAL' },
    });
    expect(await get('/api/nothing?secret=1')).toMatchObject({
      status: 404,
      body: { error: 'There is nothing at GET /api/nothing.', code: 'NOT_FOUND' },
    });
  });

  it('carry the headers that keep browsers careful', async () => {
    await start();
    const { headers } = await get('/healthz');
    expect([headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual(['nosniff', 'no-referrer']);
  });
});

describe('limits', () => {
  // [A17]
  it('refuse more queries at once than allowed, and let go when they end', async () => {
    await start({ routes: [route(waitForAbort)] });
    const abort = new AbortController();
    const waiting = [1, 2].map(() => fetch(`${url}/api/test`, { signal: abort.signal }).catch(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { status, headers } = await get('/api/test');
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    abort.abort();
    await Promise.all(waiting);
  });

  it('abort the work when the caller goes away', async () => {
    let aborted: ((reason: unknown) => void) | undefined;
    const seen = new Promise((resolve) => (aborted = resolve));
    await start({
      routes: [
        route(async (request) => {
          request.signal.addEventListener('abort', () => aborted?.(request.signal.reason));
          return waitForAbort(request);
        }),
      ],
    });
    const abort = new AbortController();
    const asking = fetch(`${url}/api/test`, { signal: abort.signal }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    abort.abort();
    await asking;
    expect(await seen).toMatchObject({ code: 'QUERY_CANCELLED' });
  });

  it('end a request that takes too long', async () => {
    await start({ routes: [route(waitForAbort)], requestTimeoutMs: 50 });
    expect(await get('/api/test')).toMatchObject({ status: 504, body: { code: 'SOURCE_TIMEOUT' } });
  });
});

describe('access', () => {
  it('refuses names that are not its own, and pages of other origins', async () => {
    await start({ routes: [route(async () => ({ status: 200, body: {} }))] });
    expect(await statusForHost('rebound.evil.example')).toBe(403);
    expect(await statusForHost('localhost:1')).toBe(200);
    expect((await get('/api/test', { origin: 'http://evil.example' })).status).toBe(403);
  });

  it('does not exist beyond loopback without a secret', async () => {
    await expect(start({ access: { host: '0.0.0.0', allowedHosts: [] } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('names the port that is taken', async () => {
    await start();
    await expect(start({ port: Number(new URL(url).port) })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});

describe('readiness', () => {
  it('is 503 with the reasons until everything is there', async () => {
    let fails = true;
    const check = async (): Promise<void> => {
      if (fails) {
        throw new PromkeepError('ARCHIVE_UNREACHABLE', 'no database');
      }
    };
    await start({ checks: [{ name: 'archive', check }] });
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { checks: { archive: 'no database' } } });
    fails = false;
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready', checks: { archive: 'ok' } } });
  });

  it('says what should be looked at, and is ready all the same', async () => {
    let warning: string | undefined = 'a circle';
    await start({ warning: async () => warning });
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready', warnings: ['a circle'] } });
    warning = undefined;
    expect((await get('/readyz')).body).not.toHaveProperty('warnings');
  });
});

describe('the page', () => {
  let folder: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'promkeep-page-'));
    fs.mkdirSync(path.join(folder, 'assets'));
    fs.writeFileSync(path.join(folder, 'index.html'), '<meta name="csp-nonce" content="__NONCE__">');
    fs.writeFileSync(path.join(folder, 'assets/main.0123456789.js'), 'plain');
    fs.writeFileSync(path.join(folder, 'assets/main.0123456789.js.br'), 'brotli');
  });

  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('has a fresh nonce each time, in the policy and in the text, and is never cached', async () => {
    await start({ pageFolder: folder });
    const [one, two] = [await get('/dashboard'), await get('/dashboard')];
    const nonceOf = ({ body }: { body: unknown }): string => /content="([^"]+)"/.exec(String(body))?.[1] ?? '';
    expect(nonceOf(one)).toMatch(/^[\w+/]{24}$/);
    expect(nonceOf(one)).not.toBe(nonceOf(two));
    expect(one.headers.get('content-security-policy')).toContain(`'nonce-${nonceOf(one)}'`);
    expect(one.headers.get('cache-control')).toBe('no-store');
    expect((await get('/')).headers.get('location')).toBe('/dashboard');
  });

  it('has hashed files that are cached for ever and sent compressed', async () => {
    await start({ pageFolder: folder });
    const response = await get('/dashboard/assets/main.0123456789.js', { 'accept-encoding': 'identity' });
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.body).toBe('plain');
    const compressed = await new Promise<http.IncomingMessage>((resolve) =>
      http.get(`${url}/dashboard/assets/main.0123456789.js`, { headers: { 'accept-encoding': 'br' } }, resolve)
    );
    compressed.resume();
    expect(compressed.headers['content-encoding']).toBe('br');
    expect((await get('/dashboard/assets/../index.html')).status).toBe(404);
  });

  it('says what to do when it was not built', async () => {
    await start();
    expect(await get('/dashboard')).toMatchObject({ status: 503, body: expect.stringContaining('npm run build') });
  });
});
