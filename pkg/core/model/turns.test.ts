import { Turns } from './turns';

describe('turns', () => {
  it('are given one at a time and in order, so that other work has its own in between', async () => {
    const deferred: Array<() => void> = [];
    const turns = new Turns((run) => deferred.push(run));
    const log: string[] = [];
    const work = async (name: string): Promise<void> => {
      for (let i = 0; i < 2; i++) {
        await turns.next();
        log.push(name);
      }
    };
    const all = Promise.all([work('a'), work('b')]);
    for (let round = 0; round < 4; round++) {
      expect(deferred).toHaveLength(1);
      deferred.shift()?.();
      await new Promise((resolve) => setTimeout(resolve, 0));
      log.push('|');
    }
    await all;
    expect(log.join('')).toBe('a|b|a|b|');
    expect(deferred).toEqual([]);
  });

  it('cost nothing when nobody waits', async () => {
    let deferred = 0;
    const turns = new Turns((run) => {
      deferred++;
      run();
    });
    await turns.next();
    await turns.next();
    expect(deferred).toBe(2);
  });
});
