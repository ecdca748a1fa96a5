import fc from 'fast-check';
import { bitTexts, SEED } from '../../../tests/fakes/remoteValues';
import { type RawSeries } from '../../core/model/rawSeries';
import { type Samples } from '../../core/model/series';
import { chunksOfHistograms, chunksOfSamples } from '../chunks/seriesChunks';
import { CodecError } from '../codecError';
import { decompress } from '../snappy';
import { decodeReadResponse } from './readResponse';
import { SampledResponse } from './sampledResponse';
import { type TimeSeries } from './timeSeries';

const MAX_BYTES = 100_000_000;

function pack(results: readonly TimeSeries[][]): Uint8Array {
  const response = new SampledResponse();
  for (const series of results) {
    const end = response.beginResult();
    for (const { labels, chunks } of series.map(chunked)) {
      Array.from(response.add(labels, chunks));
    }
    end();
  }
  return new Uint8Array(Buffer.concat(response.end()));
}

function chunked({ labels, samples, histograms }: TimeSeries): RawSeries {
  return { labels, chunks: [...chunksOfSamples(samples), ...chunksOfHistograms(histograms)] };
}

/** As scrapes of one target are: the same times, values that often stay; some series begin later or leave times out. */
const scrapes = fc
  .record({
    startMs: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
    steps: fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant(15_000) }, fc.nat({ max: 2 ** 31 })), {
      maxLength: 90,
    }),
    rows: fc.array(
      fc.record({
        from: fc.nat({ max: 9 }),
        every: fc.integer({ min: 1, max: 3 }),
        values: fc.array(fc.oneof(fc.constantFrom(0, 1, -0, NaN, 256), fc.double()), { minLength: 1, maxLength: 5 }),
      }),
      { maxLength: 6 }
    ),
  })
  .map(({ startMs, steps, rows }): TimeSeries[] => {
    let timeMs = startMs;
    const timesMs = steps.map((step) => (timeMs += step));
    return rows.map(({ from, every, values }, row) => {
      const own = timesMs.filter((_, i) => i >= from && i % every === 0);
      const samples = {
        timesMs: Float64Array.from(own),
        values: Float64Array.from(own, (_, i) => values[(i >> 2) % values.length]),
      };
      return { labels: [{ name: 'row', value: String(row) }], samples, histograms: [] };
    });
  });

it('says bit for bit what was put in, whatever it copies from', () => {
  const results = fc.array(scrapes, { maxLength: 3 });
  fc.assert(
    fc.property(results, (all) => {
      expect(bitTexts(decodeReadResponse(decompress(pack(all), MAX_BYTES)))).toEqual(bitTexts(all));
    }),
    { ...SEED, numRuns: 300 }
  );
});

it('packs long series of one target, also over the end of a block', () => {
  const random = fc.sample(fc.double({ noNaN: true }), { numRuns: 3_000, ...SEED });
  const timesMs = Float64Array.from({ length: 3_000 }, (_, i) => 1_790_000_000_000 + i * 15_000);
  const of = (values: Float64Array): Samples => ({ timesMs, values });
  const all = [random, random.map((_, i) => i), random.map(() => 0), random.map(() => 0), random.map((one) => -one)];
  const series = all.map((values, i) => ({
    labels: [{ name: 'i', value: String(i) }],
    samples: of(Float64Array.from(values)),
    histograms: [],
  }));
  const body = pack([series]);
  // 18 bytes a sample in the message
  expect(body.length / (5 * 3_000)).toBeLessThan(10);
  expect(bitTexts(decodeReadResponse(decompress(body, MAX_BYTES)))).toEqual(bitTexts([series]));
});

it('refuses a chunk that holds other times than it says', () => {
  const [chunk] = chunksOfSamples({ timesMs: Float64Array.of(1, 2), values: new Float64Array(2) });
  const lies = { ...chunk, minTimeMs: 1_700_000_000_000, maxTimeMs: 1_700_000_000_000 };
  expect(() => [...new SampledResponse().add([], [lies])]).toThrow(CodecError);
});
