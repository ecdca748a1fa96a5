import fc from 'fast-check';
import { anyHistograms, anySamples, SEED } from '../../../tests/fakes/remoteValues';
import { type NativeHistogram } from '../nativeHistogram';
import { bitsOf } from '../sampleColumns';
import { comparableSamples } from './comparableSamples';
import { inOrder } from './decodedChunks';
import { chunksOfSamples, chunksOfSeries } from './seriesChunks';

const EVER = { fromMs: -Infinity, toMs: Infinity };

const histogram = (timeMs: number, more: Partial<NativeHistogram> = {}): NativeHistogram => ({
  ...{ kind: 'integer', timeMs, reset: 'unknown', schema: 2, zeroThreshold: 0.001, totals: Float64Array.of(4, 1, 2.5) },
  positive: {
    spans: [
      { offset: -3, length: 2 },
      { offset: 5, length: 1 },
    ],
    values: Float64Array.of(1, 1, -1),
  },
  ...{ negative: { spans: [], values: new Float64Array(0) }, customBounds: new Float64Array(0) },
  ...more,
});

it('gives floats with their bits, within a range', () => {
  fc.assert(
    fc.property(anySamples(300), (samples) => {
      const all = comparableSamples(chunksOfSamples(samples), EVER);
      expect([...all.timesMs]).toEqual([...samples.timesMs]);
      expect([...bitsOf(all.values)]).toEqual([...bitsOf(samples.values)]);
      const [fromMs, toMs] = [samples.timesMs[5] ?? 0, samples.timesMs[200] ?? 0];
      const within = samples.timesMs.filter((timeMs) => timeMs >= fromMs && timeMs <= toMs);
      expect([...comparableSamples(chunksOfSamples(samples), { fromMs, toMs }).timesMs]).toEqual([...within]);
    }),
    SEED
  );
});

it('says of a histogram what it holds, not how its chunk holds it', () => {
  const spread = histogram(1_000, {
    reset: 'no',
    positive: { spans: [{ offset: -4, length: 9 }], values: Float64Array.of(0, 1, 1, -2, 0, 0, 0, 0, 1) },
  });
  const textOf = (one: NativeHistogram): string | undefined =>
    comparableSamples(
      chunksOfSeries({ timesMs: new Float64Array(0), values: new Float64Array(0) }, [one]),
      EVER
    ).histograms.get(0);
  expect(textOf(spread)).toBe(textOf(histogram(1_000)));
  const others = [
    histogram(1_000, { reset: 'gauge' }),
    histogram(1_000, { schema: 3 }),
    histogram(1_000, { totals: Float64Array.of(4, 1, 2.25) }),
    histogram(1_000, { kind: 'float' }),
    histogram(1_000, { negative: { spans: [{ offset: 0, length: 1 }], values: Float64Array.of(1) } }),
  ];
  expect(new Set([spread, ...others].map(textOf)).size).toBe(6);
});

it('puts floats and histograms into one order, also in chunks', () => {
  const floats = { timesMs: Float64Array.of(10, 30, 60), values: Float64Array.of(1, 2, 3) };
  const chunks = chunksOfSeries(floats, [histogram(20), histogram(40), histogram(50)]);
  expect(chunks.map(({ encoding, minTimeMs, maxTimeMs }) => [encoding, minTimeMs, maxTimeMs])).toEqual([
    ['xor', 10, 10],
    ['histogram', 20, 20],
    ['xor', 30, 30],
    ['histogram', 40, 40],
    ['histogram', 50, 50],
    ['xor', 60, 60],
  ]);
  const all = comparableSamples(chunks, EVER);
  expect([...all.timesMs]).toEqual([10, 20, 30, 40, 50, 60]);
  expect([...all.histograms.keys()]).toEqual([1, 3, 4]);
});

it('leaves chunks in order alone, and puts overlapping ones into one', () => {
  fc.assert(
    fc.property(anySamples(100), anyHistograms, (samples, histograms) => {
      const chunks = [...chunksOfSamples(samples)];
      expect(inOrder(chunks)).toBe(chunks);
      const [first, second] = [chunksOfSamples(samples), chunksOfSeries(samples, histograms)];
      const joined = inOrder([...second, ...first]);
      expect(joined.every(({ minTimeMs }, i) => i === 0 || minTimeMs > joined[i - 1].maxTimeMs)).toBe(true);
    }),
    SEED
  );
  const chunk = (...timesMs: number[]) =>
    chunksOfSamples({ timesMs: Float64Array.from(timesMs), values: Float64Array.from(timesMs) });
  const joined = inOrder([...chunk(10, 30, 50), ...chunk(20, 30, 40), ...chunk(60)]);
  expect([...comparableSamples(joined, EVER).timesMs]).toEqual([10, 20, 30, 40, 50, 60]);
});
