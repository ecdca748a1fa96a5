import { type Labels } from '../../pkg/core/model/series';
import { type RunningPostgres, startPostgres } from '../../scripts/stack/postgres';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { gridSeries, STEP, writing } from './archiveWrites';
import { archiveJson, type PluginDatasource, PluginProcess, VIEWER } from './pluginProcess';
import { getJson, until } from './promkeepProgram';

/**
 * A Viewer sends patterns, legends and expressions made to take long, to a real plugin process with 10,000 archived series;
 * meanwhile another user's `up` is answered as ever.
 */
jest.setTimeout(240_000);

const SERIES = 10_000;
/** Alone, `up` takes some milliseconds; two busy cores make tens of them. */
const PATIENCE_MS = 3_000;
const ATTACK_PATIENCE_MS = 20_000;

const archives = new TestServer({ name: 'running' });
const otherUser = { login: 'otto', role: 'Viewer' };
let prometheus: RunningPrometheus;
let postgres: RunningPostgres;
let plugin: PluginProcess;
let datasource: PluginDatasource;

beforeAll(async () => {
  [prometheus, postgres, plugin] = await Promise.all([
    startPrometheus({
      config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs: [{job_name: itself, static_configs: [{targets: ['127.0.0.1:9']}]}]
`,
    }),
    startPostgres(),
    PluginProcess.start(),
  ]);
  const { jsonData, secrets } = archiveJson(postgres.url);
  datasource = { uid: 'ours', url: prometheus.url, secrets, jsonData: { ...jsonData, timeInterval: '15s' } };
  await archiveManySeries();
  await until('Prometheus has an up', async () =>
    JSON.stringify((await getJson(`${prometheus.url}/api/v1/query?query=up`)).body).includes('"value"')
  );
});

afterAll(async () => {
  await plugin?.stop('SIGKILL');
  await archives.closeAll();
  await Promise.all([prometheus?.stop(), postgres?.stop()]);
});

async function archiveManySeries(): Promise<void> {
  const archive = archives.archive(postgres.url);
  await archive.migrate();
  await archive.definitions.provision([{ name: 'wide', expression: 'wide', stepMs: STEP, retention: 'forever' }]);
  const fromMs = Math.floor(Date.now() / STEP) * STEP - 2 * STEP;
  const labels = (i: number): Labels => ({
    __name__: 'wide',
    a: `node-${i}.rack-${i % 31}.dc${i % 7}.example.com:9100`,
  });
  const series = Array.from({ length: SERIES }, (_, i) => gridSeries(labels(i), [1, 2], fromMs));
  const range = { fromMs, toMs: fromMs + STEP };
  const query = { kind: 'recorded', name: 'wide' } as const;
  const provenance = { expression: 'wide', stepMs: STEP, fetchedAtMs: fromMs, prometheusVersion: '3', warnings: [] };
  await archive.samples.writeRange(writing(series, { query, range, covered: [range], provenance }), live());
}

interface Outcome {
  status: number;
  text: string;
}

type Attack = () => Promise<Outcome>;

const labelsOf = (match: string, kind = 'series'): Attack => {
  const query = new URLSearchParams({ query: 'wide', match }).toString();
  return async () => {
    const path = `promkeep/api/archive/${kind}?${query}`;
    const { status, body } = await plugin.resource(datasource, VIEWER, ['GET', path]);
    return { status, text: JSON.stringify(body) };
  };
};

const parametersOf = (count: number): Attack => {
  const query = Array.from({ length: count }, (_, i) => `p${i}=`).join('&');
  return async () => {
    const path = `promkeep/api/summary/metrics?${query}`;
    const { status, body } = await plugin.resource(datasource, VIEWER, ['GET', path]);
    return { status, text: JSON.stringify(body) };
  };
};

const queryOf = (json: Record<string, unknown>): Attack => {
  return async () => {
    const { status, error } = await plugin.query(datasource, VIEWER, { range: true, ...json });
    return { status, text: error };
  };
};

const matching = (pattern: string): string => `{a=~"${pattern.replaceAll('\\', '\\\\')}"}`;
const archived = (expr: string): Attack => queryOf({ readFrom: 'archive', expr });
const filtered = (adhocFilters: unknown[], expr = 'up'): Attack => queryOf({ expr, adhocFilters });

const suggestions = (queries: string[]): Attack => {
  return async () => {
    const { status, body } = await plugin.resource(datasource, VIEWER, ['POST', 'suggestions'], { queries });
    return { status, text: JSON.stringify(body) };
  };
};

const NESTED = '(((x{0}){1000}){1000}){1000}';
/** Many states at every character, and others for every series. */
const COSTLY = '(.?.?.?.?.?.?.?.?){400}';

const ATTACKS: Array<[string, Attack]> = [
  ['nested repetitions in a filter on series', labelsOf(matching(NESTED))],
  ['nested repetitions in a filter on labels', labelsOf(matching(NESTED), 'labels')],
  ['nested repetitions in an archived query', archived(`wide${matching(NESTED)}`)],
  ['repeated classes of Unicode', archived(`wide${matching('[\\pL\\pN]{1000}'.repeat(500))}`)],
  ['ranges without case', labelsOf(matching(`(?i)${'[B-\\x{1e942}]'.repeat(600)}`))],
  ['a pattern that is costly on every series', labelsOf(matching(COSTLY))],
  ['a costly pattern in an archived query', archived(`wide${matching(COSTLY)}`)],
  ['an open legend', queryOf({ expr: 'up', legendFormat: `{{${' '.repeat(20_000)}` })],
  ['an open legend within the limit', queryOf({ expr: 'up', legendFormat: `{{${' '.repeat(990)}` })],
  ['a row of brackets', archived('['.repeat(65_000))],
  ['a long row of brackets', archived('['.repeat(900_000))],
  ['a row of escaped quotes', archived(`"${'\\"'.repeat(32_000)}`)],
  ['digits of a duration', archived(`wide[${'1'.repeat(60_000)}*2]`)],
  ['an expression that is none', filtered([{ key: 'a', operator: 'equals', value: 'b' }], '{'.repeat(65_000))],
  ['deep parentheses', archived(`${'('.repeat(30_000)}up${')'.repeat(30_000)}`)],
  [
    'a filter in thousands of selectors',
    filtered([{ key: 'a', operator: 'equals', value: 'b'.repeat(60_000) }], 'f(' + 'up,'.repeat(15_000) + 'up)'),
  ],
  [
    '100,000 filters',
    filtered(Array.from({ length: 100_000 }, (_, i) => ({ key: 'a', operator: 'not-equals', value: `${i}` }))),
  ],
  ['an endless number of an interval', queryOf({ expr: 'up', interval: `0.${'1'.repeat(900_000)}s` })],
  ['100,000 parameters of a resource call', parametersOf(100_000)],
  ['100,000 queries for suggestions', suggestions(Array.from({ length: 100_000 }, (_, i) => `up{a="${i}"} +`))],
];

/** How long the slowest of some `up` takes, asked one after the other while the attack goes on. */
async function slowestUpMs(attack: Promise<unknown>): Promise<number> {
  let isOver = false;
  attack.finally(() => (isOver = true)).catch(() => undefined);
  let slowestMs = 0;
  for (let i = 0; i < 5 || !isOver; i++) {
    const startMs = performance.now();
    const { error, status } = await plugin.query(datasource, otherUser, { expr: 'up', instant: true });
    expect([status, error]).toEqual([200, '']);
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
  }
  return slowestMs;
}

// [A17]
it.each(ATTACKS)('goes on for others during %s', async (_, attack) => {
  const startMs = performance.now();
  const running = attack();
  expect(await slowestUpMs(running)).toBeLessThan(PATIENCE_MS);
  const { status, text } = await running;
  // answered, or refused by name: never our own fault
  expect([status, text]).toEqual([expect.any(Number), expect.not.stringMatching(/Internal error/)]);
  expect([200, 400, 409, 413]).toContain(status);
  expect(performance.now() - startMs).toBeLessThan(ATTACK_PATIENCE_MS);
});

it('goes on for others while twenty such patterns are matched at once', async () => {
  const attacks = Array.from({ length: 20 }, (_, i) => labelsOf(matching(`${COSTLY}${i}`))());
  expect(await slowestUpMs(Promise.all(attacks))).toBeLessThan(2 * PATIENCE_MS);
  for (const { status, text } of await Promise.all(attacks)) {
    expect([413, 503]).toContain(status);
    expect(text).toMatch(/LIMIT_EXCEEDED|ARCHIVE_BUSY/);
  }
});

it('answers what people ask', async () => {
  const { status, text } = await labelsOf(matching('node-.*\\.dc3\\..*'))();
  expect(status).toBe(200);
  expect(JSON.parse(text).series).toHaveLength(Math.floor((SERIES - 4) / 7) + 1);
  expect(await archived(`wide${matching('node-1.*')}`)()).toEqual({ status: 200, text: '' });
});
