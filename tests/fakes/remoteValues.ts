import fc from 'fast-check';
import { type Samples } from '../../pkg/core/model/series';
import { type Label } from '../../pkg/core/model/rawSeries';
import { type BucketSpan, type NativeHistogram } from '../../pkg/remote/nativeHistogram';
import { bitsOf, isStale } from '../../pkg/remote/sampleColumns';

/** The same values in every run: a failure names its seed anyway, and a build does not turn red by luck. */
export const SEED = { seed: 14 };

/** Bit patterns that a number would lose or that differ by a sign: stale marker, NaN of several kinds, ±Inf, ±0, the ends. */
const ODD_BITS: Array<[high: number, low: number]> = [
  [0x7ff00000, 2],
  [0x7ff80000, 1],
  [0xfff80000, 0],
  [0x7ff12345, 0x6789abcd],
  [0x7ff00000, 0],
  [0xfff00000, 0],
  [0x80000000, 0],
  [0, 0],
  [0, 1],
  [0x7fefffff, 0xffffffff],
  [0xffffffff, 0xffffffff],
];

const bits = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...ODD_BITS) },
  { weight: 2, arbitrary: fc.double({ noNaN: true }).map(halves) },
  { weight: 3, arbitrary: fc.integer({ min: -1000, max: 100_000 }).map((n) => halves(n / 4)) }
);

function halves(value: number): [number, number] {
  const [low, high] = bitsOf(Float64Array.of(value));
  return [high, low];
}

function fromBits(all: Array<[high: number, low: number]>): Float64Array {
  const values = new Float64Array(all.length);
  all.forEach(([high, low], i) => bitsOf(values).set([low, high], 2 * i));
  return values;
}

/** Intervals as scrapes have them, and of every class of a chunk's encoding. */
const interval = fc.oneof(
  { weight: 4, arbitrary: fc.constant(15_000) },
  { weight: 2, arbitrary: fc.integer({ min: 14_990, max: 15_010 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 40 }) }
);

const firstTime = fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }), fc.integer());

export function anySamples(maxLength = 150): fc.Arbitrary<Samples> {
  return fc.tuple(firstTime, fc.array(fc.tuple(interval, bits), { maxLength })).map(([start, rows]) => {
    let timeMs = start;
    const timesMs = Float64Array.from(rows, ([step]) => (timeMs += step));
    return { timesMs, values: fromBits(rows.map(([, value]) => value)) };
  });
}

export const anyLabels: fc.Arbitrary<Label[]> = fc
  .uniqueArray(
    fc.record({ name: fc.string({ unit: 'grapheme', minLength: 1 }), value: fc.string({ unit: 'grapheme' }) }),
    {
      maxLength: 5,
      selector: ({ name }) => name,
    }
  )
  .map((labels) => labels.sort((a, b) => (a.name < b.name ? -1 : 1)));

const spans: fc.Arbitrary<BucketSpan[]> = fc.array(
  fc.record({ offset: fc.integer({ min: -300, max: 3000 }), length: fc.integer({ min: 0, max: 6 }) }),
  { maxLength: 4 }
);

const thresholds = fc.oneof(
  fc.constantFrom(0, 2 ** -128, 2 ** -243, 1024, 2048, 0.001),
  fc.double({ min: 0, max: 1e9, noNaN: true })
);

interface Shape {
  kind: NativeHistogram['kind'];
  positive: BucketSpan[];
  negative: BucketSpan[];
  schema: number;
  zeroThreshold: number;
  bounds: number[];
}

const shape: fc.Arbitrary<Shape> = fc.record({
  kind: fc.constantFrom('integer' as const, 'float' as const),
  positive: spans,
  negative: spans,
  schema: fc.constantFrom(-53, -4, 0, 3, 8),
  zeroThreshold: thresholds,
  bounds: fc.array(fc.oneof(fc.constantFrom(0.005, 1, 2.5, -1, Infinity), fc.double({ noNaN: true })), {
    maxLength: 5,
  }),
});

const whole = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 2 ** 45 }));
const delta = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -(2 ** 45), max: 2 ** 45 }));

function valuesOf(kind: Shape['kind'], length: number, integer: fc.Arbitrary<number>): fc.Arbitrary<Float64Array> {
  const size = { minLength: length, maxLength: length };
  return kind === 'integer'
    ? fc.array(integer, size).map((all) => Float64Array.from(all))
    : fc.array(bits, size).map(fromBits);
}

const lengthOf = (all: BucketSpan[]): number => all.reduce((sum, { length }) => sum + length, 0);

function histogramOf(of: Shape): fc.Arbitrary<Omit<NativeHistogram, 'timeMs'>> {
  return fc
    .record({
      counts: valuesOf(of.kind, 2, whole),
      sum: bits,
      positive: valuesOf(of.kind, lengthOf(of.positive), delta),
      negative: valuesOf(of.kind, lengthOf(of.negative), delta),
      reset: fc.constantFrom(
        'unknown' as const,
        'yes' as const,
        'no' as const,
        'no' as const,
        'gauge' as const,
        'gauge' as const
      ),
    })
    .map(({ counts, sum, positive, negative, reset }) => {
      const totals = new Float64Array(3);
      totals.set(counts);
      totals.set(fromBits([isStale(sum[1], sum[0]) ? [0, 0] : sum]), 2);
      return {
        kind: of.kind,
        reset,
        schema: of.schema,
        zeroThreshold: of.zeroThreshold,
        totals,
        positive: { spans: of.positive, values: positive },
        negative: { spans: of.negative, values: negative },
        customBounds: Float64Array.from(of.schema === -53 ? of.bounds : []),
      };
    });
}

const stale = (kind: Shape['kind']): Omit<NativeHistogram, 'timeMs'> => ({
  kind,
  reset: 'unknown',
  schema: 0,
  zeroThreshold: 0,
  totals: fromBits([[0, 0], [0, 0], ODD_BITS[0]]),
  positive: { spans: [], values: new Float64Array(0) },
  negative: { spans: [], values: new Float64Array(0) },
  customBounds: new Float64Array(0),
});

/** Some of one layout, some stale markers, then some of another. */
export const anyHistograms: fc.Arbitrary<NativeHistogram[]> = fc
  .tuple(
    firstTime,
    fc.array(
      shape.chain((of) =>
        fc.array(
          fc.tuple(
            interval,
            fc.oneof({ weight: 8, arbitrary: histogramOf(of) }, { weight: 1, arbitrary: fc.constant(stale(of.kind)) })
          ),
          { maxLength: 8 }
        )
      ),
      { maxLength: 3 }
    )
  )
  .map(([start, runs]) => {
    let timeMs = start;
    return runs.flat().map(([step, histogram]) => ({ ...histogram, timeMs: (timeMs += step) }));
  });

/** For comparing: what holds floats, as its bits, since all NaN are equal to a test. */
export function bitTexts(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => (inner instanceof Float64Array ? [...bitsOf(inner)] : inner))
  );
}

/** A copy with some bytes changed, cut off or put in. */
export function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.nat({ max: Math.max(0, bytes.length - 1) });
  return fc.oneof(
    at.map((end) => bytes.slice(0, end)),
    fc.array(fc.tuple(at, fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 }).map((changes) => {
      const copy = bytes.slice();
      changes.forEach(([place, byte]) => (copy[place] = byte));
      return copy;
    }),
    fc.tuple(at, fc.uint8Array({ maxLength: 12 })).map(([place, more]) => {
      const all = Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)]);
      return new Uint8Array(all);
    }),
    fc.uint8Array({ maxLength: 200 })
  );
}
