import fc from 'fast-check';
import { AnswerParser, type Envelope } from './answerParser';
import { MalformedAnswer } from './malformedAnswer';
import { toQueryResult } from './queryAnswer';

/** Feeds `body` in chunks whose sizes are taken from `sizes` in turn. */
function parseInChunks(body: Buffer, sizes: readonly number[]): Envelope {
  const parser = new AnswerParser();
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const size = sizes[turn % sizes.length];
    parser.feed(body.subarray(at, at + size));
    at += size;
  }
  return parser.finish();
}

/** Bit patterns, so that -0 and 0 differ and NaN equals NaN. */
function bits(values: ArrayLike<number>): bigint[] {
  return Array.from(new BigUint64Array(Float64Array.from(values).buffer));
}

const anyDouble = fc
  .bigInt(0n, 0xffff_ffff_ffff_ffffn)
  .map((pattern) => new Float64Array(BigUint64Array.of(pattern).buffer)[0])
  .filter(Number.isFinite);

const valueText = fc.oneof(
  anyDouble.map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String),
  fc.integer().map(String),
  fc.tuple(fc.integer({ min: 0, max: 999 }), fc.stringMatching(/^\d{1,25}$/)).map(([a, b]) => `${a}.${b}`),
  fc.stringMatching(/^-?\d{1,25}$/),
  fc.constantFrom('0', '-0', '0.30000000000000004', '9007199254740993', '0.1', '1e+22', '5e-324')
);

const sample = fc.tuple(fc.integer({ min: 0, max: 4_102_444_800_000 }), valueText);
const labels = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.oneof(fc.string({ maxLength: 120 }), fc.string({ unit: 'binary', maxLength: 8 })),
  { maxKeys: 5, noNullPrototype: true }
);
const allSeries = fc.array(fc.record({ labels, samples: fc.array(sample, { maxLength: 30 }) }), { maxLength: 5 });
const chunkSizes = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 9 }),
  fc.array(fc.integer({ min: 60, max: 500 }), { minLength: 1, maxLength: 5 }),
  fc.constant([1 << 20])
);

type Generated = Array<{ labels: Record<string, string>; samples: Array<[number, string]> }>;

function toBody(series: Generated, spaced: boolean): Buffer {
  const result = series.map(({ labels: metric, samples }) => ({ metric, values: samples.map(toPair) }));
  const text = JSON.stringify(
    { status: 'success', data: { resultType: 'matrix', result } },
    null,
    spaced ? 1 : undefined
  );
  return Buffer.from(text);
}

function toPair([timeMs, text]: [number, string]): [number, string] {
  return [timeMs / 1000, text];
}

