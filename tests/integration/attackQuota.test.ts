import { type RecordedQueriesAnswer } from '../../src/contract/recordedQuery';
import { livePath } from '../../src/contract/live';
import { RECORDED_QUERIES_RESOURCE, RESOURCE_PREFIX } from '../../src/contract/resourcePaths';
import { ArchiverStack } from './archiverStack';
import {
  ADMIN,
  archiveJson,
  contextOf,
  EDITOR,
  type PluginDatasource,
  PluginProcess,
  type PluginUser,
  type ResourceAnswer,
  VIEWER,
} from './pluginProcess';
import { until } from './promkeepProgram';

/**
 * What somebody with the role Editor (or Viewer) tries in order to fill the archive, or to keep Prometheus and the plugin busy
 * for ever. A real plugin process, PostgreSQL and Prometheus.
 */

jest.setTimeout(180_000);

const stack = new ArchiverStack();
let plugin: PluginProcess;
let databases = 0;

beforeAll(async () => {
  [plugin] = await Promise.all([PluginProcess.start(), stack.start()]);
});
afterAll(async () => {
  await plugin?.stop('SIGKILL');
  await stack.stop();
});

/** Node exporter has hundreds of series, one of them `node_load1`. */
const MANY = '{job="node_exporter"}';

interface Attack {
  datasource: PluginDatasource;
  sql: (text: string) => Promise<Array<Record<string, unknown>>>;
}

/** A datasource on a database of its own. */
async function open(limits: Record<string, number>): Promise<Attack> {
  const url = await stack.postgres.createDatabase(`quota_${++databases}`);
  return { datasource: sourceOn(url, limits), sql: (text) => stack.sql(text, url) };
}

function sourceOn(url: string, limits: Record<string, number>, part: Partial<PluginDatasource> = {}): PluginDatasource {
  const archive = archiveJson(url);
  const { jsonData, ...rest } = part;
  return {
    uid: `quota${databases}`,
    url: stack.prometheus.url,
    secrets: archive.secrets,
    jsonData: {
      ...{ ...archive.jsonData, timeInterval: '1s', archiveAllowRecording: true, archiveAllowKeep: true },
      ...{ archiveSettle: '3200ms', ...limits, ...jsonData },
    },
    ...rest,
  };
}

function post(
  from: PluginDatasource,
  action: string,
  body: unknown,
  user: PluginUser = EDITOR
): Promise<ResourceAnswer> {
  return plugin.resource(from, user, ['POST', `${RECORDED_QUERIES_RESOURCE}${action}`], body);
}

const definition = (name: string, expression = 'node_load1', stepMs = 1_000) => {
  return { name, expression, stepMs, retention: '7d' };
};

const make = (from: PluginDatasource, ...query: Parameters<typeof definition>): Promise<ResourceAnswer> =>
  post(from, '', definition(...query));

async function list(from: PluginDatasource): Promise<RecordedQueriesAnswer> {
  const { status, body } = await plugin.resource(from, EDITOR, ['GET', RECORDED_QUERIES_RESOURCE]);
  expect(status).toBe(200);
  return body as RecordedQueriesAnswer;
}

async function edit(from: PluginDatasource, action: string, name: string, body: object = {}): Promise<ResourceAnswer> {
  const found = (await list(from)).queries.find((one) => one.name === name);
  return post(from, action, { name, revision: found?.revision, ...body });
}

const refused = (text: string | RegExp): object => ({
  status: 413,
  body: { code: 'LIMIT_EXCEEDED', error: expect.stringMatching(text) },
});
const DONE = { status: 200 };

