import { type RawHoldings } from '../../ports/rawSeries';
import { ownTimes } from './ownTimes';

const call = { signal: new AbortController().signal };
const from = (told: Partial<RawHoldings>, keepsRaw = true) =>
  ownTimes(
    { holdings: async () => ({ by: 'chunks', readsOthers: 'no', externalLabels: [], ...told }) },
    () => keepsRaw
  )(call);

it.each(['older', 'recent'] as const)(
  'begin where the storage of a source begins that reads others (%s)',
  async (readsOthers) => {
    expect(await from({ readsOthers, lowestMs: 5 })).toBe(5);
    expect(await from({ readsOthers })).toBe(-Infinity);
  }
);

it('have no beginning where a source reads from nobody, or the archive has nothing it could read', async () => {
  expect(await from({ readsOthers: 'no', lowestMs: 5 })).toBe(-Infinity);
  expect(await from({ readsOthers: 'older', lowestMs: 5 }, false)).toBe(-Infinity);
  const broken = ownTimes({ holdings: () => Promise.reject(new Error('not asked')) }, () => false);
  expect(await broken(call)).toBe(-Infinity);
});
