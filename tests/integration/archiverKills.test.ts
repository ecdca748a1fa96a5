import { ArchiverStack } from './archiverStack';
import { pause } from './promkeepProgram';

/**
 * kill -9 of the archiver at random moments, from a fixed seed: while it migrates, takes the lease, catches up, fetches, writes.
 * `npm run test:soak` runs hundreds of cycles.
 */
const KILLS = Number(process.env.PROMKEEP_SOAK_KILLS ?? 20);
const SEED = Number(process.env.PROMKEEP_SOAK_SEED ?? 1);
/** Cycles between two comparisons with Prometheus. */
const CHECK_EVERY = 10;
/** After it listens; it then waits for its predecessor's lease of 1 s, catches up and records once a second. */
const LATEST_KILL_MS = 2_500;

jest.setTimeout(120_000 + KILLS * 10_000);

const stack = new ArchiverStack();

beforeAll(() => stack.start({ lease: '1s' }));
afterAll(() => stack.stop());

it(`has every sample once after ${KILLS} kills at random moments`, async () => {
  const random = createRandom(SEED);
  for (let kill = 1; kill <= KILLS; kill++) {
    const archiver = await stack.archiver();
    await pause(random() * LATEST_KILL_MS);
    await archiver.process.stop('SIGKILL');
    if (kill % CHECK_EVERY === 0) {
      const whole = await stack.archiver();
      await stack.recordedUntil(Date.now());
      await (random() < 0.5 ? whole.process.stop() : whole.process.stop('SIGKILL'));
      await stack.expectExact();
    }
  }
  const [{ epoch }] = await stack.sql('SELECT epoch::int FROM promkeep_leases');
  const [{ samples }] = await stack.sql('SELECT count(*)::int AS samples FROM metrics_data');
  process.stderr.write(
    `kills ${KILLS}, seed ${SEED}: ${String(epoch)} leaders, ${String(samples)} samples, all exact\n`
  );
  // So many of the killed ones had begun to record.
  expect(epoch).toBeGreaterThan(KILLS / 4);
});

/** Mulberry32: a small generator that gives the same numbers everywhere. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
