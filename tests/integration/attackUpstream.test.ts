import { livePath } from '../../src/contract/live';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { contextOf, type PluginDatasource, PluginProcess, type PluginUser, VIEWER } from './pluginProcess';
import { forwardTo, type RudeServer, type Seen, startRudeServer } from './prometheusRudeServer';

/**
 * What somebody with a browser and the role Viewer tries in order to be somebody else for Prometheus, to ask for another
 * tenant, or to reach what is not theirs. A real plugin process, a real Prometheus with everything dangerous switched on;
 * between them something that writes down what is asked.
 */

jest.setTimeout(60_000);

const CONFIG = 'scrape_configs: []\n';
const DANGEROUS = ['--web.enable-lifecycle', '--web.enable-admin-api'];
const VERA: PluginUser = VIEWER;
let prometheus: RunningPrometheus;
let spy: RudeServer;
let plugin: PluginProcess;

beforeAll(async () => {
  [prometheus, plugin] = await Promise.all([
    startPrometheus({ config: CONFIG, flags: DANGEROUS }),
    PluginProcess.start(),
  ]);
  spy = await startRudeServer((seen, response) => {
    void forwardTo(prometheus.url, seen).then(({ status, text }) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
    );
  });
});

afterAll(async () => {
  await plugin?.stop();
  await spy?.stop();
  await prometheus?.stop();
});

beforeEach(() => spy.seen.splice(0));

type Headers = Record<string, string>;

const datasource = (jsonData: object = {}, part: Partial<PluginDatasource> = {}): PluginDatasource => ({
  uid: `d${JSON.stringify([jsonData, part]).length}`,
  url: spy.url,
  jsonData: { ...jsonData },
  ...part,
});

interface Raw {
  method?: string;
  headers?: Headers;
  body?: string;
  as?: PluginUser;
}

/** A resource call as Grafana hands it over: the browser's headers, the URL as it was typed, the path decoded by Go. */
async function ask(source: PluginDatasource, url: string, raw: Raw = {}): Promise<{ code: number; body: string }> {
  const { method = 'GET', headers = {}, body = '', as = VERA } = raw;
  const [message, ...rest] = await plugin.callStream<{ code: number; body: Buffer }>(
    'pluginv2.Resource',
    'CallResource',
    {
      pluginContext: contextOf(source, as),
      path: unescapeOnce(url.split('?')[0]),
      url,
      method,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { values: [value] }])),
      body: Buffer.from(body),
    }
  );
  return { code: message.code, body: Buffer.concat([message, ...rest].map((one) => one.body)).toString() };
}

function unescapeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('forging headers', () => {
  const last = (): Seen['headers'] => {
    expect(spy.seen.length).toBeGreaterThan(0);
    return spy.seen[spy.seen.length - 1].headers;
  };

  /** What a browser can put into a resource call; Go writes the names of a request's headers like this. */
  const FORGED: Headers = {
    'Http_x-Grafana-User': 'root',
    Http_authorization: 'Bearer stolen',
    Http_cookie: 'session=stolen',
    'Http_x-Id-Token': 'stolen',
    'Http_x-Grafana-Org-Id': '7',
    Http_fromalert: 'true',
    'X-Grafana-User': 'root',
    'X-Grafana-Org-Id': '7',
    'X-Id-Token': 'stolen',
    'X-Rule-Name': 'forged',
    'X-Rule-Uid': 'forged',
    'X-Cache-Skip': 'true',
    Fromalert: 'true',
  };
  const IDENTITY = [
    ...['authorization', 'x-id-token', 'cookie', 'x-grafana-user', 'x-grafana-org-id', 'fromalert', 'x-cache-skip'],
    ...['x-rule-name', 'x-rule-uid', 'x-scope-orgid'],
  ];
  const identity = (headers: Seen['headers']): object =>
    Object.fromEntries(IDENTITY.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));

  it('of a resource call makes nobody somebody else', async () => {
    expect((await ask(datasource(), 'api/v1/labels', { headers: FORGED })).code).toBe(200);
    expect(identity(last())).toEqual({});
  });

  it('of a resource call does not replace what Grafana says there', async () => {
    const source = datasource({ oauthPassThru: true, keepCookies: ['sso'] });
    const grafanas = {
      ...FORGED,
      Authorization: 'Bearer of-vera',
      'X-ID-Token': 'id-of-vera',
      Cookie: 'sso=of-vera',
      'X-Grafana-User': 'vera',
      'X-Grafana-Org-Id': '1',
    };
    for (const headers of [grafanas, Object.fromEntries(Object.entries(grafanas).reverse())]) {
      expect((await ask(source, 'api/v1/labels', { headers })).code).toBe(200);
      expect(identity(last())).toEqual({
        authorization: 'Bearer of-vera',
        'x-id-token': 'id-of-vera',
        cookie: 'sso=of-vera',
        'x-grafana-user': 'vera',
        'x-grafana-org-id': '1',
      });
    }
  });

  it('of a resource call brings no identity to a datasource that forwards none', async () => {
    const headers = { Authorization: 'Bearer stolen', Cookie: 'sso=stolen', 'X-Id-Token': 'stolen' };
    expect((await ask(datasource(), 'api/v1/labels', { headers })).code).toBe(200);
    expect(identity(last())).toEqual({});
    await ask(datasource({ oauthPassThru: true }), 'api/v1/labels', { headers: { 'X-Id-Token': 'stolen' } });
    expect(identity(last())).toEqual({});
  });

  it('of a suggestion and of a search is no better', async () => {
    const body = JSON.stringify({ queries: ['up'], labelName: 'job' });
    await ask(datasource(), 'suggestions', { method: 'POST', headers: FORGED, body });
    expect(identity(last())).toEqual({});
  });

  it('of a query or a health check counts only as Grafana writes them', async () => {
    const headers: Headers = {
      ...FORGED,
      'http_X-Grafana-Org-Id': '7',
      'http_X-Grafana-User': 'root',
      http_Authorization: 'Bearer stolen',
      http_Cookie: 'session=stolen',
      'http_X-Id-Token': 'stolen',
      http_FromAlert: 'true',
      'http_X-Dashboard-Uid': 'd1',
    };
    delete headers['X-Id-Token'];
    await plugin.query(datasource(), VERA, { expr: 'up', instant: true }, headers);
    expect(identity(last())).toEqual({});
    expect(last()['x-dashboard-uid']).toBe('d1');
    const request = { pluginContext: contextOf(datasource(), VERA), headers };
    await plugin.call('pluginv2.Diagnostics', 'CheckHealth', request);
    for (const seen of spy.seen) {
      expect(identity(seen.headers)).toEqual({});
    }
  });

  it('of a subscriber reach nobody: a channel is asked without them, and nobody publishes', async () => {
    const ask = { query: { expr: 'vector(1)', range: true, intervalMs: 1_000, maxDataPoints: 60 }, rangeMs: 60_000 };
    const headers = { ...FORGED, 'http_X-Grafana-User': 'root', Authorization: 'Bearer stolen', FromAlert: 'true' };
    const request = {
      pluginContext: contextOf(datasource(), VERA),
      path: livePath(ask, 1),
      data: Buffer.from(JSON.stringify(ask)),
      headers,
    };
    expect(await plugin.call('pluginv2.Stream', 'SubscribeStream', request)).toMatchObject({ status: 0 });
    await plugin.callStream('pluginv2.Stream', 'RunStream', request, 1);
    expect(identity(last())).toEqual({});
    // the channel of another organisation is not there
    const others = { ...request, path: livePath(ask, 7) };
    expect(await plugin.call('pluginv2.Stream', 'SubscribeStream', others)).toMatchObject({ status: 1 });
    expect(await plugin.call('pluginv2.Stream', 'PublishStream', request)).toMatchObject({ status: 2 });
  });

  it('does not replace the headers that the Admin has set', async () => {
    const source = datasource(
      { httpHeaderName1: 'X-Scope-OrgID', httpHeaderName2: 'Accept', httpHeaderName3: 'X-Dashboard-Uid' },
      { secrets: { httpHeaderValue1: 'mine', httpHeaderValue2: 'application/json', httpHeaderValue3: 'admins' } }
    );
    const headers = {
      'X-Scope-Orgid': 'theirs',
      Accept: 'text/evil',
      'X-Dashboard-Uid': 'd',
      'Http_x-Scope-Orgid': 'x',
    };
    expect((await ask(source, 'api/v1/labels', { headers })).code).toBe(200);
    expect(last()).toMatchObject({
      'x-scope-orgid': 'mine',
      accept: 'application/json',
      'x-dashboard-uid': 'admins',
    });
  });
});

