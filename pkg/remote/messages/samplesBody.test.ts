import fc from 'fast-check';
import { anyHistograms, anyLabels, anySamples, bitTexts, SEED } from '../../../tests/fakes/remoteValues';
import { type RawSeries } from '../../core/model/rawSeries';
import { type Samples } from '../../core/model/series';
import { chunksOfHistograms, chunksOfSamples } from '../chunks/seriesChunks';
import { CodecError } from '../codecError';
import { bitsOf } from '../sampleColumns';
import { decompress } from '../snappy';
import { decodeReadResponse } from './readResponse';
import { SamplesBody } from './samplesBody';
import { type TimeSeries } from './timeSeries';

const ALL = { fromMs: -(2 ** 53), toMs: 2 ** 53 };
const MAX_BYTES = 100_000_000;

function read(body: SamplesBody): TimeSeries[][] {
  return decodeReadResponse(decompress(new Uint8Array(Buffer.concat(body.finish())), MAX_BYTES));
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

const anySeries = fc.record({ labels: anyLabels, samples: anySamples(), histograms: anyHistograms });

it('says bit for bit what was put in', () => {
  const queries = fc.array(fc.oneof(scrapes, fc.array(anySeries, { maxLength: 3 })), { maxLength: 3 });
  fc.assert(
    fc.property(queries, (all) => {
      const body = new SamplesBody();
      for (const query of all) {
        for (const series of query) {
          expect(body.addSeries(chunked(series), ALL)).toBe(series.samples.timesMs.length + series.histograms.length);
        }
        body.endQuery();
      }
      const withoutResets = (series: TimeSeries[][]): unknown =>
        bitTexts(series.map((one) => one.map((each) => ({ ...each, histograms: each.histograms.map(withoutReset) }))));
      expect(withoutResets(read(body))).toEqual(withoutResets(all));
    }),
    { ...SEED, numRuns: 300 }
  );
});

/** Chunks do not keep each hint on its own. */
const withoutReset = (histogram: TimeSeries['histograms'][number]): unknown => ({ ...histogram, reset: null });

it('leaves out what lies outside of the range', () => {
  fc.assert(
    fc.property(anySeries, fc.nat({ max: 200 }), fc.nat({ max: 200 }), (series, from, to) => {
      const times = [...series.samples.timesMs];
      const range = { fromMs: times[from % (times.length || 1)] ?? 0, toMs: times[to % (times.length || 1)] ?? 0 };
      const within = (timeMs: number): boolean => timeMs >= range.fromMs && timeMs <= range.toMs;
      const body = new SamplesBody();
      body.addSeries(chunked(series), range);
      body.endQuery();
      const [[back]] = read(body);
      expect([...back.samples.timesMs]).toEqual(times.filter(within));
      expect(back.histograms.map(({ timeMs }) => timeMs)).toEqual(
        series.histograms.map(({ timeMs }) => timeMs).filter(within)
      );
    }),
    { ...SEED, numRuns: 200 }
  );
});

it('packs long series of one target, also over the end of a block', () => {
  const random = fc.sample(fc.double({ noNaN: true }), { numRuns: 3_000, ...SEED });
  const timesMs = Float64Array.from({ length: 3_000 }, (_, i) => 1_790_000_000_000 + i * 15_000);
  const of = (values: Float64Array): Samples => ({ timesMs, values });
  const all = [random, random.map((_, i) => i), random.map(() => 0), random.map(() => 0), random.map((one) => -one)];
  const body = new SamplesBody();
  all.forEach((values, i) => {
    const labels = [{ name: 'i', value: String(i) }];
    body.addSeries(chunked({ labels, samples: of(Float64Array.from(values)), histograms: [] }), ALL);
  });
  body.endQuery();
  const bytes = body.finish().reduce((sum, { length }) => sum + length, 0);
  // 18 bytes a sample in the message
  expect(bytes / (5 * 3_000)).toBeLessThan(10);
  expect(read(body)[0].map(({ samples }) => [...bitsOf(samples.values)])).toEqual(
    all.map((values) => [...bitsOf(Float64Array.from(values))])
  );
});

it('refuses a chunk that holds other times than it says', () => {
  const [chunk] = chunksOfSamples({ timesMs: Float64Array.of(1, 2), values: new Float64Array(2) });
  const lies = { ...chunk, minTimeMs: 1_700_000_000_000, maxTimeMs: 1_700_000_000_000 };
  expect(() => new SamplesBody().addSeries({ labels: [], chunks: [lies] }, ALL)).toThrow(CodecError);
});
