import { LOOK_MS, ReaderProgress, STALL_MS } from './readerProgress';

/** When the reader counts as stalled, looked at as often as it is; `undefined`: not within ten minutes. */
function stalledAfterMs(read: (nowMs: number) => [waiting: boolean, takenBytes: number]): number | undefined {
  const progress = new ReaderProgress();
  for (let nowMs = 0; nowMs <= 600_000; nowMs += LOOK_MS) {
    if (progress.hasStalled(...read(nowMs), nowMs)) {
      return nowMs;
    }
  }
  return undefined;
}

test('who takes nothing has stalled after the limit, and who takes a byte now and then as well', () => {
  expect(stalledAfterMs(() => [true, 0])).toBe(STALL_MS);
  expect(stalledAfterMs((nowMs) => [true, nowMs / 1000])).toBe(STALL_MS);
});

test('who takes the rest slowly, or has nothing to take, has not', () => {
  expect(stalledAfterMs((nowMs) => [true, (nowMs / STALL_MS) * 128 * 1024])).toBeUndefined();
  expect(stalledAfterMs(() => [false, 0])).toBeUndefined();
  expect(stalledAfterMs((nowMs) => [nowMs % 20_000 !== 0, 0])).toBeUndefined();
});
