import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type CallOptions, type MetricSource } from '../../pkg/core/ports/metricSource';
import { type QueryResult } from '../../pkg/core/model/series';
import {
  type PlainOptions,
  plainPrometheusSettings,
  type PrometheusSettings,
  type ProxySettings,
} from '../../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { freePort } from '../../scripts/stack/ports';
import { type Behaviour, type RudeServer, startRudeServer } from './prometheusRudeServer';

const ANSWER = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"42"]}]}}';
const SECRET = 'geheim-geheim';
/** Every kind of secret a request can carry; none may ever be seen in an error. */
const SECRETS: PlainOptions = {
  basicAuth: { user: 'me', password: SECRET },
  headers: { 'X-Key': `${SECRET}-header` },
};

const closers: Array<() => Promise<void>> = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function serve(behave: Behaviour): Promise<RudeServer> {
  const server = await startRudeServer(behave);
  closers.push(() => server.stop());
  return server;
}

function sourceOf(url: string, over: Partial<PrometheusSettings> = {}, proxies?: ProxySettings): MetricSource {
  const settings = plainPrometheusSettings(url, SECRETS);
  const source = createPrometheusSource(
    { ...settings, customParameters: [['token', `${SECRET}-token`]], ...over },
    proxies
  );
  closers.push(() => source.close());
  return source;
}

const live = (headers?: Record<string, string>): CallOptions => ({ signal: new AbortController().signal, headers });

function ask(source: MetricSource, options = live()): Promise<QueryResult> {
  return source.queryInstant({ expr: 'up', timeMs: 1000 }, options);
}

/** The error, after checking what holds for all of them. */
async function failureOf(work: Promise<unknown>): Promise<PromkeepError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason
  );
  if (!(error instanceof PromkeepError)) {
    throw new Error(`expected a PromkeepError, got ${String(error)}`);
  }
  expect(error.message).not.toContain(SECRET);
  expect(error.message).not.toContain('query=');
  return error;
}

describe('answers that are none', () => {
  // [Q2.4] [Q7.11]
  it.each<[string, number, string, string, Partial<PromkeepError>]>([
    [
      'a login page',
      200,
      'text/html',
      `<html><title>Sign in</title>${SECRET}-token</html>`,
      { code: 'SOURCE_NOT_PROMETHEUS', status: 502 },
    ],
    ['other JSON', 200, 'application/json', '{"hello":"world"}', { code: 'SOURCE_NOT_PROMETHEUS' }],
    ['a cut body', 200, 'application/json', ANSWER.slice(0, -5), { code: 'SOURCE_NOT_PROMETHEUS' }],
    ['an empty body', 200, 'application/json', '', { code: 'SOURCE_NOT_PROMETHEUS' }],
    ['401', 401, 'text/plain', 'Unauthorized', { code: 'SOURCE_STATUS', status: 401 }],
    ['404', 404, 'text/plain', '404 page not found', { code: 'SOURCE_STATUS', status: 404 }],
    ['429', 429, 'text/plain', `slow down ${SECRET}`, { code: 'SOURCE_STATUS', status: 429 }],
    ['500', 500, 'text/html', '<h1>oops</h1>', { code: 'SOURCE_STATUS', status: 500 }],
    ['503', 503, 'text/html', '<h1>no server</h1>', { code: 'SOURCE_STATUS', status: 503 }],
    [
      'an error of Prometheus',
      422,
      'application/json',
      '{"status":"error","errorType":"execution","error":"too much","data":null}',
      { code: 'SOURCE_REFUSED', status: 422, message: 'execution: too much' },
    ],
    [
      'an error with status 200',
      200,
      'application/json',
      '{"data":null,"status":"error","errorType":"bad_data","error":"x"}',
      { code: 'SOURCE_REFUSED', message: 'bad_data: x' },
    ],
  ])('names %s', async (_, status, type, body, expected) => {
    const server = await serve((_request, response) => response.writeHead(status, { 'content-type': type }).end(body));
    const error = await failureOf(ask(sourceOf(server.url)));
    expect(error).toMatchObject(expected);
  });

  // [Q7.1]
  it('shows status, host and a snippet', async () => {
    const login = await serve((_, response) => response.end('<html><title>Sign in</title></html>'));
    expect((await failureOf(ask(sourceOf(login.url)))).message).toBe(
      `${login.host} answered 200 OK with HTML, not an answer of Prometheus (a login page or another program?). It begins: Sign in`
    );
    const missing = await serve((_, response) => response.writeHead(404).end('404 page\nnot found'));
    expect((await failureOf(ask(sourceOf(missing.url)))).message).toBe(
      `404 Not Found from ${missing.host}: 404 page not found`
    );
    const cut = await serve((_, response) => response.end(ANSWER.slice(0, 50)));
    expect((await failureOf(ask(sourceOf(cut.url)))).message).toContain('the answer was cut off after 50 bytes');
  });
});

