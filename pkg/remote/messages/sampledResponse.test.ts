import fc from 'fast-check';
import { anyHistograms, anyLabels, anySamples, bitTexts, SEED } from '../../../tests/fakes/remoteValues';
import { chunksOfHistograms, chunksOfSamples } from '../chunks/seriesChunks';
import { decompress } from '../snappy';
import { decodeReadResponse, encodeReadResponse } from './readResponse';
import { SampledResponse } from './sampledResponse';
import { type TimeSeries } from './timeSeries';

const anySeries: fc.Arbitrary<TimeSeries> = fc.record({
  labels: anyLabels,
  samples: anySamples(400),
  histograms: anyHistograms,
});

/** As the answer is expected: a histogram of whose forerunner nothing is known says nothing of a reset. */
function expected({ labels, samples, histograms }: TimeSeries): TimeSeries {
  return { labels, samples, histograms: histograms.map((one) => ({ ...one, reset: 'unknown' as const })) };
}

const withoutResets = (results: TimeSeries[][]): TimeSeries[][] => results.map((series) => series.map(expected));

function pack(results: readonly TimeSeries[][]): { body: Uint8Array; packed: SampledResponse } {
  const packed = new SampledResponse();
  for (const series of results) {
    const end = packed.beginResult();
    for (const { labels, samples, histograms } of series) {
      Array.from(packed.add(labels, [...chunksOfSamples(samples), ...chunksOfHistograms(histograms)]));
    }
    end();
  }
  return { body: Buffer.concat(packed.end()), packed };
}

it('is, made series by series, the same message as made at once', () => {
  fc.assert(
    fc.property(fc.array(fc.array(anySeries, { maxLength: 4 }), { maxLength: 3 }), (results) => {
      const { body, packed } = pack(results);
      const message = decompress(body, 1 << 30);
      expect(bitTexts(withoutResets(decodeReadResponse(message)))).toEqual(bitTexts(withoutResets(results)));
      const floats = results.map((series) => series.map((one) => ({ ...one, histograms: [] })));
      expect(decompress(pack(floats).body, 1 << 30)).toEqual(encodeReadResponse(floats));
      const counts = results.flat().map(({ samples, histograms }) => samples.timesMs.length + histograms.length);
      expect(packed.samples).toBe(counts.reduce((sum, count) => sum + count, 0));
    }),
    { ...SEED, numRuns: 40 }
  );
});

it('holds long series in pieces, and no more of them than their packed bytes', () => {
  const timesMs = Float64Array.from({ length: 100_000 }, (_, i) => 1_700_000_000_000 + 15_000 * i);
  const long: TimeSeries = { labels: [], samples: { timesMs, values: timesMs.map((t) => t % 7) }, histograms: [] };
  const { body, packed } = pack([[long, long], [], [long]]);
  expect(packed.bytes).toBeLessThan(body.length);
  expect(bitTexts(decodeReadResponse(decompress(body, 1 << 30)))).toEqual(bitTexts([[long, long], [], [long]]));
});

it('says nothing of a reset before the first histogram of a chunk, as Prometheus, and what is known of the others', () => {
  const [first] = fc.sample(
    anyHistograms.filter((all) => all.length > 0),
    { seed: 1, numRuns: 1 }
  )[0];
  const chunks = chunksOfHistograms([1, 2, 3].map((i) => ({ ...first, timeMs: i, reset: 'unknown' as const })));
  const packed = new SampledResponse();
  const end = packed.beginResult();
  Array.from(packed.add([], chunks));
  end();
  const [[{ histograms }]] = decodeReadResponse(decompress(Buffer.concat(packed.end()), 1 << 20));
  expect(histograms[0].reset).toBe('unknown');
});
