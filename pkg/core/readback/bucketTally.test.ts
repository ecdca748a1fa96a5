import { BucketTally } from './bucketTally';
import { type Series } from '../model/series';

const seriesOf = (entries: Array<[number, number]>, labels: Series['labels'] = { a: 'b' }): Series => ({
  labels,
  timesMs: Float64Array.from(entries, ([timeMs]) => timeMs),
  values: Float64Array.from(entries, ([, value]) => value),
});
const all = (): boolean => true;

describe('BucketTally', () => {
  it('puts a sample on the border into the bucket that ends there, over several calls', () => {
    const tally = new BucketTally(60_000);
    tally.add([
      seriesOf([
        [0, 1],
        [1, 2],
        [60_000, 4],
      ]),
    ]);
    tally.add([
      seriesOf([
        [60_001, 8],
        [120_000, 16],
      ]),
    ]);
    const [sums] = tally.series('sum', all);
    expect([...sums.timesMs]).toEqual([0, 60_000, 120_000]);
    expect([...sums.values]).toEqual([1, 6, 24]);
    expect([...tally.series('last', all)[0].values]).toEqual([1, 4, 16]);
    expect([...tally.series('avg', all)[0].values]).toEqual([1, 3, 12]);
  });

  it('orders NaN above all numbers and sums what is huge as infinite, as PostgreSQL does', () => {
    const tally = new BucketTally(10);
    tally.add([
      seriesOf([
        [1, NaN],
        [2, 3],
        [3, -1],
        [4, NaN],
        [11, 1e301],
        [12, 1],
      ]),
    ]);
    expect([...tally.series('min', all)[0].values]).toEqual([-1, 1]);
    expect([...tally.series('max', all)[0].values]).toEqual([NaN, 1e301]);
    expect([...tally.series('sum', all)[0].values]).toEqual([NaN, Infinity]);
    expect([...tally.series('count', all)[0].values]).toEqual([4, 2]);
  });

  it('keeps series apart and leaves out those without a wanted bucket', () => {
    const tally = new BucketTally(10);
    tally.add([seriesOf([[1, 1]]), { ...seriesOf([[11, 2]]), labels: undefined }, seriesOf([[12, 3]], {})]);
    expect(tally.series('max', (endMs) => endMs === 20).map(({ labels }) => labels)).toEqual([undefined, {}]);
  });
});
