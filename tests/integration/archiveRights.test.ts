import { RECORDED_QUERIES_RESOURCE } from '../../src/contract/resourcePaths';
import { ArchiverStack } from './archiverStack';
import {
  ADMIN,
  archiveJson,
  EDITOR,
  type PluginDatasource,
  PluginProcess,
  type PluginUser,
  type ResourceAnswer,
  VIEWER,
} from './pluginProcess';
import { pause, until } from './promkeepProgram';

/**
 * Over the wire [A12] [A13]: what two organisations with one database see of each other, and who may write. Callers are
 * told apart by what Grafana sends: the user's login and role, and the headers of alerts and expressions.
 */
jest.setTimeout(120_000);

const stack = new ArchiverStack();
let plugin: PluginProcess;
/** Organisation 1's datasource, organisation 2's, and one of organisation 1 that forwards its users' tokens. */
let [ours, theirs, forwarding]: PluginDatasource[] = [];

beforeAll(async () => {
  await stack.start();
  plugin = await PluginProcess.start();
  const { jsonData, secrets } = archiveJson(stack.postgres.url);
  const allowed = { archiveAllowKeep: true, archiveAllowRecording: true, timeInterval: '1s', archiveSettle: '3200ms' };
  ours = { uid: 'a', orgId: 1, url: stack.prometheus.url, secrets, jsonData: { ...jsonData, ...allowed } };
  theirs = { ...ours, uid: 'b', orgId: 2 };
  forwarding = { ...ours, uid: 'c', jsonData: { ...ours.jsonData, oauthPassThru: true, archiveSourceName: 'tokens' } };
});
afterAll(async () => {
  await plugin?.stop();
  await stack.stop();
});

const MINE = { name: 'mine', expression: 'node_load1', stepMs: 1_000, retention: '7d' };
const KEEP = { expr: 'up', range: true, keep: true };

const get = (from: PluginDatasource, path: string, user = EDITOR): Promise<ResourceAnswer> =>
  plugin.resource(from, user, ['GET', `promkeep/api/${path}`]);

const edit = (
  from: PluginDatasource,
  action: string,
  body: unknown,
  user: PluginUser | null = EDITOR,
  headers: Record<string, string> = {}
): Promise<ResourceAnswer> =>
  plugin.resource(from, user ?? undefined, ['POST', `${RECORDED_QUERIES_RESOURCE}${action}`], body, headers);

async function rows(sql: string): Promise<number> {
  const [row] = await stack.sql(`SELECT count(*)::int AS n FROM ${sql}`);
  return Number(row.n);
}

// [A12]
describe('two organisations with one database', () => {
  beforeAll(async () => {
    expect(await edit(ours, '', MINE)).toMatchObject({ status: 200 });
    expect((await plugin.query(ours, EDITOR, KEEP)).error).toBe('');
    await until('it is recorded and kept', async () => {
      const kinds = await stack.sql(
        'SELECT DISTINCT kind FROM promkeep_queries q JOIN promkeep_series USING (query_id)'
      );
      return kinds.length === 2;
    });
  });

  it('do not see what the other records and keeps', async () => {
    expect(await get(ours, 'recorded-queries')).toMatchObject({ body: { queries: [{ name: 'mine' }] } });
    expect(await get(theirs, 'recorded-queries')).toMatchObject({ status: 200, body: { queries: [] } });
    expect(await get(theirs, 'archive/gaps')).toEqual({ status: 200, body: { queries: [] } });
    expect(await get(theirs, 'archive/status')).toMatchObject({
      status: 200,
      body: { queries: [], samples: 0, series: 0 },
    });
  });

  it('cannot change, pause or delete what the other records, however they name it', async () => {
    const target = { name: 'mine', revision: 1 };
    const attempts: Array<[string, unknown]> = [
      ['/update', { ...MINE, expression: 'up', revision: 1 }],
      ['/pause', target],
      ['/resume', target],
      ['/delete', { ...target, withData: true }],
    ];
    for (const [action, body] of attempts) {
      expect([action, await edit(theirs, action, body, ADMIN)]).toMatchObject([action, { status: 404 }]);
    }
    expect(await get(ours, 'recorded-queries')).toMatchObject({
      body: { queries: [{ name: 'mine', revision: 1, paused: false, expression: 'node_load1' }] },
    });
  });

  it('record under the same name without touching each other', async () => {
    expect(await edit(theirs, '', { ...MINE, expression: 'node_load5' })).toMatchObject({ status: 200 });
    await until('both are recorded', async () => {
      const both = await stack.sql(`SELECT DISTINCT org_id, metric_name FROM metrics_data WHERE query = 'mine'`);
      return both.length === 2 && both.every((row) => (row.org_id === '1') === (row.metric_name === 'node_load1'));
    });
    const gone = await edit(theirs, '/delete', { name: 'mine', revision: 1, withData: true }, ADMIN);
    expect(gone).toMatchObject({ status: 200, body: { done: false } });
    expect(await edit(ours, '/carry-out', { name: 'mine' }, ADMIN)).toMatchObject({ status: 404 });
    expect(await edit(theirs, '/carry-out', { name: 'mine' }, ADMIN)).toMatchObject({
      status: 200,
      body: { done: true },
    });
    expect(await rows(`metrics_data WHERE query = 'mine' AND org_id = 2`)).toBe(0);
    expect(await rows(`metrics_data WHERE query = 'mine' AND org_id = 1`)).toBeGreaterThan(0);
  });
});

