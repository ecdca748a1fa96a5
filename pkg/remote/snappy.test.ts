import fc from 'fast-check';
import { SEED } from '../../tests/fakes/remoteValues';
import { CodecError } from './codecError';
import { compress, decompress } from './snappy';

describe('snappy', () => {
  it('gives back what was compressed', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 5000 }),
      fc
        .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: 3000 }))
        .map(([part, times]) => Buffer.concat(Array<Uint8Array>(times).fill(part)))
    );
    fc.assert(
      fc.property(bytes, (plain) => {
        expect(Buffer.compare(decompress(compress(plain), 200_000), plain)).toBe(0);
      }),
      { ...SEED, numRuns: 200 }
    );
  });

  it('works on more than an instance is kept for', () => {
    const plain = new Uint8Array(20_000_000).map((_, i) => i % 251);
    expect(Buffer.compare(decompress(compress(plain), plain.length), plain)).toBe(0);
    expect(Buffer.compare(decompress(compress(plain.subarray(0, 10)), 10), plain.subarray(0, 10))).toBe(0);
  });

  it('refuses a body that declares more than allowed, and one that cannot hold what it declares', () => {
    expect(() => decompress(compress(new Uint8Array(1001)), 1000)).toThrow('declares 1001 bytes, allowed are 1000');
    expect(() => decompress(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0), 2 ** 32)).toThrow('cannot hold');
  });

  it.each([
    ['nothing', []],
    ['an endless length', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a length beyond 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a copy from before the beginning', [4, 0x01, 0x05]],
    ['a literal that is cut off', [10, 0x24, 1, 2]],
    ['less than declared', [10, 0x00, 1]],
  ])('refuses %s, and works afterwards', (_, bytes) => {
    expect(() => decompress(Uint8Array.from(bytes), 1000)).toThrow(CodecError);
    expect(decompress(compress(Uint8Array.of(1, 2, 3)), 3)).toEqual(Uint8Array.of(1, 2, 3));
  });
});
