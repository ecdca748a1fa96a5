import fc from 'fast-check';
import { type Client } from 'pg';
import { type Samples } from '../../pkg/core/model/series';
import { type Chunk } from '../../pkg/core/model/rawSeries';
import { bitsOf, isStale, SampleColumns } from '../../pkg/remote/sampleColumns';
import { chunksOfHistograms, chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { decodeXorChunk } from '../../pkg/remote/chunks/xorChunk';
import { decodeHistogramChunk } from '../../pkg/remote/chunks/histogramDecoder';
import { COUNT, isStaleHistogram, type NativeHistogram, SUM, ZERO_COUNT } from '../../pkg/remote/nativeHistogram';
import { anyHistograms, anySamples, SEED } from '../fakes/remoteValues';
import { SERVERS, TestServer } from './archiveServers';
import { chunkBytes } from './archiveRawRows';

/** The decoders in SQL give the bits that those in TypeScript do. */
jest.setTimeout(180_000);

describe.each(SERVERS)('chunks in plain SQL on $name', (server) => {
  const test = new TestServer(server);
  let client: Client;

  beforeAll(async () => {
    await test.start();
    const url = await test.freshDatabase();
    await test.archive(url).migrate();
    client = await test.client(url);
  });
  afterAll(() => test.stop());

  const decodeXor = async (
    chunks: Chunk[],
    low: number | null = null,
    high: number | null = null
  ): Promise<unknown> => {
    const { rows } = await client.query<{ at: string; bits: string }>(
      `SELECT offset_ms AS at, encode(float8send(sample_value), 'hex') AS bits FROM promkeep_decode_xor($1, $2, $3)`,
      [chunkBytes(chunks), low, high]
    );
    return rows.map(({ at, bits }) => `${at} ${bits}`);
  };

  it('makes every double of its bits', async () => {
    const words = fc.array(
      fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 53n }),
        fc
          .tuple(fc.integer({ min: 0, max: 4095 }), fc.constantFrom(0n, 1n, 2n ** 52n - 1n))
          .map(([upper, fraction]) => BigInt.asIntN(64, (BigInt(upper) << 52n) | fraction))
      ),
      { minLength: 500, maxLength: 500 }
    );
    await fc.assert(
      fc.asyncProperty(words, async (all) => {
        const { rows } = await client.query<{ bits: string }>(
          `SELECT encode(float8send(promkeep_float8(n.word)), 'hex') AS bits FROM unnest($1::bigint[]) AS n(word)`,
          [all]
        );
        expect(rows.map(({ bits }) => bits)).toEqual(all.map((word) => hex(word)));
      }),
      { ...SEED, numRuns: 20 }
    );
  });

  it('gives every float sample but stale markers, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(anySamples(300), async (samples) => {
        for (const chunk of chunksOfSamples(samples)) {
          expect(await decodeXor([shortened(chunk)])).toEqual(expected([chunk]));
        }
      }),
      { ...SEED, numRuns: 300 }
    );
  });

  it('gives runs of one value, broken anywhere, over the ends of chunks', async () => {
    const runs = fc.array(
      fc.record({
        value: fc.constantFrom(0, -0, 1, 2.5, Infinity, NaN, 1e-310),
        step: fc.constantFrom(1, 15_000, 15_001, 60_000),
        length: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 300 })),
      }),
      { minLength: 1, maxLength: 8 }
    );
    await fc.assert(
      fc.asyncProperty(runs, async (all) => {
        let timeMs = 1_767_225_600_000;
        const flat = all.flatMap(({ value, step, length }) => Array.from({ length }, () => [(timeMs += step), value]));
        const chunks = chunksOfSamples(columns(flat));
        expect(await decodeXor(chunks)).toEqual(expected(chunks));
      }),
      { ...SEED, numRuns: 200 }
    );
  });

  it('passes over the chunks outside of a range, and never over one that touches it', async () => {
    const flat = Array.from({ length: 600 }, (_, i) => [1_767_225_600_000 + i * 1_000, i % 7]);
    const chunks = chunksOfSamples(columns(flat));
    // Five chunks of two minutes; the third lies at 240 s to 359 s.
    for (const [low, high] of [
      [240_000, 359_000],
      [359_000, 359_000],
      [300_000, 300_500],
      [239_001, 359_999],
    ]) {
      expect(await decodeXor(chunks, low, high)).toEqual(expected(chunks).slice(240, 360));
    }
    expect(await decodeXor(chunks, 360_000, null)).toEqual(expected(chunks).slice(360));
    expect(await decodeXor(chunks, null, 0)).toEqual(expected(chunks).slice(0, 120));
    expect(await decodeXor(chunks, 599_001, null)).toEqual([]);
  });

  it('gives count, sum and buckets of native histograms, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistograms, async (histograms) => {
        for (const chunk of chunksOfHistograms(histograms)) {
          const { rows } = await client.query<{ at: string; totals: string; counts: string[] }>(
            `SELECT offset_ms AS at, encode(float8send(sample_count) || float8send(sample_sum), 'hex') AS totals,
               ARRAY(SELECT encode(float8send(n.count), 'hex') FROM unnest(bucket_counts) WITH ORDINALITY AS n(count, place)
                     ORDER BY n.place) AS counts
             FROM promkeep_decode_histograms($1, NULL, NULL, true)`,
            [chunkBytes([shortened(chunk)])]
          );
          expect(rows).toEqual(expectedHistograms([chunk]));
        }
      }),
      { ...SEED, numRuns: 300 }
    );
  });
});

