import fc from 'fast-check';
import { anyHistograms, bitTexts, SEED } from '../../../tests/fakes/remoteValues';
import { CodecError } from '../codecError';
import { decodeHistogramChunk } from './histogramDecoder';
import { chunksOfHistograms } from './seriesChunks';

describe('histogram chunks', () => {
  it('give back every integer and every bit', () => {
    fc.assert(
      fc.property(anyHistograms, (histograms) => {
        const back = chunksOfHistograms(histograms).flatMap(({ encoding, data }) => [
          ...decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data),
        ]);
        expect(bitTexts(back)).toEqual(bitTexts(histograms));
      }),
      { ...SEED, numRuns: 300 }
    );
  });

  it('hold several histograms where they can follow each other', () => {
    const [one] = fc.sample(
      anyHistograms.filter((all) => all.length > 0),
      { ...SEED, numRuns: 1 }
    )[0];
    const many = Array.from({ length: 130 }, (_, i) => ({
      ...one,
      timeMs: 1000 * i,
      reset: i === 0 ? ('yes' as const) : ('no' as const),
    }));
    expect(chunksOfHistograms(many).map(({ data }) => (data[0] << 8) + data[1])).toEqual([120, 10]);
  });

  it.each([
    ['no count', [0]],
    ['no layout', [0, 1, 0]],
    ['an endless span', [0, 1, 0, 0, 0b01111111, 0b11111111, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('are refused: %s', (_, bytes) =>
    expect(() => [...decodeHistogramChunk('float', Uint8Array.from(bytes))]).toThrow(CodecError)
  );
});
