import { ArchiverStack, metric, QUERIES } from './archiverStack';
import { getJson, pause, runProgram, startProgram, until, type ServingProgram } from './promkeepProgram';

/** `promkeep gaps`, `backfill` and `verify` on real parts, beside a running archiver. */
jest.setTimeout(120_000);

const stack = new ArchiverStack();
let firstDataMs = 0;
let archiver: ServingProgram;

beforeAll(async () => {
  firstDataMs = Date.now();
  await stack.start({ lease: '2s' });
});
afterAll(() => stack.stop());

const run = (...args: string[]): ReturnType<typeof runProgram> =>
  runProgram([...args, '--config', stack.configFile], stack.environment());
const seconds = (timeMs: number): string => String(timeMs / 1000);

it('shows what nobody recorded as a gap, in the command, the route and the metric', async () => {
  archiver = await stack.archiver();
  await stack.recordedUntil(Date.now() - 5_000);
  await archiver.process.stop();
  // As long as nobody records, the newest covered time falls behind what is due.
  await pause(11_000);
  const table = await run('gaps');
  expect([table.code, table.output]).toEqual([0, expect.stringMatching(/^load .* not-recorded/m)]);
  const json = await run('gaps', '--json');
  const { queries } = JSON.parse(json.output);
  expect(queries.map(({ name }: { name: string }) => name)).toEqual(['cpu', 'load']);
  archiver = await stack.archiver();
  await stack.recordedUntil(Date.now() - 5_000);
  await stack.sql(
    `UPDATE promkeep_coverage SET covered = covered - tstzmultirange(tstzrange(date_trunc('second', now()) - interval '12 s', date_trunc('second', now()) - interval '8 s'))`
  );
  const { body } = await getJson(`${archiver.url}/api/archive/gaps`);
  expect(JSON.stringify(body)).toContain('"not-recorded"');
  expect(await metric(archiver, 'promkeep_gap_seconds{query="load",reason="not-recorded"}')).toBeGreaterThanOrEqual(3);
});

it('fills a window before the first recorded time, beside the live archiver', async () => {
  const window = ['--from', seconds(firstDataMs), '--to', seconds(Date.now() - 6_000)];
  const { code, output } = await run('backfill', ...window);
  expect([code, output]).toEqual([0, expect.stringMatching(/load: \d+ samples; \d+ of \d+ points covered/)]);
  expect(output).toMatch(/load 100 % {2}/);
  expect(await run('backfill', ...window, '--query', 'nothing')).toMatchObject({
    code: 1,
    output: expect.stringContaining('there are load, cpu'),
  });
  await stack.recordedUntil(Date.now() - 5_000);
  await stack.expectExact();
});

it('goes on after it was killed, and is exact in the end', async () => {
  await archiver.process.stop();
  const [{ n }] = await stack.sql('SELECT count(*)::int AS n FROM metrics_data');
  await stack.sql(`DELETE FROM promkeep_samples; UPDATE promkeep_coverage SET covered = '{}'`);
  const args = ['backfill', '--from', seconds(firstDataMs), '--config', stack.configFile];
  for (let killedAfterMs = 800; killedAfterMs < 2_000; killedAfterMs += 300) {
    const backfill = await startProgram({ args, environment: stack.environment() });
    await pause(killedAfterMs);
    await backfill.stop('SIGKILL');
  }
  expect((await run('backfill', '--from', seconds(firstDataMs))).code).toBe(0);
  await stack.expectExact();
  const [{ n: now }] = await stack.sql('SELECT count(*)::int AS n FROM metrics_data');
  expect(now).toBeGreaterThanOrEqual(Number(n));
});

it('will not fill by another expression than the one that is recorded', async () => {
  await stack.sql(`UPDATE promkeep_query_versions SET expression = 'other' WHERE expression = '${QUERIES[0].expr}'`);
  const { code, output } = await run('backfill', '--from', seconds(firstDataMs), '--query', 'load');
  expect([code, output]).toEqual([1, expect.stringContaining('another expression')]);
  await stack.sql(`UPDATE promkeep_query_versions SET expression = '${QUERIES[0].expr}' WHERE expression = 'other'`);
});

// [A6]
it('finds samples that were changed, deleted or added by hand, names them, and repairs them', async () => {
  const clean = await run('verify');
  expect([clean.code, clean.output]).toEqual([0, expect.stringContaining('load')]);
  const where = `WHERE time = (SELECT min(time) + interval '%s s' FROM promkeep_samples) AND series_id IN
    (SELECT series_id FROM promkeep_series r JOIN promkeep_queries q USING (query_id) WHERE q.name = 'load')`;
  await stack.sql(`UPDATE promkeep_samples SET value = value + 1 ${where.replace('%s', '4')}`);
  await stack.sql(`DELETE FROM promkeep_samples ${where.replace('%s', '6')}`);
  await stack.sql(
    `WITH r AS (INSERT INTO promkeep_series (query_id, fingerprint, metric_name, origin, labels)
       SELECT query_id, sha256('x'), 'load', 'named', '{"a":"b"}' FROM promkeep_queries WHERE name = 'load' RETURNING series_id)
     INSERT INTO promkeep_samples SELECT r.series_id, (SELECT min(time) + interval '2 s' FROM promkeep_samples), 5, 1 FROM r`
  );
  const found = await run('verify', '--json');
  expect(found.code).toBe(1);
  const report = JSON.parse(found.output).queries.find(({ query }: { query: string }) => query === 'load');
  expect(report).toMatchObject({ differs: 1, missing: 1, extra: 1, repaired: false });
  expect((await run('verify', '--query', 'load')).output).toMatch(/load differs at .*: archive \S+, source \S+/);
  const outside = await run('verify', '--from', seconds(Date.now() - 10_000));
  expect(outside.code).toBe(0);
  expect((await run('verify', '--repair')).code).toBe(0);
  expect((await run('verify')).code).toBe(0);
  await until('exact', async () => stack.expectExact().then(() => true));
});