/** A row is shorter than a day, which these chunks are not; the numbers before a chunk say nothing of the times in it. */
function shortened(chunk: Chunk): Chunk {
  return { ...chunk, maxTimeMs: Math.min(chunk.maxTimeMs, chunk.minTimeMs + 86_399_999) };
}

function columns(rows: number[][]): Samples {
  return {
    timesMs: Float64Array.from(rows, ([timeMs]) => timeMs),
    values: Float64Array.from(rows, ([, value]) => value),
  };
}

/** As hex; all NaN are one in SQL. */
function hex(word: bigint): string {
  const text = BigInt.asUintN(64, word).toString(16).padStart(16, '0');
  return /^[7f]ff/.test(text) && !/^.{3}0{13}$/.test(text) ? '7ff8000000000000' : text;
}

function hexOf(values: Float64Array, place: number): string {
  const bits = bitsOf(values);
  return hex((BigInt(bits[2 * place + 1]) << 32n) | BigInt(bits[2 * place]));
}

function expected(chunks: Chunk[]): string[] {
  const all = new SampleColumns();
  chunks.forEach(({ data }) => decodeXorChunk(data, all));
  const { timesMs, values } = all.samples();
  const bits = bitsOf(values);
  return Array.from(timesMs, (timeMs, i) =>
    isStale(bits[2 * i], bits[2 * i + 1]) ? [] : [`${timeMs - chunks[0].minTimeMs} ${hexOf(values, i)}`]
  ).flat();
}

function expectedHistograms(chunks: Chunk[]): unknown[] {
  return chunks.flatMap(({ encoding, data }) =>
    [...decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data)]
      .filter((one) => !isStaleHistogram(one))
      .map((one) => {
        const counts = [one.totals.subarray(ZERO_COUNT, SUM), absolute(one, 'positive'), absolute(one, 'negative')];
        return {
          at: String(one.timeMs - chunks[0].minTimeMs),
          totals: hexOf(one.totals, COUNT) + hexOf(one.totals, SUM),
          counts: counts.flatMap((some) => Array.from(some, (_, i) => hexOf(some, i))),
        };
      })
  );
}

function absolute({ kind, ...one }: NativeHistogram, side: 'positive' | 'negative'): Float64Array {
  const { values } = one[side];
  let sum = 0;
  return kind === 'float' ? values.slice() : values.map((difference) => (sum += difference));
}