// [A13]
describe('who never writes', () => {
  const CALLERS: Array<[string, PluginUser | null, Record<string, string>]> = [
    ['a Viewer', VIEWER, {}],
    ["a public dashboard's identity, an Admin by role", { login: 'service', role: 'Admin' }, {}],
    ["Grafana's own identity for provisioning", { login: 'provisioning', role: 'Admin' }, {}],
    ["alerting's scheduler", { login: 'grafana_scheduler', role: 'Admin' }, {}],
    ['an alert without a user', null, { FromAlert: 'true' }],
    ['an alert in the name of an Admin', ADMIN, { FromAlert: 'true' }],
    ['an expression', ADMIN, { 'http_X-Grafana-From-Expr': 'true' }],
    ['an anonymous visitor', { login: '', role: 'Editor' }, {}],
    ['a call without a user', null, {}],
    ['a user whose own token goes to Prometheus', ADMIN, { Authorization: 'Bearer x' }],
  ];

  it.each(CALLERS)('%s', async (_, user, headers) => {
    const definitions = await stack.sql('SELECT * FROM promkeep_queries WHERE deleted_at IS NULL ORDER BY query_id');
    const kept = await rows(`metrics_data WHERE query LIKE '%[kept%'`);
    const attempts: Array<[string, unknown]> = [
      ['', { ...MINE, name: 'another' }],
      ['/update', { ...MINE, expression: 'up', revision: 1 }],
      ['/pause', { name: 'mine', revision: 1 }],
      ['/delete', { name: 'mine', revision: 1, withData: false }],
      ['/delete', { name: 'mine', revision: 1, withData: true }],
    ];
    const plain = Object.entries(headers).map(([name, value]) => [name.replace(/^http_/, ''), value]);
    const inResourceCall: Record<string, string> = Object.fromEntries(plain);
    for (const [action, body] of attempts) {
      const answer = await edit(ours, action, body, user, inResourceCall);
      expect([action, answer]).toMatchObject([action, { status: 403, body: { code: 'FORBIDDEN' } }]);
    }
    // A query that may not be kept is answered all the same.
    const { error, frames } = await plugin.query(ours, user ?? undefined, { ...KEEP, expr: 'up + 1' }, headers);
    expect([error, frames.length]).toEqual(['', 1]);
    expect(await stack.sql('SELECT * FROM promkeep_queries WHERE deleted_at IS NULL ORDER BY query_id')).toEqual(
      definitions
    );
    expect(await rows(`metrics_data WHERE query LIKE '%[kept%'`)).toBe(kept);
  });

  // [A15]
  it('an Editor deletes no data; an Admin may', async () => {
    const body = { name: 'gone', revision: 1, withData: true };
    expect(await edit(ours, '', { ...MINE, name: 'gone' })).toMatchObject({ status: 200 });
    expect(await edit(ours, '/delete', body)).toMatchObject({ status: 403 });
    expect(await edit(ours, '/delete', body, ADMIN)).toMatchObject({ status: 200 });
  });

  it('nobody where an Admin has not allowed it', async () => {
    const closed = { ...ours, uid: 'd', jsonData: { ...ours.jsonData, archiveAllowRecording: false } };
    expect(await edit(closed, '/pause', { name: 'mine', revision: 1 }, ADMIN)).toMatchObject({ status: 403 });
    expect(await get(closed, 'recorded-queries')).toMatchObject({ status: 200, body: { may: { edit: false } } });
  });
});

// [A12]
it("refuses everything of the archive where users' own credentials are forwarded, and records nothing", async () => {
  for (const path of ['recorded-queries', 'archive/status', 'archive/gaps']) {
    const answer = await get(forwarding, path, ADMIN);
    expect([path, answer]).toMatchObject([
      path,
      { status: 403, body: { error: expect.stringMatching(/credentials/) } },
    ]);
  }
  for (const [action, body] of [
    ['', MINE],
    ['/validate', MINE],
    ['/delete', { name: 'mine', revision: 1, withData: true }],
  ] as const) {
    expect([action, await edit(forwarding, action, body, ADMIN)]).toMatchObject([action, { status: 403 }]);
  }
  expect((await plugin.query(forwarding, ADMIN, KEEP)).error).toBe('');
  await pause(2_000);
  expect(await rows(`promkeep_sources WHERE name = 'tokens'`)).toBe(0);
});
