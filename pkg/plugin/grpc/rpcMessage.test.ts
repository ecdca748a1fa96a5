import fc from 'fast-check';
import { onlyMessage, piecesOf } from './rpcMessage';

const PIECE_BYTES = 64 * 1024;

describe('the pieces of a message', () => {
  const part = fc.integer({ min: 0, max: 200_000 }).map((bytes) => Buffer.alloc(bytes, bytes % 251));

  it('are the message, each of at most 64 KiB', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const whole = Buffer.concat(parts);
        const pieces = [...piecesOf([...parts])];
        expect(onlyMessage(Buffer.concat(pieces)).equals(whole)).toBe(true);
        expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(PIECE_BYTES);
      }),
      { numRuns: 100 }
    );
  });

  it('are not copies of long parts, and leave nothing of what is handed over in the list', () => {
    const long = Buffer.alloc(3 * PIECE_BYTES);
    const parts = [Buffer.alloc(10), long, Buffer.alloc(PIECE_BYTES)];
    const pieces = piecesOf(parts);
    pieces.next();
    expect(parts[0]).toHaveLength(0);
    expect(pieces.next().value.buffer).toBe(long.buffer);
    while (!pieces.next().done) {
      // until the last
    }
    expect(parts.map(({ length }) => length)).toEqual([0, 0, 0]);
  });
});
