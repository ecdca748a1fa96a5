import { ArchiverStack, metric } from './archiverStack';
import { pause, runProgram, temporaryFile, until } from './promkeepProgram';

/**
 * `promkeep serve` on a machine whose clock is wrong or steps. The clock is changed in the process from outside, by a module
 * that Node loads before the program; SIGUSR2 steps it.
 */
jest.setTimeout(120_000);

const SKEW = `
const real = Date.now.bind(Date);
let aheadMs = Number(process.env.TEST_AHEAD_MS);
process.on('SIGUSR2', () => { aheadMs = -aheadMs; });
Date.now = () => real() + aheadMs;
`;

const stack = new ArchiverStack();
let skew: Awaited<ReturnType<typeof temporaryFile>>;

beforeAll(async () => {
  skew = await temporaryFile('skew.mjs', SKEW);
  await stack.start({ lease: '2s' });
});
afterAll(async () => {
  await stack.stop();
  await skew?.remove();
});

const ahead = (ms: number): Record<string, string> => ({
  NODE_OPTIONS: `--import=${skew.file}`,
  TEST_AHEAD_MS: String(ms),
});

it.each([120_000, -120_000])('records what is due on Prometheus, with an own clock %d ms ahead', async (aheadMs) => {
  const promkeep = await stack.archiver(undefined, ahead(aheadMs));
  await stack.recordedUntil(Date.now());
  expect(promkeep.process.output()).toContain("This machine's clock differs from Prometheus'");
  expect(await metric(promkeep, 'promkeep_source_clock_offset_seconds')).toBeCloseTo(aheadMs / 1000, 0);
  await pause(2_000);
  for (const [range] of await stack.coverage()) {
    expect(range.toMs).toBeLessThan(Date.now());
  }
  await promkeep.process.stop();
  await stack.expectExact();
});

it('goes on evenly when its clock steps back and forth', async () => {
  const promkeep = await stack.archiver(undefined, ahead(60_000));
  await stack.recordedUntil(Date.now());
  for (let step = 0; step < 4; step++) {
    process.kill(promkeep.process.pid, 'SIGUSR2');
    await pause(500);
    await stack.recordedUntil(Date.now(), 15_000);
  }
  await promkeep.process.stop();
  await stack.expectExact();
});

it("backfills nothing of Prometheus' future", async () => {
  const args = ['backfill', '--from', String(Date.now() / 1000 - 20), '--to', String(Date.now() / 1000 + 100)];
  const result = await runProgram([...args, '--config', stack.configFile], {
    ...stack.environment(),
    ...ahead(200_000),
  });
  expect([result.code, result.output]).toEqual([0, expect.stringContaining('load: ')]);
  const [[range]] = await stack.coverage();
  expect(range.toMs).toBeLessThan(Date.now());
  await until('exact', async () => stack.expectExact().then(() => true));
});