describe('trouble on the way', () => {
  it('names a server that is not there', async () => {
    const port = await freePort();
    const error = await failureOf(ask(sourceOf(`http://127.0.0.1:${port}`)));
    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE', status: 502 });
    expect(error.message).toContain(`Cannot reach 127.0.0.1:${port}: connection refused`);
  });

  it('names a host that does not exist', async () => {
    const error = await failureOf(ask(sourceOf('http://promkeep.invalid:9090')));
    expect(error.code).toBe('SOURCE_UNREACHABLE');
    expect(error.message).toMatch(/^Cannot reach promkeep\.invalid:9090: the host name/);
  });

  it.each([
    ['before the answer', (): undefined => undefined],
    ['within the answer', (response: { write(text: string): unknown }): unknown => response.write(ANSWER.slice(0, 20))],
  ])('gives up on a server that is slow %s', async (_, begin) => {
    const server = await serve((_request, response) => void begin(response));
    const error = await failureOf(ask(sourceOf(server.url, { timeoutMs: 100 })));
    expect(error).toMatchObject({ code: 'SOURCE_TIMEOUT', status: 504 });
    expect(error.message).toBe(`${server.host} did not finish its answer within 0.1 s.`);
  });

  it('tells a reset within the answer', async () => {
    const server = await serve((_, response, socket) => {
      response.writeHead(200, { 'content-length': ANSWER.length }).write(ANSWER.slice(0, 20));
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
    const error = await failureOf(ask(sourceOf(server.url)));
    expect(error.code).toBe('SOURCE_UNREACHABLE');
    expect(error.message).toBe(`The connection to ${server.host} broke off after 20 bytes of the answer.`);
    expect(server.seen).toHaveLength(1);
  });

  it('closes the socket when the caller goes', async () => {
    let closed: () => void = () => undefined;
    const socketClosed = new Promise<void>((resolve) => (closed = resolve));
    const server = await serve((_, response, socket) => {
      socket.on('close', closed);
      response.write(ANSWER.slice(0, 20));
    });
    const controller = new AbortController();
    const pending = failureOf(ask(sourceOf(server.url), { signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    expect((await pending).code).toBe('QUERY_CANCELLED');
    await socketClosed;
  });

  // [A17]
  it('refuses an answer beyond the limit, announced or not, and hangs up', async () => {
    const announced = await serve((_, response) => response.writeHead(200, { 'content-length': 5000 }).write('{'));
    const error = await failureOf(ask(sourceOf(announced.url, { responseLimitBytes: 4999 })));
    expect(error).toMatchObject({ code: 'SOURCE_RESPONSE_TOO_LARGE', status: 413 });
    const endless = await serve((_, response, socket) => {
      const more = (): void => void (socket.destroyed || response.write(' '.repeat(65_536), more));
      more();
    });
    expect((await failureOf(ask(sourceOf(endless.url, { responseLimitBytes: 1e6 })))).code).toBe(
      'SOURCE_RESPONSE_TOO_LARGE'
    );
  });

  // [A17]
  it('refuses an answer that is said to be packed thousands of times, before it makes room for that', async () => {
    const headers = { 'content-encoding': 'gzip,'.repeat(1_500) };
    const server = await serve((_, response) => response.writeHead(200, headers).end(gzipSync(ANSWER)));
    const error = await failureOf(ask(sourceOf(server.url)));
    expect(error.code).toBe('SOURCE_NOT_PROMETHEUS');
    expect(error.message).toContain('more than 4 encodings');
  });

  // [A17]
  it('counts unpacked bytes: a small body may hold a large one', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    const server = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const error = await failureOf(ask(sourceOf(server.url, { responseLimitBytes: 1e6 })));
    expect(error.code).toBe('SOURCE_RESPONSE_TOO_LARGE');
  });
});

describe('packed answers', () => {
  // [Q7.13]
  it.each([
    ['gzip', gzipSync(ANSWER)],
    ['x-gzip', gzipSync(ANSWER)],
    ['deflate', deflateSync(ANSWER)],
    ['deflate', deflateRawSync(ANSWER)],
    ['br', brotliCompressSync(ANSWER)],
    ['deflate, gzip', gzipSync(deflateSync(ANSWER))],
  ])('unpacks %s although it was not asked for', async (encoding, body) => {
    const server = await serve((_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body));
    expect((await ask(sourceOf(server.url))).series[0].values[0]).toBe(42);
    expect(server.seen[0].headers['accept-encoding']).toBe('identity');
  });

  it.each([
    ['cut off', gzipSync(ANSWER).subarray(0, 40)],
    ['damaged', Buffer.from(ANSWER)],
  ])('names a packed answer that is %s', async (_, body) => {
    const server = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body)
    );
    const error = await failureOf(ask(sourceOf(server.url)));
    expect(error.code).toBe('SOURCE_NOT_PROMETHEUS');
    expect(error.message).toContain('is damaged or cut off');
  });
});

describe('connections', () => {
  const dying: Behaviour = (_, response, socket) => {
    response.end(ANSWER);
    // dies behind the answer, as when a load balancer forgets idle connections
    setTimeout(() => socket.removeAllListeners('data').once('data', () => socket.resetAndDestroy()), 20);
  };

  it('keeps connections open between requests', async () => {
    const server = await serve((_, response) => response.end(ANSWER));
    const source = sourceOf(server.url);
    for (let i = 0; i < 10; i++) {
      await ask(source);
    }
    // undici may open a second one when asked in the same turn in which the first was freed
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  // [Q2.1]
  it('asks once more when the kept connection was dead', async () => {
    let first = true;
    const server = await serve((request, response, socket) => {
      if (first) {
        first = false;
        dying(request, response, socket);
      } else {
        response.end(ANSWER);
      }
    });
    const source = sourceOf(server.url);
    await ask(source);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await ask(source)).series[0].values[0]).toBe(42);
    expect(server.connections()).toBe(2);
  });

  it('does not ask twice when a new connection dies: the query may be what killed the server', async () => {
    const server = await serve((_, _response, socket) => socket.resetAndDestroy());
    const error = await failureOf(ask(sourceOf(server.url)));
    expect(error.code).toBe('SOURCE_UNREACHABLE');
    expect(server.seen).toHaveLength(1);
  });

  it('falls back to GET for good where POST is refused', async () => {
    for (const [status, text] of [
      [405, ''],
      [501, ''],
      [400, 'method not supported'],
    ] as const) {
      const server = await serve(({ method }, response) =>
        method === 'POST' ? response.writeHead(status).end(text) : response.end(ANSWER)
      );
      const source = sourceOf(server.url);
      await ask(source);
      await ask(source);
      expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET']);
      expect(new URL(server.seen[1].url, server.url).searchParams.get('query')).toBe('up');
    }
  });
});

describe('redirects', () => {
  const forwarded = { authorization: 'Bearer user', cookie: `sid=${SECRET}`, 'x-dashboard-uid': 'd' };

  it('are followed on the same origin with everything', async () => {
    const server = await serve(({ url }, response) =>
      url.startsWith('/new/') ? response.end(ANSWER) : response.writeHead(307, { location: `/new${url}` }).end('moved')
    );
    await ask(sourceOf(server.url), live(forwarded));
    expect(server.seen[1]).toMatchObject({ method: 'POST', body: 'query=up&time=1' });
    expect(server.seen[1].headers).toMatchObject({ 'x-key': `${SECRET}-header`, 'x-dashboard-uid': 'd' });
    expect(server.seen[1].headers.authorization).toMatch(/^Basic /);
  });

  // [Q7.2]
  it('never show a secret to another origin', async () => {
    const other = await serve((_, response) => response.end(ANSWER));
    const server = await serve(({ url }, response) => response.writeHead(308, { location: other.url + url }).end());
    expect((await ask(sourceOf(server.url), live(forwarded))).series[0].values[0]).toBe(42);
    expect(other.seen[0]).toMatchObject({ method: 'POST', body: 'query=up&time=1' });
    expect(JSON.stringify(other.seen[0])).not.toMatch(/geheim|authorization|cookie|dashboard|Basic/i);
  });

  // [Q7.2]
  it('do not give secrets back to the origin after leaving it', async () => {
    let home = '';
    const other = await serve((_, response) => response.writeHead(307, { location: `${home}/back` }).end());
    const server = await serve(({ url }, response) =>
      url === '/back' ? response.end(ANSWER) : response.writeHead(307, { location: other.url }).end()
    );
    home = server.url;
    await ask(sourceOf(server.url));
    expect(server.seen[1].headers.authorization).toBeUndefined();
  });

  // [Q7.11]
  it.each([301, 302, 303])('%d of a POST is an error that says where to: it would lose the query', async (status) => {
    const server = await serve((_, response) =>
      response.writeHead(status, { location: '/login?next=query%3Dx' }).end()
    );
    const error = await failureOf(ask(sourceOf(server.url)));
    expect(error).toMatchObject({ code: 'SOURCE_STATUS', status: 502 });
    expect(error.message).toContain(`a redirect to ${server.url}/login, which would lose the query`);
  });

  // [Q2.1]
  it('302 of a GET is followed', async () => {
    const server = await serve(({ url }, response) =>
      url === '/b' ? response.end(ANSWER) : response.writeHead(302, { location: '/b' }).end()
    );
    expect((await ask(sourceOf(server.url, { httpMethod: 'GET' }))).series).toHaveLength(1);
  });

  it.each([
    ['/again', 'redirects more than 10 times'],
    ['file:///etc/passwd', 'an address that cannot be used'],
    ['http://', 'an address that cannot be used'],
  ])('to %s end', async (location, message) => {
    const server = await serve((_, response) => response.writeHead(307, { location }).end());
    expect((await failureOf(ask(sourceOf(server.url)))).message).toContain(message);
    expect(server.seen.length).toBeLessThanOrEqual(11);
  });
});

describe('resources', () => {
  const request = { method: 'GET', path: 'api/v1/labels', query: '', headers: {}, body: new Uint8Array() };

  // [Q7.13] [Q7.18]
  it('keep the escapes of label names and the browser headers to themselves', async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end('{}')
    );
    const headers = {
      Cookie: 'grafana_session=1',
      'User-Agent': 'Mozilla',
      'X-Forwarded-For': '1.2.3.4',
      Accept: 'application/json',
    };
    const response = await sourceOf(server.url).resource(
      { ...request, path: 'api/v1/label/a%20%EA%B0%80/values', query: 'match%5B%5D=up&token=x', headers },
      live()
    );
    expect(response.headers).toEqual({ 'content-type': 'application/json' });
    expect(server.seen[0].url).toBe('/api/v1/label/a%20%EA%B0%80/values?match%5B%5D=up&token=geheim-geheim-token');
    expect(Object.keys(server.seen[0].headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'host',
      'user-agent',
      'x-key',
    ]);
  });

  it('pass status and body of a failure through', async () => {
    const server = await serve((_, response) =>
      response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '7' }).end('busy')
    );
    const response = await sourceOf(server.url).resource(request, live());
    expect(response).toMatchObject({ status: 503, headers: { 'content-type': 'text/plain', 'retry-after': '7' } });
    expect(Buffer.from(response.body).toString()).toBe('busy');
  });

  // [Q7.13]
  it('tell a transport failure as Prometheus tells its errors', async () => {
    const port = await freePort();
    const response = await sourceOf(`http://127.0.0.1:${port}`).resource(request, live());
    expect(response.status).toBe(502);
    expect(JSON.parse(Buffer.from(response.body).toString())).toEqual({
      status: 'error',
      errorType: 'unavailable',
      error: expect.stringContaining('connection refused'),
    });
    const error = await failureOf(
      sourceOf(`http://127.0.0.1:${port}`).resource(request, { signal: AbortSignal.abort() })
    );
    expect(error.code).toBe('QUERY_CANCELLED');
  });

  it('know no build info where there is none', async () => {
    const server = await serve((_, response) => response.writeHead(404).end());
    expect(await sourceOf(server.url).buildInfo(live())).toBeUndefined();
  });
});

