import { inTurns } from './inTurns';
import { Turns } from './turns';

const numbers = Array.from({ length: 100 }, (_, i) => i);

/** A clock that goes on by so much at every item. */
function pace(itemMs: number, onTurn: () => void = () => undefined) {
  let nowMs = 0;
  const turns = new Turns((run) => setImmediate(run));
  const next = jest.spyOn(turns, 'next').mockImplementation(async () => onTurn());
  const work = () => (i: number) => {
    nowMs += itemMs;
    return i % 2 === 0 ? [i] : [];
  };
  return { pace: { turns, nowMs: () => nowMs }, next, work };
}

it('gives what the work gives, in order, in pieces of some milliseconds', async () => {
  const { pace: slow, next, work } = pace(1);
  expect(await inTurns(numbers, work, new AbortController().signal, slow)).toEqual(numbers.filter((i) => i % 2 === 0));
  expect(next.mock.calls.length).toBeGreaterThan(10);
  expect(next.mock.calls.length).toBeLessThan(30);
});

it('lets others work in between', async () => {
  const log: string[] = [];
  const busy = () => (i: number) => {
    const untilMs = performance.now() + 6;
    while (performance.now() < untilMs) {}
    log.push('work');
    return [i];
  };
  const other = setInterval(() => log.push('other'), 1);
  await inTurns(numbers.slice(0, 10), busy, new AbortController().signal);
  clearInterval(other);
  expect(log.join(' ')).toContain('other work other work');
});

it('ends when the caller is gone', async () => {
  const caller = new AbortController();
  let turns = 0;
  const { pace: slow, work } = pace(10, () => {
    if (++turns === 3) {
      caller.abort();
    }
  });
  await expect(inTurns(numbers, work, caller.signal, slow)).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
  expect(turns).toBe(3);
});

it('ends after two seconds of work, and counts no waiting', async () => {
  const { pace: slow, work } = pace(25);
  await expect(inTurns(numbers, work, new AbortController().signal, slow)).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
  });
  const { pace: quick, work: less } = pace(15);
  await expect(inTurns(numbers, less, new AbortController().signal, quick)).resolves.toHaveLength(50);
});

it('begins with a turn of its own, also for the preparation', async () => {
  const log: string[] = [];
  const { pace: slow } = pace(0, () => log.push('turn'));
  await inTurns([1], () => (log.push('prepare'), () => []), new AbortController().signal, slow);
  expect(log).toEqual(['turn', 'prepare']);
});
