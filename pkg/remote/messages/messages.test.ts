import fc from 'fast-check';
import { anyHistograms, anyLabels, anySamples, bitTexts, SEED } from '../../../tests/fakes/remoteValues';
import { type LabelMatcher } from '../../core/model/labelMatcher';
import { CodecError, inWordsOf } from '../codecError';
import { type Chunk } from '../../core/model/rawSeries';
import { decodeChunkedResponse, encodeChunkedResponse } from './chunkedResponse';
import { decodeReadRequest, encodeReadRequest, type ReadRequest, type ResponseType } from './readRequest';
import { decodeReadResponse, encodeReadResponse } from './readResponse';
import { type TimeSeries } from './timeSeries';
import { decodeWriteRequest, encodeWriteRequest } from './writeRequest';

const text = fc.string({ unit: 'grapheme', maxLength: 10 });
const time = fc.maxSafeInteger();
const matcher: fc.Arbitrary<LabelMatcher> = fc.record({
  operator: fc.constantFrom('=', '!=', '=~', '!~'),
  name: text,
  value: text,
});
const hints = fc.record({
  stepMs: time,
  func: text,
  startMs: time,
  endMs: time,
  grouping: fc.array(text),
  by: fc.boolean(),
  rangeMs: time,
});
const query = fc.record({
  startMs: time,
  endMs: time,
  matchers: fc.array(matcher),
  hints: fc.option(hints, { nil: undefined }),
});
const request: fc.Arbitrary<ReadRequest> = fc.record({
  queries: fc.array(query),
  acceptedTypes: fc.array(fc.constantFrom<ResponseType>('SAMPLES', 'STREAMED_XOR_CHUNKS')),
});
const series: fc.Arbitrary<TimeSeries> = fc.record({
  labels: anyLabels,
  samples: anySamples(20),
  histograms: anyHistograms,
});
const chunk: fc.Arbitrary<Chunk> = fc.record({
  minTimeMs: time,
  maxTimeMs: time,
  encoding: fc.constantFrom('xor', 'histogram', 'floatHistogram'),
  data: fc.uint8Array(),
});

describe('messages come back as they were', () => {
  it('read requests', () => {
    fc.assert(
      fc.property(request, (one) => expect(bitTexts(decodeReadRequest(encodeReadRequest(one)))).toEqual(bitTexts(one))),
      SEED
    );
  });

  it('answers of samples', () => {
    fc.assert(
      fc.property(fc.array(fc.array(series, { maxLength: 3 }), { maxLength: 3 }), (one) =>
        expect(bitTexts(decodeReadResponse(encodeReadResponse(one)))).toEqual(bitTexts(one))
      ),
      SEED
    );
  });

  it('answers of chunks', () => {
    const response = fc.record({
      series: fc.array(fc.record({ labels: anyLabels, chunks: fc.array(chunk) }), { maxLength: 3 }),
      queryIndex: fc.nat(),
    });
    fc.assert(
      fc.property(response, (one) =>
        expect(bitTexts(decodeChunkedResponse(encodeChunkedResponse(one)))).toEqual(bitTexts(one))
      ),
      SEED
    );
  });

  it('write requests', () => {
    const metadata = fc.record({
      type: fc.constantFrom('unknown' as const, 'counter' as const, 'stateset' as const),
      family: text,
      help: text,
      unit: text,
    });
    fc.assert(
      fc.property(fc.record({ series: fc.array(series, { maxLength: 3 }), metadata: fc.array(metadata) }), (one) =>
        expect(bitTexts(decodeWriteRequest(encodeWriteRequest(one)))).toEqual(bitTexts(one))
      ),
      SEED
    );
  });
});

describe('messages by hand', () => {
  const decode = (hex: string) => decodeReadRequest(Buffer.from(hex, 'hex'));

  it('have defaults for what is not there, take repeated numbers one by one, and skip what is not known', () => {
    // query {}; types 1, 0 not packed; field 15 as text, field 1 with another wire type
    expect(decode('0a00' + '1001' + '1000' + '7a0161' + '0805')).toEqual({
      queries: [{ startMs: 0, endMs: 0, matchers: [] }],
      acceptedTypes: ['STREAMED_XOR_CHUNKS', 'SAMPLES'],
    });
  });

  it('hold the least and the greatest int64 as bounds', () => {
    // start -2^63, end 2^63 - 1
    const [{ startMs, endMs }] = decode('0a15' + '0880808080808080808001' + '10ffffffffffffffff7f').queries;
    expect([startMs, endMs]).toEqual([Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  });

  it('say what they do not know', () => {
    expect(() => decode('1007')).toThrow('response type 7 is not known');
    expect(() => decode('0a041a020804')).toThrow('matcher type 4 is not known');
    const response = encodeChunkedResponse({ series: [], queryIndex: 0 });
    // a series with a chunk of type 4
    expect(() => decodeChunkedResponse(Buffer.concat([Buffer.from('0a0412021804', 'hex'), response]))).toThrow(
      'chunk encoding 4 is not known'
    );
  });

  it('refuse a length beyond their end, also of a list, and texts that are not UTF-8', () => {
    expect(() => decode('0a05')).toThrow(CodecError);
    expect(() => decode('12ffffffffff7f01')).toThrow(CodecError);
    expect(() => decode('0a061a0412ff0101')).toThrow(CodecError);
    expect(() => decode('0a051a031201ff')).toThrow('not UTF-8');
  });

  it('leave the room in the words of who is to blame', () => {
    expect(() => inWordsOf('reader', () => decode('0a05'))).toThrow(
      expect.objectContaining({ code: 'QUERY_INVALID', status: 400 })
    );
    expect(() => inWordsOf('source', () => decode('0a05'))).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_PROMETHEUS' })
    );
  });
});