describe('TLS', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'promkeep-tls-'));
  const file = (name: string): string => path.join(folder, name);
  let server: RudeServer;
  let cert = '';
  let key = '';

  beforeAll(async () => {
    const subject = ['-subj', '/CN=prom.test', '-addext', 'subjectAltName=DNS:prom.test'];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', [...args, ...subject, '-keyout', file('key'), '-out', file('cert')], { stdio: 'ignore' });
    cert = readFileSync(file('cert'), 'utf8');
    key = readFileSync(file('key'), 'utf8');
    const options = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false };
    server = await startRudeServer((_, response, socket) => {
      const client = 'getPeerCertificate' in socket && typeof socket.getPeerCertificate === 'function';
      const subject: unknown = client ? Reflect.apply(socket.getPeerCertificate as () => unknown, socket, []) : {};
      response.end(ANSWER.replace('"metric":{}', `"metric":{"client":"${Object.keys(subject as object).length > 0}"}`));
    }, options);
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('refuses an unknown certificate and says what to do', async () => {
    const error = await failureOf(ask(sourceOf(server.url)));
    expect(error.code).toBe('SOURCE_UNREACHABLE');
    expect(error.message).toBe(
      `Cannot reach ${server.host}: its TLS certificate is self-signed; set the CA certificate.`
    );
  });

  it('refuses a certificate for another name', async () => {
    const error = await failureOf(ask(sourceOf(server.url, { tls: { ca: cert } })));
    expect(error.message).toContain('its TLS certificate is for another host name');
  });

  // [Q2.2]
  it('trusts its own CA under its server name, and shows its own certificate', async () => {
    const anonymous = await ask(sourceOf(server.url, { tls: { ca: cert, serverName: 'prom.test' } }));
    expect(anonymous.series[0].labels).toEqual({ client: 'false' });
    const known = await ask(sourceOf(server.url, { tls: { ca: cert, serverName: 'prom.test', cert, key } }));
    expect(known.series[0].labels).toEqual({ client: 'true' });
  });

  it('can be told not to verify', async () => {
    expect((await ask(sourceOf(server.url, { tls: { skipVerify: true } }))).series).toHaveLength(1);
  });

  it('refuses certificates it cannot read', () => {
    const create = (): unknown =>
      createPrometheusSource(plainPrometheusSettings(server.url, { tls: { ca: 'x', cert: SECRET, key: 'y' } }));
    expect(create).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }));
    expect(create).not.toThrow(SECRET);
  });

  it('names TLS spoken to a server that speaks none', async () => {
    const plain = await serve((_, response) => response.end(ANSWER));
    const error = await failureOf(ask(sourceOf(plain.url.replace('http:', 'https:'))));
    expect(error.code).toBe('SOURCE_UNREACHABLE');
    expect(error.message).toContain('should the URL start with http://');
  });
});