describe('the answer parser, fuzzed', () => {
  // [Q1.7]
  it('gives the same samples as Number(), bit by bit, for any chunk sizes', () => {
    fc.assert(
      fc.property(allSeries, chunkSizes, fc.boolean(), (series, sizes, spaced) => {
        const { series: parsed } = toQueryResult(parseInChunks(toBody(series, spaced), sizes));
        expect(parsed.map((one) => one.labels)).toEqual(series.map((one) => one.labels));
        expect(parsed.map((one) => Array.from(one.timesMs))).toEqual(
          series.map((one) => one.samples.map(([timeMs]) => timeMs))
        );
        expect(parsed.map((one) => bits(one.values))).toEqual(
          series.map((one) => bits(one.samples.map(([, text]) => Number(text))))
        );
      }),
      { numRuns: 500 }
    );
  });

  it('is bit-exact for 200,000 random doubles in one series', () => {
    const texts = fc.sample(valueText, 200_000).map((text) => `[1705590315.123,"${text}"]`);
    const body = Buffer.from(`{"data":{"resultType":"matrix","result":[{"metric":{},"values":[${texts.join(',')}]}]}}`);
    const [series] = toQueryResult(parseInChunks(body, [65_536])).series;
    const expected = texts.map((text) => Number(text.slice(17, -2)));
    expect(Buffer.from(series.values.buffer).equals(Buffer.from(Float64Array.from(expected).buffer))).toBe(true);
  });

  it('names the cut for a body that ends after any of its bytes', () => {
    const bodies = [
      '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"\\u00e9"},"values":[[1.5,"2"],[3,"-4e1"]]}]},"warnings":["w"]}',
      '{"status":"success","data":{"result":[{"metric":{},"histogram":[1,{"count":"1","sum":"2","buckets":[[0,"1","2","3"]]}]}],"resultType":"vector","stats":{"a":[1]}}}',
      '{"status":"error","errorType":"bad_data","error":"x","data":null}',
    ].map((text) => Buffer.from(text));
    for (const body of bodies) {
      for (let length = 1; length < body.length; length++) {
        const cut = body.subarray(0, length);
        expect(() => parseInChunks(cut, [length])).toThrow(`the answer was cut off after ${length} bytes`);
        expect(() => parseInChunks(cut, [3])).toThrow(`the answer was cut off after ${length} bytes`);
      }
      expect(() => parseInChunks(body, [5])).not.toThrow();
    }
  });

  it('answers or refuses, but never fails otherwise, when bytes of a body are replaced', () => {
    const body = Buffer.from(
      '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1705590315.123,"2.5"],[1705590330,"3.25"]],"histograms":[[1,{"count":"1","buckets":[[0,"1","2","3"]]}]]}]}}'
    );
    const change = fc.tuple(fc.nat({ max: body.length - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), chunkSizes, (changes, sizes) => {
        const changed = Buffer.from(body);
        changes.forEach(([at, byte]) => (changed[at] = byte));
        try {
          toQueryResult(parseInChunks(changed, sizes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedAnswer);
        }
      }),
      { numRuns: 3000 }
    );
  });

  it('reads NaN and both infinities among other values, for any chunk sizes', () => {
    const special: Record<string, number> = { NaN, '+Inf': Infinity, '-Inf': -Infinity, Inf: Infinity };
    const anyText = fc.oneof(valueText, fc.constantFrom(...Object.keys(special)));
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 60 }), chunkSizes, (texts, sizes) => {
        const samples = texts.map((text, i): [number, string] => [i * 1000, text]);
        const [series] = toQueryResult(parseInChunks(toBody([{ labels: {}, samples }], false), sizes)).series;
        expect(bits(series.values)).toEqual(bits(texts.map((text) => special[text] ?? Number(text))));
      }),
      { numRuns: 300 }
    );
  });

  it('gives the same native histograms as were written, for any chunk sizes', () => {
    const float = fc.double({ noNaN: true, noDefaultInfinity: true });
    const bucket = fc.tuple(fc.integer({ min: 0, max: 3 }), float, float, float);
    const histogram = fc.record({ count: float, sum: float, buckets: fc.array(bucket, { maxLength: 6 }) });
    fc.assert(
      fc.property(fc.array(histogram, { minLength: 1, maxLength: 8 }), chunkSizes, (all, sizes) => {
        const histograms = all.map(({ count, sum, buckets }, i) => [
          i,
          {
            count: String(count),
            sum: String(sum),
            buckets: buckets.map(([rule, ...numbers]) => [rule, ...numbers.map(String)]),
          },
        ]);
        const body = JSON.stringify({ data: { resultType: 'matrix', result: [{ metric: {}, histograms }] } });
        const [{ histograms: read }] = toQueryResult(parseInChunks(Buffer.from(body), sizes)).series;
        const flat = all.flatMap(({ buckets }) => buckets);
        expect(bits(read?.counts ?? [])).toEqual(bits(all.map(({ count }) => Number(String(count)))));
        expect(bits(read?.sums ?? [])).toEqual(bits(all.map(({ sum }) => Number(String(sum)))));
        expect(Array.from(read?.bucketRule ?? [])).toEqual(flat.map(([rule]) => rule));
        expect(bits(read?.bucketCount ?? [])).toEqual(bits(flat.map(([, , , count]) => Number(String(count)))));
      }),
      { numRuns: 300 }
    );
  });

  it('answers or refuses any text made of the pieces of an answer', () => {
    const words =
      '{ } [ ] , : "data" "result" "metric" "values" "a" "1" 1.5 -0 1e999 null true "\\u12" "histograms" nul " \\'.split(
        ' '
      );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), chunkSizes, (parts, sizes) => {
        try {
          toQueryResult(
            parseInChunks(Buffer.from(`{"data":{"resultType":"matrix","result":[${parts.join('')}`), sizes)
          );
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedAnswer);
        }
      }),
      { numRuns: 5000 }
    );
  });

  it('survives brackets a million deep (a parser that calls itself would overflow its stack)', () => {
    for (const open of ['[', '{"a":']) {
      const body = Buffer.from(`{"unknown":${open.repeat(1_000_000)}`);
      expect(() => parseInChunks(body, [65_536])).toThrow(MalformedAnswer);
      const asSeries = Buffer.from(`{"data":{"result":[{"values":${open.repeat(1_000_000)}`);
      expect(() => parseInChunks(asSeries, [65_536])).toThrow(MalformedAnswer);
    }
  });

  it('copes with long texts in tiny chunks (quadratic work would run into the time limit by far)', () => {
    const text = 'b'.repeat(1_000_000);
    const body = Buffer.from(`{"x":"${text}","n":${'1'.repeat(1_000_000)},"status":"error","error":"${text}"}`);
    expect(parseInChunks(body, [3]).error).toBe(text);
  }, 60_000);

  it('refuses a text too long to hold', () => {
    const parser = new AnswerParser();
    parser.feed(Buffer.from('{"status":"'));
    const chunk = Buffer.alloc(1 << 20, 0x61);
    expect(() => Array.from({ length: 20 }, () => parser.feed(chunk))).toThrow('longer than');
  });
});
