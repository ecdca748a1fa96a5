import { Client } from 'pg';
import { type RecordedQueriesAnswer } from '../../src/contract/recordedQuery';
import { RECORDED_QUERIES_RESOURCE } from '../../src/contract/resourcePaths';
import { ArchiverStack, valueOf } from './archiverStack';
import { archiveJson, EDITOR, type PluginDatasource, PluginProcess } from './pluginProcess';
import { pause, until } from './promkeepProgram';

/** The recorders inside one plugin process: what they tell about themselves, their limit, and how they end. */
jest.setTimeout(240_000);

const stack = new ArchiverStack();
let plugin: PluginProcess;
let ours: PluginDatasource;
let twin: PluginDatasource;

beforeAll(async () => {
  await stack.start();
  const archive = archiveJson(stack.postgres.url);
  const jsonData = { ...archive.jsonData, timeInterval: '1s', archiveAllowRecording: true, archiveSettle: '3200ms' };
  ours = { uid: 'ours', url: stack.prometheus.url, secrets: archive.secrets, jsonData };
  twin = { ...ours, uid: 'twin' };
  plugin = await PluginProcess.start();
});
afterAll(async () => {
  await plugin?.stop('SIGKILL');
  await stack.stop();
});

async function list(from: PluginDatasource): Promise<RecordedQueriesAnswer> {
  const { status, body } = await plugin.resource(from, EDITOR, ['GET', RECORDED_QUERIES_RESOURCE]);
  expect(status).toBe(200);
  return body as RecordedQueriesAnswer;
}

async function create(name: string, expression: string): Promise<void> {
  const body = { name, expression, stepMs: 1_000, retention: '7d' };
  expect(await plugin.resource(ours, EDITOR, ['POST', RECORDED_QUERIES_RESOURCE], body)).toMatchObject({ status: 200 });
}

/** As when somebody saves the datasource: Grafana tells of it with the next request. */
function save(datasource: PluginDatasource, changes: Record<string, unknown>): Promise<unknown> {
  Object.assign(datasource.jsonData, changes);
  datasource.jsonData = { ...datasource.jsonData };
  return list(datasource);
}

const recordsSince = (name: string, timeMs: number): Promise<unknown> =>
  until(`${name} is recorded`, async () =>
    (await list(ours)).queries.some((query) => query.name === name && (query.newestMs ?? 0) >= timeMs)
  );
const told = async (name: string): Promise<number | undefined> => valueOf(await plugin.metrics(), name);
const becomes = (name: string, value: number | undefined): Promise<unknown> =>
  until(`${name} is ${value}`, async () => (await told(name)) === value);

it('tells what promkeep serve tells, for each datasource that may record', async () => {
  await becomes('promkeep_build_info', 1);
  await create('mine', 'node_load5');
  await recordsSince('mine', Date.now());
  twin.jsonData = { ...twin.jsonData };
  await list(twin);
  await becomes('promkeep_archive_leader{org_id="1",source_name="default",datasource="twin"}', 0);
  const text = await plugin.metrics();
  expect(valueOf(text, 'promkeep_archive_leader{org_id="1",source_name="default",datasource="ours"}')).toBe(1);
  const written = valueOf(text, 'promkeep_archive_samples_total{datasource="ours",query="mine",outcome="written"}');
  expect(written).toBeGreaterThan(0);
  const [{ n }] = await stack.sql(`SELECT count(*)::int AS n FROM metrics_data WHERE query = 'mine'`);
  expect(n).toBeGreaterThanOrEqual(written ?? Infinity);
  expect(valueOf(text, 'promkeep_collect_lag_seconds{datasource="ours",query="mine"}')).toBeLessThan(10);
  expect(valueOf(text, 'promkeep_collect_lag_seconds{datasource="twin"}')).toBeUndefined();
  expect(valueOf(text, 'promkeep_collect_duration_seconds_count{datasource="ours"}')).toBeGreaterThan(0);
  expect(valueOf(text, 'promkeep_archive_bytes{datasource="ours"}')).toBeGreaterThan(0);
  expect(valueOf(text, 'promkeep_archive_connections_limit{datasource="twin"}')).toBeGreaterThan(0);
  expect(valueOf(text, 'promkeep_gap_seconds')).toBeUndefined();
});

