import { retryDelayMs } from './backoff';
import { Slots, sleepUntilTimer } from './waiting';

it('serves those who wait for a slot in the order they came', async () => {
  const slots = new Slots(1);
  const order: number[] = [];
  let running = 0;
  await Promise.all(
    [1, 2, 3].map((n) =>
      slots.run(async () => {
        expect(++running).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(n);
        running--;
      })
    )
  );
  expect(order).toEqual([1, 2, 3]);
});

it('frees the slot of a failed piece of work', async () => {
  const slots = new Slots(1);
  await expect(slots.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
  await expect(slots.run(async () => 'done')).resolves.toBe('done');
});

it('wakes early when it is told to stop', async () => {
  const abort = new AbortController();
  const sleeping = sleepUntilTimer(60_000, abort.signal);
  abort.abort();
  await sleeping;
  await sleepUntilTimer(60_000, abort.signal);
});

it('waits 1 s, 2 s, 4 s … and never more than a minute', () => {
  expect([1, 2, 3, 7, 100].map((failures) => retryDelayMs(failures, 0))).toEqual([1000, 2000, 4000, 60_000, 60_000]);
  expect(retryDelayMs(1, 0.999)).toBeGreaterThan(799);
});

it('lets those leave who do not want to wait any more, and serves the next', async () => {
  const slots = new Slots(1);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const first = slots.run(() => promise);
  const [abort, served] = [new AbortController(), jest.fn(async () => undefined)];
  const left = slots.run(served, abort.signal);
  const next = slots.run(async () => 'next', new AbortController().signal);
  abort.abort(new Error('changed'));
  await expect(left).rejects.toThrow('changed');
  await expect(slots.run(served, abort.signal)).rejects.toThrow('changed');
  end();
  await first;
  expect([await next, await slots.run(async () => 'again'), served.mock.calls]).toEqual(['next', 'again', []]);
});
