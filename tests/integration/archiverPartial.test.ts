import { setTimeout as sleep } from 'node:timers/promises';
import { ArchiverStack, metric } from './archiverStack';
import { pause, runProgram, until, type ServingProgram } from './promkeepProgram';
import { forwardTo, type RudeServer, startRudeServer } from './prometheusRudeServer';

/** A Prometheus that answers late, cut off, or in part under a recording archiver: a proxy before a real one spoils answers. */
jest.setTimeout(180_000);

type Mode = 'pass' | 'slow' | 'cut' | 'partial';

const stack = new ArchiverStack();
let mode: Mode = 'pass';
let firstDataMs = 0;
let proxy: RudeServer;
let archiver: ServingProgram;

beforeAll(async () => {
  firstDataMs = Date.now();
  await stack.start({ lease: '2s' });
  proxy = await startRudeServer((request, response) => {
    const spoiled = request.url.includes('query_range') ? mode : 'pass';
    const answer = async (): Promise<void> => {
      const { status, text } = await forwardTo(stack.prometheus.url, request);
      const body = spoiled === 'partial' ? inPart(text) : text;
      await sleep(spoiled === 'slow' ? 2_500 : 0);
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      if (spoiled === 'cut') {
        response.write(body.slice(0, body.length / 2), () => response.destroy());
      } else {
        response.end(body);
      }
    };
    answer().catch(() => response.destroy());
  });
  archiver = await stack.archiver(undefined, { PROMETHEUS_URL: proxy.url });
  await stack.recordedUntil(Date.now() - 5_000);
});
afterAll(async () => {
  await stack.stop();
  await proxy?.stop();
});

/** As a federating server answers when one of its stores is away: some series are missing, and a warning says so. */
function inPart(text: string): string {
  const answer = JSON.parse(text) as { status: string; data: { result: unknown[] }; warnings?: string[] };
  answer.data.result = answer.data.result.slice(1);
  answer.warnings = ['remote read: store 2 did not answer'];
  return JSON.stringify(answer);
}

const recovers = async (): Promise<void> => {
  mode = 'pass';
  await stack.recordedUntil(Date.now());
  await until('exact', async () => stack.expectExact().then(() => true), 10_000);
};

it('Prometheus is slow', async () => {
  mode = 'slow';
  await pause(10_000);
  await recovers();
});

it('answers break off in the middle', async () => {
  const failures = async (): Promise<number> =>
    (await metric(archiver, 'promkeep_collect_failures_total{query="load",reason="source-down"}')) ?? 0;
  const before = await failures();
  mode = 'cut';
  await until('an answer was cut', async () => (await failures()) > before);
  await pause(2_000);
  await recovers();
});

it('answers are partial: what came is kept, the range stays a gap that says why, and is filled later', async () => {
  mode = 'partial';
  const query = `SELECT q.name, g.reason, g.detail FROM promkeep_gaps g JOIN promkeep_queries q USING (query_id)`;
  await until(
    'both queries have a gap',
    async () => new Set((await stack.sql(query)).map(({ name }) => name)).size === 2
  );
  await pause(3_000);
  mode = 'pass';
  const gaps = await stack.sql(query);
  expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(['partial-answer']));
  expect(gaps[0].detail).toContain('store 2 did not answer');
  // Two of three modes would pass for all of them if only the ledger were looked at.
  const [{ modes }] = await stack.sql(
    `SELECT min(n)::int AS modes FROM (SELECT count(*) AS n FROM metrics_data m WHERE query = 'cpu'
       AND timestamp <@ (SELECT range_merge(g.missing) FROM (SELECT range_agg(missing) AS missing FROM promkeep_gaps JOIN promkeep_queries USING (query_id)
         WHERE name = 'cpu') g) GROUP BY timestamp) counts`
  );
  const [{ all }] = await stack.sql(`SELECT count(DISTINCT labels)::int AS all FROM metrics_data WHERE query = 'cpu'`);
  expect(Number(modes)).toBe(Number(all) - 1);
  const filled = await runProgram(
    ['backfill', '--from', String(firstDataMs / 1000), '--config', stack.configFile],
    stack.environment()
  );
  expect(filled.code).toBe(0);
  await recovers();
});