// [A17]
describe('an Editor who makes recorded queries without end', () => {
  it('is stopped at the limit, also by many at once, and sees how many there are', async () => {
    const { datasource, sql } = await open({ archiveRecordMaxQueries: 3 });
    const names = Array.from({ length: 12 }, (_, i) => `q${i}`);
    const answers = await Promise.all(names.map((name) => make(datasource, name)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    const others = answers.filter(({ status }) => status !== 200);
    others.forEach((answer) => expect(answer).toMatchObject(refused('4 recorded queries of this source.*limit is 3')));
    expect(await sql('SELECT count(*)::int AS n FROM promkeep_queries')).toEqual([{ n: 3 }]);
    const { quota, queries } = await list(datasource);
    expect(quota.use.source).toMatchObject({ queries: 3, series: 3, samplesPerDay: 3 * 86_400 });
    expect(quota.limits.source.queries).toBe(3);
    const status = await plugin.resource(datasource, EDITOR, ['GET', `${RESOURCE_PREFIX}api/archive/status`]);
    expect(status.body).toMatchObject({ recording: { use: quota.use, limits: quota.limits } });
    const checked = await post(datasource, '/validate', definition('more'));
    expect(checked.body).toMatchObject({ faults: { name: expect.stringContaining('limit is 3') } });
    // who pauses keeps the place, who deletes gives it back
    expect(await edit(datasource, '/pause', queries[0].name)).toMatchObject(DONE);
    expect(await make(datasource, 'more')).toMatchObject(refused('4 recorded queries'));
    expect(await edit(datasource, '/delete', queries[0].name, { withData: false })).toMatchObject(DONE);
    expect(await make(datasource, 'more')).toMatchObject(DONE);
  });

  it('is stopped in the organisation, by whatever source, and leaves other organisations alone', async () => {
    const { datasource, sql } = await open({ archiveRecordOrgMaxQueries: 2 });
    const other = { ...datasource, uid: 'b', jsonData: { ...datasource.jsonData, archiveSourceName: 'other' } };
    expect(await make(datasource, 'a')).toMatchObject(DONE);
    const answers = await Promise.all([make(datasource, 'b'), make(other, 'b'), make(other, 'c')]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await make(other, 'd')).toMatchObject(refused('3 recorded queries of all sources of the organisation'));
    expect(await make({ ...datasource, uid: 'c', orgId: 2 }, 'a')).toMatchObject(DONE);
    expect(await sql('SELECT count(*)::int AS n FROM promkeep_queries')).toEqual([{ n: 3 }]);
  });

  it('is stopped when they change, or delete and make again, one query over and over', async () => {
    const { datasource, sql } = await open({ archiveRecordMaxQueries: 1 });
    expect(await make(datasource, 'q')).toMatchObject(DONE);
    const answers: ResourceAnswer[] = [];
    for (let i = 1; i < 16; i++) {
      const change = { expression: `node_load1 + ${i}`, stepMs: 1_000, retention: '7d' };
      answers.push(await edit(datasource, '/update', 'q', change));
    }
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
    expect(answers.at(-1)).toMatchObject(refused('11 definitions of this source within 24 hours.*limit is 10'));
    // nothing forbids to pause it, or to keep it for longer
    expect(await edit(datasource, '/pause', 'q')).toMatchObject(DONE);
    expect(await edit(datasource, '/delete', 'q', { withData: false })).toMatchObject(DONE);
    expect(await make(datasource, 'again')).toMatchObject(refused('11 definitions'));
    expect(await sql('SELECT count(*)::int AS n FROM promkeep_query_versions')).toEqual([{ n: 10 }]);
  });

  it('is stopped by what they return, when made, changed and resumed', async () => {
    const { datasource } = await open({ archiveRecordMaxTotalSeries: 50, archiveRecordMaxSamplesPerDay: 20 * 86_400 });
    expect(await make(datasource, 'many', MANY)).toMatchObject(refused(/series of recorded queries of this source/));
    expect(await make(datasource, 'fast', 'topk(21, {job="node_exporter"})')).toMatchObject(
      refused('1,814,400 samples a day of recorded queries of this source.*limit is 1,728,000')
    );
    // what it returns is asked for the newest settled time of its grid, which may lie before the first scrape
    await until('there are series 13 s ago', async () => {
      const { body } = await post(
        datasource,
        '/validate',
        definition('some', 'topk(20, {job="node_exporter"})', 10_000)
      );
      return (body as { series?: number }).series === 20;
    });
    expect(await make(datasource, 'some', 'topk(20, {job="node_exporter"})', 10_000)).toMatchObject(DONE);
    expect(await make(datasource, 'more', 'topk(31, {job="node_exporter"})', 10_000)).toMatchObject(
      refused('51 series')
    );
    const wider = { expression: 'topk(51, {job="node_exporter"})', stepMs: 10_000, retention: '7d' };
    expect(await edit(datasource, '/update', 'some', wider)).toMatchObject(refused('51 series'));
    expect(await edit(datasource, '/pause', 'some')).toMatchObject(DONE);
    expect(await make(datasource, 'more', 'topk(31, {job="node_exporter"})', 10_000)).toMatchObject(DONE);
    expect(await edit(datasource, '/resume', 'some')).toMatchObject(refused('51 series'));
    // a limit that was lowered since does not forbid to take less
    const lowered = { ...datasource, jsonData: { ...datasource.jsonData, archiveRecordMaxTotalSeries: 5 } };
    const narrower = { expression: 'topk(30, {job="node_exporter"})', stepMs: 10_000, retention: '7d' };
    expect(await edit(lowered, '/update', 'more', narrower)).toMatchObject(DONE);
    expect(await make(lowered, 'one')).toMatchObject(refused('31 series'));
  });

  it('is stopped while it is recorded when a query grows after it was made, and nobody else is', async () => {
    const { datasource, sql } = await open({ archiveRecordMaxTotalSeries: 5 });
    expect(await make(datasource, 'honest')).toMatchObject(DONE);
    const wakesAt = Math.ceil(Date.now() / 1000) + 8;
    const sleeper = `${MANY} and on() (vector(time()) > ${wakesAt})`;
    expect(await make(datasource, 'sleeper', sleeper)).toMatchObject(DONE);
    const gap = await until('the query is left out', async () => {
      const found = (await list(datasource)).queries.find(({ name }) => name === 'sleeper');
      return found?.gaps.find(({ reason, detail }) => reason === 'query-failed' && detail !== undefined);
    });
    expect(gap.detail).toMatch(/series of recorded queries of this source, and the limit is 5/);
    await until('the other one is recorded', async () => {
      const found = (await list(datasource)).queries.find(({ name }) => name === 'honest');
      return (found?.newestMs ?? 0) > gap.toMs;
    });
    expect(await sql(`SELECT count(*)::int AS n FROM metrics_data WHERE query = 'sleeper'`)).toEqual([{ n: 0 }]);
  });

  it('finds the places that a config file has taken, which is itself never refused', async () => {
    const { datasource, sql } = await open({ archiveRecordMaxQueries: 2, archiveRecordMaxTotalSeries: 3 });
    await list(datasource);
    for (const name of ['a', 'b', 'c']) {
      await sql(
        `WITH s AS (INSERT INTO promkeep_sources (org_id, name) VALUES (1, 'default')
           ON CONFLICT (org_id, name) DO UPDATE SET name = excluded.name RETURNING source_id),
         q AS (INSERT INTO promkeep_queries (source_id, kind, identity, name, source_text, step_ms, phase_ms, retention, provisioned)
           SELECT source_id, 'recorded', sha256('${name}'), '${name}', 'prometheus', 1000, 0, '7d', true FROM s RETURNING query_id)
         INSERT INTO promkeep_query_versions (query_id, version, expression, step_ms)
         SELECT query_id, 1, 'topk(2, {job="node_exporter"})', 1000 FROM q`
      );
    }
    expect(await make(datasource, 'mine')).toMatchObject(refused('4 recorded queries of this source.*limit is 2'));
    // the first points may lie before the first scrape
    const use = await until('all of the file are recorded', async () => {
      const { quota, queries } = await list(datasource);
      return (
        queries.every(({ newestMs }) => newestMs !== undefined) && quota.use.source.series === 6 && quota.use.source
      );
    });
    expect(use.queries).toBe(3);
  });
});

describe('what else has no end', () => {
  it('keeping results of ever new expressions: so many a day', async () => {
    const { datasource, sql } = await open({});
    const keep = (expr: string) => plugin.query(datasource, EDITOR, { expr, range: true, interval: '15s', keep: true });
    const told = async (expr: string): Promise<string> =>
      (await keep(expr)).frames.map((frame) => frame.toString('latin1')).join('');
    expect(await told('node_load1')).toContain('"kept"');
    await sql(
      `INSERT INTO promkeep_queries (source_id, kind, identity, name, source_text, step_ms, phase_ms, retention)
       SELECT source_id, 'kept', sha256(n::text::bytea), 'kept ' || n, 'prometheus', 15000, 0, '7d'
       FROM promkeep_sources, generate_series(1, 4999) AS n WHERE name = 'default'`
    );
    expect(await told('node_load5')).toMatch(
      /Not kept: results of 5000 different queries were kept for the first time/
    );
    // what was kept before may be kept again
    expect(await told('node_load1')).toContain('"kept"');
    const long = `node_load1{instance!="${'x'.repeat(20_000)}"}`;
    expect(await told(long)).toMatch(/Not kept: the expression has more than 20000 characters/);
  });

  it('live channels: so many of one user, and the seats come back', async () => {
    const { datasource } = await open({});
    const request = (i: number) => {
      const ask = { query: { expr: `vector(${i})`, range: true, intervalMs: 60_000 }, rangeMs: 60_000 };
      const data = Buffer.from(JSON.stringify(ask));
      return { pluginContext: contextOf(datasource, VIEWER), path: livePath(ask, 1), data, headers: {} };
    };
    const join = async (i: number, user = VIEWER): Promise<number> => {
      const asked = { ...request(i), pluginContext: contextOf(datasource, user) };
      return (await plugin.call<{ status: number }>('pluginv2.Stream', 'SubscribeStream', asked)).status;
    };
    expect(await join(0)).toBe(0);
    const ends = Array.from({ length: 130 }, (_, i) => plugin.openStream('pluginv2.Stream', 'RunStream', request(i)));
    await until('the seats are taken', async () => (await join(1_000)) === 2);
    expect([await join(50), await join(1_000, ADMIN)]).toEqual([0, 0]);
    ends.forEach((end) => end());
    await until('they are given back', async () => (await join(1_000)) === 0);
  });

  it('bodies of requests', async () => {
    const { datasource } = await open({});
    const expression = 'x'.repeat(300 * 1024);
    expect(await make(datasource, 'q', expression)).toMatchObject(refused('more than 262144 bytes'));
    const queries = ['up', expression.repeat(4)];
    const answer = await plugin.resource(datasource, VIEWER, ['POST', 'suggestions'], { queries });
    expect(answer).toMatchObject({ status: 413, body: { errorType: 'limit_exceeded' } });
  });
});
