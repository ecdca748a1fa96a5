import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createDatasourceFactory } from '../../pkg/compose/datasource';
import { createMemoryBudget } from '../../pkg/compose/memory';
import { type Caller, type DatasourceInstance, type DatasourceSettings } from '../../pkg/core/ports/datasource';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { createProcessMetrics } from '../../pkg/metrics/programMetrics';
import { clock, dataQuery, MemoryLogger } from '../fakes/callers';
import { type RudeServer, startRudeServer } from './prometheusRudeServer';

const ANSWER = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"42"]}]}}';
const live = (): AbortSignal => new AbortController().signal;
const closers: Array<() => Promise<void>> = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

describe('what a user brings along', () => {
  const user: Caller = {
    orgId: 1,
    user: { login: 'eva', role: 'Editor' },
    headers: {
      authorization: 'Bearer of-eva',
      'x-id-token': 'id-of-eva',
      cookie: 'sso=of-eva',
      'accept-language': 'ko',
      'x-forwarded-for': '10.0.0.1',
    },
  };

  async function open(
    part: Partial<DatasourceSettings>
  ): Promise<{ seen: RudeServer['seen']; instance: DatasourceInstance }> {
    const server = await startRudeServer((_, response) => response.end(ANSWER));
    closers.push(() => server.stop());
    const build = createDatasourceFactory({
      logger: new MemoryLogger(),
      clock,
      proxies: {},
      holder: 'test',
      budget: createMemoryBudget(),
      metrics: createProcessMetrics('test', createMemoryBudget()).archive,
    });
    const instance = await build({
      uid: 'u',
      name: 'Promkeep',
      orgId: 1,
      url: server.url,
      user: '',
      basicAuthEnabled: false,
      basicAuthUser: '',
      jsonData: { oauthPassThru: true, keepCookies: ['sso'] },
      secrets: {},
      grafanaConfig: {},
      ...part,
    });
    closers.push(() => instance.dispose());
    return { seen: server.seen, instance };
  }

  async function useAll(instance: DatasourceInstance): Promise<void> {
    await instance.queryData({ caller: user, queries: [dataQuery({ expr: 'up', instant: true })] }, live());
    await instance.checkHealth(user, live());
    const request = { method: 'GET', path: 'api/v1/labels', query: '', headers: user.headers, body: new Uint8Array() };
    await instance.callResource(request, user, live());
  }

  // [Q2.3]
  it('goes to Prometheus with queries, health checks and resource calls, if it is theirs to show', async () => {
    const { seen, instance } = await open({});
    await useAll(instance);
    expect(seen.length).toBeGreaterThanOrEqual(3);
    for (const { headers } of seen) {
      expect(headers).toMatchObject({
        authorization: 'Bearer of-eva',
        'x-id-token': 'id-of-eva',
        cookie: 'sso=of-eva',
      });
      expect(headers).not.toHaveProperty('accept-language');
      expect(headers).not.toHaveProperty('x-forwarded-for');
    }
  });

  // [Q7.17]
  it('stands back behind basic auth, which Save & test says', async () => {
    const { seen, instance } = await open({
      basicAuthEnabled: true,
      basicAuthUser: 'machine',
      secrets: { basicAuthPassword: 'geheim' },
    });
    await useAll(instance);
    expect(seen.every(({ headers }) => headers.authorization?.startsWith('Basic '))).toBe(true);
    const { message } = await instance.checkHealth(user, live());
    expect(message).toContain('Basic auth is on, so the forwarded OAuth identity is not sent');
  });

  it('is another user’s in the next request', async () => {
    const { seen, instance } = await open({});
    const other: Caller = { ...user, headers: { authorization: 'Bearer of-ada' } };
    await instance.queryData({ caller: user, queries: [dataQuery({ expr: 'up', instant: true })] }, live());
    await instance.queryData({ caller: other, queries: [dataQuery({ expr: 'up', instant: true })] }, live());
    expect(seen.map(({ headers }) => [headers.authorization, headers.cookie])).toEqual([
      ['Bearer of-eva', 'sso=of-eva'],
      ['Bearer of-ada', undefined],
    ]);
  });
});

describe('a Prometheus with TLS behind a proxy', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'promkeep-connect-'));
  const file = (name: string): string => path.join(folder, `${name}.pem`);
  let target: RudeServer;
  let cert = '';

  beforeAll(async () => {
    const subject = ['-subj', '/CN=prom.test', '-addext', 'subjectAltName=DNS:prom.test'];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', [...args, ...subject, '-keyout', file('key'), '-out', file('cert')], { stdio: 'ignore' });
    cert = readFileSync(file('cert'), 'utf8');
    target = await startRudeServer((_, response) => response.end(ANSWER), { cert, key: readFileSync(file('key')) });
  });

  afterAll(async () => {
    await target.stop();
    rmSync(folder, { recursive: true });
  });

  /** A proxy that knows one name, `prom.test`, and leads it to the target. */
  async function startProxy(refuse?: string) {
    const asked: IncomingMessage[] = [];
    const sockets = new Set<Socket>();
    const proxy = createServer((_, response) => response.writeHead(405).end());
    proxy.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    proxy.on('connect', (request, socket: Socket) => {
      asked.push(request);
      if (refuse) {
        socket.end(`HTTP/1.1 ${refuse}\r\n\r\n`);
        return;
      }
      const onward = connect(Number(target.host.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      sockets.add(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    closers.push(async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => proxy.close(resolve));
    });
    return { asked, url: `http://user:pass-of-proxy@127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  }

  function askThrough(httpsProxy: string, ca?: string) {
    const options = { basicAuth: { user: 'me', password: 'for-prometheus-only' }, tls: { ca } };
    const source = createPrometheusSource(plainPrometheusSettings('https://prom.test:9443', options), { httpsProxy });
    closers.push(() => source.close());
    return source.queryInstant({ expr: 'up', timeMs: 1_000 }, { signal: live() });
  }

  // [Q2.2]
  it('is reached by CONNECT, and the proxy sees nothing of the request', async () => {
    const proxy = await startProxy();
    expect((await askThrough(proxy.url, cert)).series).toHaveLength(1);
    expect(proxy.asked.map(({ url }) => url)).toEqual(['prom.test:9443']);
    expect(proxy.asked[0].headers['proxy-authorization']).toMatch(/^Basic /);
    expect(proxy.asked[0].headers).not.toHaveProperty('authorization');
    expect(target.seen.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(target.seen.at(-1)?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('must still show the certificate of its own name', async () => {
    const proxy = await startProxy();
    await expect(askThrough(proxy.url)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('TLS certificate'),
    });
  });

  it('is not reached through a proxy that refuses, which is said without its password', async () => {
    const proxy = await startProxy('407 Proxy Authentication Required');
    const error: unknown = await askThrough(proxy.url, cert).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(String(error)).not.toContain('pass-of-proxy');
  });
});
