import { type RecordedQueriesAnswer } from '../../src/contract/recordedQuery';
import { RECORDED_QUERIES_RESOURCE } from '../../src/contract/resourcePaths';
import { ArchiverStack, metric } from './archiverStack';
import { ADMIN, archiveJson, EDITOR, type PluginDatasource, PluginProcess, type PluginUser } from './pluginProcess';
import { type ServingProgram, temporaryFile, until } from './promkeepProgram';

/** The plugin process and `promkeep serve` on one source: one of them records, whoever it is, and edits reach it. */
jest.setTimeout(240_000);

const stack = new ArchiverStack();
let plugin: PluginProcess;
let program: ServingProgram;
let datasource: PluginDatasource;
const closers: Array<() => Promise<void>> = [];

beforeAll(async () => {
  await stack.start({ lease: '2s' });
  const archive = archiveJson(stack.postgres.url);
  datasource = {
    uid: 'ours',
    url: stack.prometheus.url,
    secrets: archive.secrets,
    jsonData: { ...archive.jsonData, timeInterval: '1s', archiveAllowRecording: true, archiveSettle: '3200ms' },
  };
  [program, plugin] = await Promise.all([stack.archiver(), PluginProcess.start()]);
});
afterAll(async () => {
  await plugin?.stop('SIGKILL');
  await stack.stop();
  await Promise.all(closers.map((close) => close()));
});

const MINE = { name: 'mine', expression: 'node_load5', stepMs: 1_000, retention: '7d' };

async function call(action: string, body: unknown, user: PluginUser = EDITOR, from = datasource): Promise<unknown> {
  const answer = await plugin.resource(from, user, ['POST', `${RECORDED_QUERIES_RESOURCE}${action}`], body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

async function list(from = datasource): Promise<RecordedQueriesAnswer> {
  const { status, body } = await plugin.resource(from, EDITOR, ['GET', RECORDED_QUERIES_RESOURCE]);
  expect(status).toBe(200);
  return body as RecordedQueriesAnswer;
}

async function find(name: string): Promise<RecordedQueriesAnswer['queries'][number]> {
  const found = (await list()).queries.find((query) => query.name === name);
  if (!found) {
    throw new Error(`There is no ${name}`);
  }
  return found;
}

const recordsSince = (name: string, timeMs: number): Promise<unknown> =>
  until(`${name} is recorded`, async () => ((await find(name)).newestMs ?? 0) >= timeMs);

const holder = async (): Promise<string> => (await list()).archiver ?? '';
const leads = (who: RegExp): Promise<unknown> => until(`${who} leads`, async () => who.test(await holder()));

async function samplesOf(name: string): Promise<number> {
  const [row] = await stack.sql(`SELECT count(*)::int AS n FROM metrics_data WHERE query = '${name}'`);
  return Number(row.n);
}

it('records in promkeep serve what an Editor made in Grafana, while the plugin waits', async () => {
  await leads(/ pid /);
  const first = await holder();
  expect(first).toContain(`pid ${program.process.pid} `);
  expect(await call('', MINE)).toMatchObject({ createdBy: 'eva', version: 1 });
  await recordsSince('mine', Date.now());
  expect(await holder()).toBe(first);
  const { queries } = await list();
  expect(queries.map(({ name, provisioned }) => [name, provisioned])).toEqual([
    ['cpu', true],
    ['load', true],
    ['mine', false],
  ]);
  expect(await metric(program, 'promkeep_archive_samples_total{query="mine",outcome="unchanged"}')).toBeFalsy();
  await stack.expectExact();
});

it('goes on in the plugin when promkeep serve stops, with the queries of its file as well', async () => {
  await program.process.stop('SIGTERM');
  await leads(/^grafana on .* #\d+$/);
  const now = Date.now();
  await Promise.all(['cpu', 'load', 'mine'].map((name) => recordsSince(name, now)));
  await stack.expectExact();
});

it('takes effect within seconds: a pause, a resume, another expression', async () => {
  await call('/pause', { name: 'mine', revision: (await find('mine')).revision });
  await until('nothing new comes', async () => {
    const before = await samplesOf('mine');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return (await samplesOf('mine')) === before;
  });
  const { revision } = (await call('/resume', { name: 'mine', revision: (await find('mine')).revision })) as {
    revision: number;
  };
  await recordsSince('mine', Date.now());
  await stack.expectExact();
  const changed = { ...MINE, expression: 'node_load15', revision };
  expect(await call('/update', changed)).toMatchObject({ version: 2 });
  const before = await samplesOf('mine');
  await recordsSince('mine', Date.now());
  expect(await samplesOf('mine')).toBeGreaterThan(before);
  const [{ n }] = await stack.sql(
    `SELECT count(DISTINCT metric_name)::int AS n FROM metrics_data WHERE query = 'mine'`
  );
  expect(n).toBe(2);
});

it('makes an edited config file known while the plugin leads', async () => {
  const text = `
prometheus: {scrape_interval: 1s, scrape_timeout: 1s}
archive: {lease: 2s}
recorded_queries:
  - {name: extra, expr: 'node_load1', step: 1s, retention: 7d}
  - {name: load, expr: 'node_load1', step: 1s, retention: 7d}
`;
  const config = await temporaryFile('edited.yaml', text);
  closers.push(config.remove);
  stack.configFile = config.file;
  program = await stack.archiver();
  await until('the file is known', async () => (await list()).queries.some(({ name }) => name === 'extra'));
  expect(await holder()).toMatch(/^grafana/);
  await recordsSince('extra', Date.now());
  expect(await find('cpu')).toMatchObject({ paused: true, provisioned: true });
  expect(await find('mine')).toMatchObject({ paused: false });
});

it('lets two datasources of one source take turns, and a changed one end its archiver', async () => {
  const twin = { ...datasource, uid: 'twin' };
  const before = await holder();
  expect((await list(twin)).archiver).toBe(before);
  // Another setting makes another instance; the old one gives the lease back as it ends.
  datasource = { ...datasource, jsonData: { ...datasource.jsonData, archiveAllowRecording: false } };
  await until('another one leads', async () => ![before, ''].includes(await holder()));
  const now = Date.now();
  await recordsSince('extra', now);
  const doubled = await stack.sql(`SELECT query_id FROM promkeep_fetches WHERE unchanged > 0 OR revised > 0`);
  expect(doubled).toEqual([]);
});

it('loses nothing when Grafana kills the plugin', async () => {
  await program.process.stop('SIGTERM');
  datasource = { ...datasource, jsonData: { ...datasource.jsonData, archiveAllowRecording: true } };
  await leads(/^grafana/);
  await recordsSince('extra', Date.now());
  await plugin.stop('SIGKILL');
  plugin = await PluginProcess.start();
  await recordsSince('extra', Date.now());
  await stack.withArchive(async (archive) => {
    expect(await archive.ledger.coverage('extra')).toHaveLength(1);
  });
});

it('deletes with its data what nobody needs any more, and nobody makes it again', async () => {
  const { revision } = await find('mine');
  await call('/delete', { name: 'mine', revision, withData: true }, ADMIN);
  expect(await samplesOf('mine')).toBeGreaterThan(0);
  await call('/carry-out', { name: 'mine' }, ADMIN);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  expect(await samplesOf('mine')).toBe(0);
  expect((await list()).queries.map(({ name }) => name)).toEqual(['cpu', 'extra', 'load']);
});
