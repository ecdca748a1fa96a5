import { PromkeepError } from '../model/errors';
import { SourceClock } from './sourceClock';

const START_MS = Date.UTC(2026, 0, 1);
const live = (): AbortSignal => new AbortController().signal;

/** Three clocks in the test's hand; the source and the monotonic one pass together. */
function setUp(ownAheadMs = 0) {
  const world = { passedMs: 0, ownAheadMs, sourceAheadMs: 0, asked: 0, down: false };
  const offsets: number[] = [];
  const source = {
    async serverTimeMs() {
      world.asked++;
      if (world.down) {
        throw new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
      }
      return START_MS + world.passedMs + world.sourceAheadMs;
    },
  };
  const own = { nowMs: () => START_MS + world.passedMs + world.ownAheadMs };
  const clock = new SourceClock(source, own, { nowMs: () => world.passedMs }, (ms) => offsets.push(ms));
  return { world, offsets, clock };
}

it.each([3_600_000, -3_600_000])('goes by the source when the own clock is %d ms off', async (aheadMs) => {
  const { clock, world, offsets } = setUp(aheadMs);
  await clock.refresh(live());
  world.passedMs = 30_000;
  expect(clock.nowMs()).toBe(START_MS + 30_000);
  expect(offsets).toEqual([aheadMs]);
});

it('does not follow the own clock when it steps', async () => {
  const { clock, world } = setUp();
  await clock.refresh(live());
  world.ownAheadMs = 86_400_000;
  expect(clock.nowMs()).toBe(START_MS);
  world.ownAheadMs = -86_400_000;
  world.passedMs = 1_000;
  expect(clock.nowMs()).toBe(START_MS + 1_000);
});

it('measures again after a minute, once for all who ask, and follows a step of the source', async () => {
  const { clock, world } = setUp();
  await Promise.all([clock.refresh(live()), clock.refresh(live())]);
  world.passedMs = 59_000;
  await clock.refresh(live());
  expect(world.asked).toBe(1);
  world.passedMs = 61_000;
  world.sourceAheadMs = -7_200_000;
  await clock.refresh(live());
  expect(world.asked).toBe(2);
  expect(clock.nowMs()).toBe(START_MS + 61_000 - 7_200_000);
});

it('fails without any measurement, and carries an old one on while the source is away', async () => {
  const { clock, world } = setUp();
  world.down = true;
  await expect(clock.refresh(live())).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  world.down = false;
  await clock.refresh(live());
  world.down = true;
  world.passedMs = 600_000;
  await clock.refresh(live());
  expect(clock.nowMs()).toBe(START_MS + 600_000);
});
