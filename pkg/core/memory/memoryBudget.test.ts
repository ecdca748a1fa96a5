import { MemoryBudget, SMALL_BYTES, TINY_BYTES, WAIT_MS } from './memoryBudget';
import { type MemoryPart } from './memoryPart';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

function makeBudget(limitMib: number): { budget: MemoryBudget; endPatience(): void } {
  const timers: AbortController[] = [];
  const budget = new MemoryBudget(limitMib * MIB, (ms) => {
    expect(ms).toBe(WAIT_MS);
    const timer = new AbortController();
    timers.push(timer);
    return timer.signal;
  });
  return { budget, endPatience: () => timers.forEach((timer) => timer.abort()) };
}

/** How a wait went so far. */
function follow(wait: Promise<void> | undefined): { outcome(): Promise<string> } {
  let outcome = 'waiting';
  const settled = Promise.resolve(wait).then(
    () => (outcome = 'taken'),
    (error: Error & { code: string; status: number }) => (outcome = `${error.code} ${error.status}`)
  );
  return {
    async outcome() {
      await Promise.race([settled, new Promise(setImmediate)]);
      return outcome;
    },
  };
}

describe('MemoryBudget', () => {
  it('answers tiny requests however full it is, and small ones beside large ones', () => {
    const { budget } = makeBudget(100);
    expect(
      budget
        .open()
        .part()
        .growTo(75 * MIB, never)
    ).toBeUndefined();
    expect(
      budget
        .open()
        .part()
        .tryGrowTo(9 * MIB)
    ).toBe(false);
    for (let i = 0; i < 6; i++) {
      expect(budget.open().part().tryGrowTo(SMALL_BYTES)).toBe(true);
    }
    expect(budget.open().part().tryGrowTo(SMALL_BYTES)).toBe(false);
    for (let i = 0; i < 50; i++) {
      expect(budget.open().part().growTo(TINY_BYTES, never)).toBeUndefined();
    }
  });

  it('gives to the oldest request first what becomes free', async () => {
    const { budget } = makeBudget(100);
    const [first, older, younger] = [budget.open(), budget.open(), budget.open()];
    first.part().tryGrowTo(70 * MIB);
    const second = follow(younger.part().growTo(20 * MIB, never));
    const third = follow(older.part().growTo(60 * MIB, never));
    expect(
      budget
        .open()
        .part()
        .tryGrowTo(9 * MIB)
    ).toBe(false);
    first.release();
    expect([await third.outcome(), await second.outcome()]).toEqual(['taken', 'waiting']);
    older.release();
    expect(await second.outcome()).toBe('taken');
    expect(budget.use).toEqual({ heldBytes: 20 * MIB, shares: 2, waiting: 0 });
  });

  it('refuses the youngest when all that hold much wait, so that the oldest get on', async () => {
    const { budget } = makeBudget(1000);
    const requests = Array.from({ length: 7 }, () => {
      const share = budget.open();
      const part = share.part();
      part.tryGrowTo(100 * MIB);
      return { share, part };
    });
    const waits = requests.map(({ part }) => follow(giveUpWith(part, 160 * MIB)));
    const outcomes = await Promise.all(waits.map((wait) => wait.outcome()));
    // 60 MiB more fit for none of the seven, and for two once one has given up; the others wait for those two
    expect(outcomes).toEqual(['taken', 'taken', ...Array.from({ length: 4 }, () => 'waiting'), 'LIMIT_EXCEEDED 429']);
    requests[0].share.release();
    requests[1].share.release();
    expect(await Promise.all(waits.slice(2, 6).map((wait) => wait.outcome()))).toEqual(
      Array.from({ length: 4 }, () => 'taken')
    );
  });

  it('lets few answers grow large at the same time, so that those can become whole', async () => {
    const { budget } = makeBudget(100);
    const [first, second, third] = Array.from({ length: 3 }, () => budget.open().part());
    first.tryGrowTo(SMALL_BYTES + MIB);
    const wait = follow(second.growTo(SMALL_BYTES + MIB, never));
    expect(third.tryGrowTo(SMALL_BYTES)).toBe(true);
    // the one that grows passes those that wait to begin
    expect(first.tryGrowTo(40 * MIB)).toBe(true);
    expect(await wait.outcome()).toBe('waiting');
    first.settle();
    expect(await wait.outcome()).toBe('taken');
  });

  it('refuses at once, and not as a passing matter, what would not fit if it were alone', async () => {
    const { budget } = makeBudget(100);
    expect(
      await follow(
        budget
          .open()
          .part()
          .growTo(76 * MIB, never)
      ).outcome()
    ).toBe('LIMIT_EXCEEDED 413');
    expect(budget.use.heldBytes).toBe(0);
  });

  it('waits no longer than its patience and its caller', async () => {
    const { budget, endPatience } = makeBudget(100);
    budget
      .open()
      .part()
      .tryGrowTo(70 * MIB);
    const caller = new AbortController();
    const gone = follow(
      budget
        .open()
        .part()
        .growTo(20 * MIB, caller.signal)
    );
    const late = follow(
      budget
        .open()
        .part()
        .growTo(20 * MIB, never)
    );
    caller.abort();
    expect(await gone.outcome()).toBe('QUERY_CANCELLED 499');
    expect(await late.outcome()).toBe('waiting');
    endPatience();
    expect(await late.outcome()).toBe('LIMIT_EXCEEDED 429');
    expect(budget.use.waiting).toBe(0);
  });

  it('counts what is given back once, in whatever order parts and shares end', async () => {
    const { budget } = makeBudget(100);
    const share = budget.open();
    const [one, two, late] = [share.part(), share.part(), share.part()];
    one.tryGrowTo(30 * MIB);
    two.tryGrowTo(40 * MIB);
    one.drop();
    one.drop();
    expect(budget.use.heldBytes).toBe(40 * MIB);
    const waiting = follow(late.growTo(60 * MIB, never));
    share.release();
    two.drop();
    share.release();
    expect(await waiting.outcome()).toBe('LIMIT_EXCEEDED 413');
    expect(() => late.growTo(MIB, never)).toThrow('cancelled');
    expect(budget.use).toEqual({ heldBytes: 0, shares: 0, waiting: 0 });
  });

  it('leaves to recording what large answers may not use', () => {
    const { budget } = makeBudget(100);
    budget
      .open()
      .part()
      .tryGrowTo(75 * MIB);
    expect(
      budget
        .open(true)
        .part()
        .tryGrowTo(20 * MIB)
    ).toBe(true);
  });
});

async function giveUpWith(part: MemoryPart, bytes: number): Promise<void> {
  try {
    await part.growTo(bytes, never);
  } catch (error) {
    part.drop();
    throw error;
  }
}
