import fc from 'fast-check';
import { anySamples, bitTexts, SEED } from '../../../tests/fakes/remoteValues';
import { type Samples } from '../../core/model/series';
import { CodecError } from '../codecError';
import { SampleColumns } from '../sampleColumns';
import { chunksOfSamples } from './seriesChunks';
import { decodeXorChunk, encodeXorChunk } from './xorChunk';

function decode(...chunks: Uint8Array[]): Samples {
  const columns = new SampleColumns();
  chunks.forEach((chunk) => decodeXorChunk(chunk, columns));
  return columns.samples();
}

describe('XOR chunks', () => {
  it('give back every time and every bit', () => {
    fc.assert(
      fc.property(anySamples(), (samples) => {
        const chunks = chunksOfSamples(samples);
        expect(bitTexts(decode(...chunks.map(({ data }) => data)))).toEqual(bitTexts(samples));
        expect(chunks.every(({ data }) => (data[0] << 8) + data[1] <= 120)).toBe(true);
        expect(chunks[0]?.minTimeMs).toBe(samples.timesMs[0]);
        expect(chunks.at(-1)?.maxTimeMs).toBe(samples.timesMs.at(-1));
      }),
      { ...SEED, numRuns: 300 }
    );
  });

  // from Prometheus 2.42: `promtool tsdb dump` shows the samples
  it('are those of Prometheus, byte for byte', () => {
    const samples = { timesMs: Float64Array.of(0, 15_000, 30_000), values: Float64Array.of(1, 1, 2) };
    expect(Buffer.from(encodeXorChunk(samples, 0, 3)).toString('hex')).toBe(
      // count, varint 0, bits of 1, uvarint 15000 and no difference; no step, then 11 leading 1 and 11 bits 0x7ff << 52
      '0003' + '00' + '3ff0000000000000' + '9875' + PROMETHEUS_TAIL
    );
  });

  it.each([
    ['no count', [0]],
    ['no samples', [0, 1]],
    ['one that is cut off', [0, 1, 0, 1, 2, 3, 4, 5, 6, 7]],
    ['many in few bytes', [0xff, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])('are refused: %s', (_, bytes) => expect(() => decode(Uint8Array.from(bytes))).toThrow(CodecError));

  it('are not written for times that go back or have fractions', () => {
    const encode = (...times: number[]) =>
      encodeXorChunk({ timesMs: Float64Array.from(times), values: new Float64Array(2) }, 0, 2);
    expect(() => encode(2, 1)).toThrow(CodecError);
    expect(() => encode(0.5, 1)).toThrow(CodecError);
  });
});

/** 0 (same value), then 0 (no step), 11, leading 1, width 11, 2^11 - 1; the rest is zeros. */
const PROMETHEUS_TAIL = (() => {
  const text = '0' + '0' + '11' + (1).toString(2).padStart(5, '0') + (11).toString(2).padStart(6, '0') + '1'.repeat(11);
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
  return (padded.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2).toString(16).padStart(2, '0')).join('');
})();
