import { MemoryBudget } from '../../core/memory/memoryBudget';
import { type Charge, readCharged } from './chargedRead';

const MIB = 1024 * 1024;
const never = new AbortController().signal;
/** About 50 MiB. */
const SIZE = { series: 1_000, samples: 700_000 };

function makeBudget(): MemoryBudget {
  return new MemoryBudget(100 * MIB, () => new AbortController().signal);
}

/** A transaction: how often one is open, and how often one was begun. */
function makeRead(): { state: { open: number; begun: number }; read(charge: Charge): Promise<string> } {
  const state = { open: 0, begun: 0 };
  return {
    state,
    async read(charge) {
      state.begun++;
      state.open++;
      try {
        await Promise.resolve();
        charge(SIZE);
        return 'read';
      } finally {
        state.open--;
      }
    },
  };
}

test('a read that has no room waits with no transaction open, and reads when there is', async () => {
  const budget = makeBudget();
  const other = budget.open();
  other.part().tryGrowTo(60 * MIB);
  const share = budget.open();
  const { state, read } = makeRead();
  const reading = readCharged(share, never, read);
  await new Promise(setImmediate);
  expect([state.open, state.begun, budget.use.waiting]).toEqual([0, 1, 1]);
  other.release();
  expect(await reading).toBe('read');
  expect(state.begun).toBe(2);
  expect(budget.use.heldBytes).toBeGreaterThan(40 * MIB);
  share.release();
  expect(budget.use.heldBytes).toBe(0);
});

test('a read that will never have room is refused, and a failed one holds nothing', async () => {
  const budget = makeBudget();
  const share = budget.open();
  const { read } = makeRead();
  const twice = async (charge: Charge): Promise<string> => {
    charge({ series: 1_000, samples: 2_000_000 });
    return read(charge);
  };
  await expect(readCharged(share, never, twice)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', status: 413 });
  const failing = async (charge: Charge): Promise<string> => {
    charge(SIZE);
    throw new Error('broken');
  };
  await expect(readCharged(share, never, failing)).rejects.toThrow('broken');
  expect(budget.use.heldBytes).toBe(0);
});

test('without a share nothing is counted', async () => {
  expect(await readCharged(undefined, never, makeRead().read)).toBe('read');
});
