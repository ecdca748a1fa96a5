import { freePort } from '../../scripts/stack/ports';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { SERVERS, TestServer } from './archiveServers';
import { getJson, runProgram, serve, temporaryFile, until } from './promkeepProgram';

/** `promkeep serve` with raw series in its config file, and the commands that know them. */
jest.setTimeout(300_000);

const server = new TestServer(SERVERS[SERVERS.length - 1]);
let prometheus: RunningPrometheus;
let databaseUrl: string;
const closers: Array<() => Promise<unknown>> = [];

beforeAll(async () => {
  await server.start();
  databaseUrl = await server.freshDatabase();
  const port = await freePort();
  prometheus = await startPrometheus({
    config: `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: self, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]`,
    port,
  });
});

afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await prometheus.stop();
  await server.stop();
});

const configOf = (url: string, name: string): string => `
prometheus: { url: "${url}", scrape_interval: 1s, scrape_timeout: 1s }
archive:
  url: ${databaseUrl}
  source: { name: ${name} }
  raw_piece: 1m
  raw_series:
    - { name: self, match: ['{job="self"}', up] }
recorded_queries: []
`;

async function start(text: string) {
  const { file, remove } = await temporaryFile('promkeep.yaml', text);
  const { url, process } = await serve({ args: ['--config', file] });
  closers.push(() => process.stop().then(remove));
  const run = (...args: string[]) => runProgram([...args, '--config', file]);
  return { url, process, run };
}

interface Status {
  queries: Array<{ name: string; raw?: boolean; coveredMs: number }>;
  samples: number;
}

it('collects them live, minute by minute, and verify finds them as the source has them', async () => {
  const { run, process } = await start(configOf(prometheus.url, 'first'));
  const status = await until(
    'a minute is covered',
    async () => {
      const { queries, samples }: Status = JSON.parse((await run('archive', 'status', '--json')).output);
      return queries[0]?.coveredMs >= 60_000 && { queries, samples };
    },
    240_000
  );
  expect(status.queries).toMatchObject([{ name: 'self', raw: true }]);
  expect(status.samples).toBeGreaterThan(5_000);
  expect((await run('archive', 'status')).output).toMatch(/^self +raw +60s/m);
  expect((await run('gaps')).output).toBe('Nothing is missing.\n');
  const { code, output } = await run('verify', '--json');
  const [report] = JSON.parse(output).queries;
  expect([code, report]).toEqual([0, expect.objectContaining({ differs: 0, missing: 0, extra: 0, examples: [] })]);
  expect(report.compared).toBeGreaterThanOrEqual(5_000);
  const client = await server.client(databaseUrl);
  const { rows } = await client.query('SELECT count(*)::int AS n FROM promkeep_metadata');
  expect(rows[0].n).toBeGreaterThan(50);
  expect(process.output()).not.toMatch(/"level":"(warn|error)"/);
});

it('collects nothing from a source that reads recent data from others, and says why everywhere', async () => {
  const circle = await startPrometheus({
    config: `remote_read: [{ url: "${prometheus.url}/api/v1/read", read_recent: true }]\nscrape_configs: []\n`,
  });
  closers.push(() => circle.stop());
  const { url, run, process } = await start(configOf(circle.url, 'second'));
  await until('the log says so', async () => /read_recent: true/.test(process.output()));
  const said = expect.stringContaining('read_recent: true');
  expect(await getJson(`${url}/readyz`)).toMatchObject({ status: 200, body: { status: 'ready', warnings: [said] } });
  expect(await getJson(`${url}/api/archive/status`)).toMatchObject({ body: { warnings: [said] } });
  expect(await getJson(`${url}/api/archive/overview`)).toMatchObject({ body: { warning: said } });
  expect((await run('archive', 'status')).output).toMatch(/^self is not collected: .*read_recent: true/m);
  expect((await run('gaps')).output).toMatch(/^self .* query-failed +The source has a remote_read/m);
  expect(await run('backfill', '--from', String(Date.now() / 1_000 - 3_600))).toEqual({
    code: 2,
    output: expect.stringContaining('read_recent: true'),
  });
});