it('goes on counting in the same series when the datasource is saved, and ends the archiver of before', async () => {
  await save(twin, { archiveAllowRecording: false });
  await becomes('promkeep_archive_leader{datasource="twin"}', undefined);
  const before = (await list(ours)).archiver;
  const connections = await told('promkeep_archive_connections_limit{datasource="ours"}');
  await save(ours, { archiveSettle: '3300ms' });
  let last = 0;
  await until('the new archiver records', async () => {
    const text = await plugin.metrics();
    expect(text.match(/^promkeep_archive_leader\{.*datasource="ours"/gm)).toHaveLength(1);
    const written =
      valueOf(text, 'promkeep_archive_samples_total{datasource="ours",query="mine",outcome="written"}') ?? 0;
    expect(written).toBeGreaterThanOrEqual(last);
    last = written;
    const { archiver = '' } = await list(ours);
    return ![before, ''].includes(archiver);
  });
  await becomes('promkeep_archive_leader{datasource="ours"}', 1);
  await recordsSince('mine', Date.now());
  // Not twice: the one of before is gone.
  await becomes('promkeep_archive_connections_limit{datasource="ours"}', connections);
});

it('leaves a gap that names the limit where a query has too many series, and heals it when the limit is raised', async () => {
  await create('many', 'node_cpu_seconds_total');
  await recordsSince('many', Date.now());
  await save(ours, { archiveRecordMaxSeries: 2 });
  const gap = await until('there is a gap', async () => {
    const many = (await stack.withArchive((archive) => archive.ledger.entries())).find(({ name }) => name === 'many');
    return many?.gaps.find(({ reason }) => reason === 'query-failed');
  });
  expect(gap.detail).toBe(
    'The recorded query many returns more than 2 series, the limit that the datasource (archiveRecordMaxSeries) sets: aggregate, add matchers, or raise it.'
  );
  await becomes('promkeep_collect_failures_total{query="many",reason="archive-down"}', undefined);
  expect(await told('promkeep_collect_failures_total{query="many",reason="query-failed"}')).toBeGreaterThan(0);
  expect(await told('promkeep_gap_seconds{datasource="ours",query="many",reason="query-failed"}')).toBeGreaterThan(0);
  await recordsSince('mine', Date.now());
  await save(ours, { archiveRecordMaxSeries: 10_000 });
  await recordsSince('many', Date.now());
  await until('the gap is filled', async () => (await told('promkeep_gap_seconds{query="many"}')) === undefined);
  await stack.expectExact();
});

// [A4]
it('gives the lease back when it is closed in the middle of a write, and nothing of that write stays', async () => {
  const blocker = new Client({ connectionString: stack.postgres.url });
  await blocker.connect();
  try {
    await blocker.query('BEGIN; SELECT 1 FROM promkeep_queries FOR UPDATE');
    const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid()`;
    await until('a write waits', async () => (await stack.sql(waiting)).length > 0);
    const closedMs = Date.now();
    await save(ours, { archiveAllowRecording: false });
    const lease = 'SELECT holder, extract(epoch FROM expires_at) * 1000 AS until_ms FROM promkeep_leases';
    await until('the lease is free', async () => (await stack.sql(lease))[0].holder === '', 10_000);
    // Long before it would have run out.
    expect(Date.now() - closedMs).toBeLessThan(10_000);
    expect(await stack.sql(waiting)).toEqual([]);
  } finally {
    await blocker.end();
  }
  await becomes('promkeep_archive_leader{datasource="ours"}', undefined);
  const samples = 'SELECT count(*)::int AS n FROM metrics_data';
  const [{ n }] = await stack.sql(samples);
  await pause(3_000);
  expect(await stack.sql(samples)).toEqual([{ n }]);
  await save(ours, { archiveAllowRecording: true });
  await Promise.all(['mine', 'many'].map((name) => recordsSince(name, Date.now())));
  await stack.expectExact();
});
