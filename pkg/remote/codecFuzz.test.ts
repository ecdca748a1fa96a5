import fc from 'fast-check';
import { anyHistograms, anyLabels, anySamples, damaged, SEED } from '../../tests/fakes/remoteValues';
import { decodeHistogramChunk } from './chunks/histogramDecoder';
import { chunksOfHistograms, chunksOfSamples } from './chunks/seriesChunks';
import { decodeXorChunk } from './chunks/xorChunk';
import { CodecError } from './codecError';
import { closeFrame, FRAME_HEAD_BYTES, FrameReader } from './frames/frame';
import { decodeChunkedResponse, encodeChunkedResponse } from './messages/chunkedResponse';
import { decodeReadRequest, encodeReadRequest } from './messages/readRequest';
import { decodeReadResponse, encodeReadResponse } from './messages/readResponse';
import { decodeWriteRequest, encodeWriteRequest } from './messages/writeRequest';
import { SampleColumns } from './sampleColumns';
import { compress, decompress } from './snappy';

const MAX_BYTES = 100_000;

interface Codec {
  whole: fc.Arbitrary<Uint8Array>;
  decode(bytes: Uint8Array): unknown;
}

const series = fc.record({ labels: anyLabels, samples: anySamples(20), histograms: anyHistograms });
const histogramChunk = (encoding: string) =>
  anyHistograms.map(
    (all) => chunksOfHistograms(all).find((one) => one.encoding === encoding)?.data ?? new Uint8Array(0)
  );

const CODECS: Record<string, Codec> = {
  snappy: { whole: fc.uint8Array({ maxLength: 2000 }).map(compress), decode: (bytes) => decompress(bytes, MAX_BYTES) },
  frames: {
    whole: fc
      .array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 })
      .map(
        (all) =>
          new Uint8Array(
            Buffer.concat(all.map((one) => closeFrame(Buffer.concat([new Uint8Array(FRAME_HEAD_BYTES), one]))))
          )
      ),
    decode: (bytes) => {
      const reader = new FrameReader(MAX_BYTES);
      const messages = [...reader.read(bytes)];
      reader.end();
      return messages;
    },
  },
  'XOR chunks': {
    whole: anySamples(120).map((samples) => chunksOfSamples(samples)[0]?.data ?? new Uint8Array(0)),
    decode: (bytes) => decodeXorChunk(bytes, new SampleColumns()),
  },
  'histogram chunks': {
    whole: histogramChunk('histogram'),
    decode: (bytes) => [...decodeHistogramChunk('integer', bytes)],
  },
  'float histogram chunks': {
    whole: histogramChunk('floatHistogram'),
    decode: (bytes) => [...decodeHistogramChunk('float', bytes)],
  },
  'read requests': {
    whole: fc.array(fc.string(), { maxLength: 5 }).map((names) =>
      encodeReadRequest({
        queries: [{ startMs: 1, endMs: 2, matchers: names.map((name) => ({ name, operator: '=~', value: name })) }],
        acceptedTypes: ['STREAMED_XOR_CHUNKS', 'SAMPLES'],
      })
    ),
    decode: decodeReadRequest,
  },
  'answers of samples': { whole: series.map((one) => encodeReadResponse([[one]])), decode: decodeReadResponse },
  'answers of chunks': {
    whole: series.map(({ labels, samples }) =>
      encodeChunkedResponse({ series: [{ labels, chunks: chunksOfSamples(samples) }], queryIndex: 0 })
    ),
    decode: decodeChunkedResponse,
  },
  'write requests': {
    whole: series.map((one) => encodeWriteRequest({ series: [one], metadata: [] })),
    decode: decodeWriteRequest,
  },
};

describe.each(Object.entries(CODECS))('%s, damaged', (_, { whole, decode }) => {
  it('are read or refused, and nothing else', () => {
    const outcomes = { read: 0, refused: 0 };
    fc.assert(
      fc.property(whole.chain(damaged), (bytes) => {
        try {
          decode(bytes);
          outcomes.read++;
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
          outcomes.refused++;
        }
      }),
      { ...SEED, numRuns: 400 }
    );
    // both must have happened, or the damage is none
    expect(outcomes.refused).toBeGreaterThan(10);
  });
});