describe("overriding the Admin's parameters", () => {
  const TENANT = { customQueryParameters: 'tenant=mine&max_source_resolution=5m&limit=10' };
  const SPELLINGS = [
    'tenant',
    '%74enant',
    'te%6Eant',
    'Tenant',
    'TENANT',
    '+tenant',
    'tenant+',
    '%20tenant',
    '%09tenant',
  ];

  /** Every parameter that arrived, of the query and of the body, by any spelling of its name. */
  function arrived(name: string): string[] {
    const { url, body } = spy.seen[spy.seen.length - 1];
    const all = [...new URL(url, 'http://x').searchParams, ...new URLSearchParams(body)];
    return all.filter(([other]) => other.trim().toLowerCase() === name).map(([, value]) => value);
  }

  it.each(SPELLINGS)('fails in the query of a resource call: %s', async (name) => {
    await ask(datasource(TENANT), `api/v1/labels?${name}=theirs&limit=1&${name}=again&match[]=up`);
    expect([arrived('tenant'), arrived('limit'), arrived('match[]')]).toEqual([['mine'], ['10'], ['up']]);
  });

  it.each(SPELLINGS)('fails in the form and in the query of a POST: %s', async (name) => {
    for (const httpMethod of ['POST', 'GET']) {
      const raw = { method: 'POST', headers: FORM, body: `${name}=theirs&query=up&max_source_resolution=0s` };
      await ask(datasource({ ...TENANT, httpMethod }), `api/v1/query?${name}=theirs`, raw);
      expect([arrived('tenant'), arrived('max_source_resolution')]).toEqual([['mine'], ['5m']]);
      expect(arrived('query')).toEqual(['up']);
    }
  });

  it('fails with a body that is no form: it stays behind', async () => {
    const type = 'multipart/form-data; boundary=x';
    const body = '--x\r\nContent-Disposition: form-data; name="tenant"\r\n\r\ntheirs\r\n--x--\r\n';
    await ask(datasource(TENANT), 'api/v1/labels', { method: 'POST', headers: { 'Content-Type': type }, body });
    expect(arrived('tenant')).toEqual(['mine']);
    expect(spy.seen[spy.seen.length - 1].body).not.toContain('theirs');
  });

  it("fails where the parameter stands in the source's own URL", async () => {
    const source = datasource({ customQueryParameters: 'Tenant=custom' }, { url: `${spy.url}?tenant=mine&query=1` });
    await ask(source, 'api/v1/query?tenant=theirs&query=up');
    expect([arrived('tenant'), arrived('query')]).toEqual([['mine'], ['up']]);
    await ask(source, 'api/v1/query', { method: 'POST', headers: FORM, body: 'tenant=theirs&query=up' });
    expect([arrived('tenant'), arrived('query')]).toEqual([['mine'], ['up']]);
    await plugin.query(source, VERA, { expr: 'up', instant: true });
    expect([arrived('tenant'), arrived('query')]).toEqual([['mine'], ['up']]);
  });

  it('fails for the time limit and the statistics of queries', async () => {
    const source = datasource({ queryTimeout: '2s', customQueryParameters: 'stats=none' });
    await ask(source, 'api/v1/query?query=up&timeout=1h&stats=all');
    expect([arrived('timeout'), arrived('stats')]).toEqual([['2s'], ['none']]);
  });
});

describe('stepping out of a path', () => {
  const STEPS = ['..%2f', '%2e%2e%2f', '..%5c', '%2e%2e%5c', '..%252f', '%252e%252e%252f', '..%25252f', '..;%2f'];
  const GOALS = [
    '-/quit',
    '-/reload',
    'api/v1/admin/tsdb/snapshot',
    'api/v1/status/config',
    'api/v1/admin/tsdb/clean_tombstones',
  ];
  const FRAMES = [
    (steps: string, goal: string) => `api/v1/label/a%2f${steps}${goal.replaceAll('/', '%2f')}/values`,
    (steps: string, goal: string) => `api/v1/label/${steps}${goal.replaceAll('/', '%252f')}%3f/values`,
    (steps: string, goal: string) => `api/v1/label/a%2f${steps}${goal}`,
    (steps: string, goal: string) => `api/v1/label/x/values%2f${steps}${goal.replaceAll('/', '%2f')}`,
    (steps: string, goal: string) => `api%2fv1%2flabels%2f${steps}${goal.replaceAll('/', '%2f')}`,
    (steps: string, goal: string) => `api/v1/label/a%00%2f${steps}${goal.replaceAll('/', '%2f')}%23/values`,
  ];

  it('reaches nothing of Prometheus, in any spelling, by any method', async () => {
    const source = datasource();
    for (const step of STEPS) {
      for (const goal of GOALS) {
        for (const frame of FRAMES) {
          for (const method of ['GET', 'POST', 'PUT']) {
            const url = frame(step.repeat(4), goal);
            expect([url, (await ask(source, url, { method })).code]).toEqual([url, 403]);
          }
        }
      }
    }
    expect(spy.seen).toEqual([]);
    expect((await ask(source, 'api/v1/labels')).code).toBe(200);
  });

  it("does not reach another tenant's path behind a gateway that decodes and tidies paths", async () => {
    const source = datasource({}, { url: `${spy.url}/tenant-a/` });
    const url = `api/v1/label/a${'%2f..'.repeat(6)}%2ftenant-b%2fapi%2fv1%2flabel%2fpassword/values`;
    expect((await ask(source, url)).code).toBe(403);
    const reached = spy.seen.map((one) => new URL(unescapeOnce(one.url), 'http://x').pathname);
    expect(reached.filter((path) => !path.startsWith('/tenant-a/'))).toEqual([]);
  });

  it('does not work by the name of a label in suggestions, which is escaped', async () => {
    const body = JSON.stringify({ queries: ['up'], labelName: '../../admin/tsdb/snapshot?' });
    await ask(datasource(), 'suggestions', { method: 'POST', body });
    expect(spy.seen.map(({ url }) => url.split('?')[0])).toEqual([
      '/api/v1/label/U___2e__2e__2f__2e__2e__2f_admin_2f_tsdb_2f_snapshot_3f_/values',
    ]);
  });

  it('leaves labels with a slash in the name, in the form that Prometheus 3 takes', async () => {
    await ask(datasource(), 'api/v1/label/U__k8s_2e_io_2f_name/values');
    expect(spy.seen.map(({ url }) => url)).toEqual(['/api/v1/label/U__k8s_2e_io_2f_name/values']);
  });
});
