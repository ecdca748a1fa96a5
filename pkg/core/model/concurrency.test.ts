import { mapConcurrently, withinSignal } from './concurrency';

describe('mapConcurrently', () => {
  // [Q1.2]
  it('keeps the order and never runs more than the limit', async () => {
    let running = 0;
    let most = 0;
    const results = await mapConcurrently([5, 4, 3, 2, 1], 2, async (n) => {
      most = Math.max(most, ++running);
      for (let i = 0; i < n; i++) {
        await Promise.resolve();
      }
      running--;
      return n * 10;
    });
    expect(results).toEqual([50, 40, 30, 20, 10]);
    expect(most).toBe(2);
  });

  it('takes nothing, and runs one at a time for a limit that makes no sense', async () => {
    expect(await mapConcurrently([], 3, async () => 1)).toEqual([]);
    expect(await mapConcurrently([1, 2], 0, async (n) => n)).toEqual([1, 2]);
  });
});

describe('withinSignal', () => {
  const never = new Promise<number>(() => undefined);

  it('gives the result or the failure of the work', async () => {
    const { signal } = new AbortController();
    await expect(withinSignal(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(withinSignal(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  it('stops waiting when the signal says so, before or meanwhile', async () => {
    await expect(withinSignal(never, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    const controller = new AbortController();
    const waiting = withinSignal(never, controller.signal);
    controller.abort(new Error('later'));
    await expect(waiting).rejects.toThrow('later');
  });
});