describe('a proxy', () => {
  it('is asked for plain HTTP targets with the whole address, and for its own password only there', async () => {
    const proxy = await serve((_, response) => response.end(ANSWER));
    const httpProxy = proxy.url.replace('//', '//proxyuser:proxypass@');
    const source = sourceOf('http://prom.example.test:9090', {}, { httpProxy });
    expect((await ask(source)).series).toHaveLength(1);
    expect(proxy.seen[0].url).toBe(`http://prom.example.test:9090/api/v1/query?token=${SECRET}-token`);
    expect(proxy.seen[0].headers).toMatchObject({ host: 'prom.example.test:9090' });
    expect(proxy.seen[0].headers['proxy-authorization']).toMatch(/^Basic /);
  });

  it('is passed by for exempt hosts', async () => {
    const proxy = await serve((_, response) => response.end(ANSWER));
    const source = sourceOf('http://promkeep.invalid', {}, { httpProxy: proxy.url, noProxy: '.invalid' });
    expect((await failureOf(ask(source))).code).toBe('SOURCE_UNREACHABLE');
    expect(proxy.seen).toHaveLength(0);
  });
});

it('opens no connection before the first call', async () => {
  const server = await serve((_, response) => response.end(ANSWER));
  sourceOf(server.url);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(server.connections()).toBe(0);
});
