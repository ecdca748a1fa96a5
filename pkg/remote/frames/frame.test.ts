import fc from 'fast-check';
import { SEED } from '../../../tests/fakes/remoteValues';
import { CodecError } from '../codecError';
import { decodeChunkedResponse } from '../messages/chunkedResponse';
import { crc32c } from './crc32c';
import { closeFrame, FRAME_HEAD_BYTES, FrameReader } from './frame';
import { FRAME_BYTES, framesOf } from './seriesFrames';

function readAll(reader: FrameReader, bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    messages.push(...reader.read(bytes.subarray(at, at + pieceBytes)));
  }
  reader.end();
  return messages;
}

const encodeFrame = (message: Uint8Array): Uint8Array =>
  closeFrame(Uint8Array.of(...new Uint8Array(FRAME_HEAD_BYTES), ...message));

describe('crc32c', () => {
  // RFC 3720, B.4
  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['ascending', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
  ])('of %s', (_, bytes, checksum) => expect(crc32c(bytes)).toBe(checksum));

  it('is the same wherever the bytes lie', () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(bytes, fc.nat({ max: 7 }), (all, offset) => {
        const moved = new Uint8Array(offset + all.length);
        moved.set(all, offset);
        expect(crc32c(moved.subarray(offset))).toBe(bitByBit(all));
      }),
      SEED
    );
  });
});

function bitByBit(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    }
  }
  return ~crc >>> 0;
}

describe('frames', () => {
  it('come back from pieces of any size', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 400 }), (all, pieceBytes) => {
        const stream = Buffer.concat(all.map(encodeFrame));
        expect(readAll(new FrameReader(), stream, pieceBytes).map((one) => [...one])).toEqual(
          all.map((one) => [...one])
        );
      }),
      { ...SEED, numRuns: 200 }
    );
  });

  it('are refused by their length, before it is waited for', () => {
    const reader = new FrameReader(1000);
    expect(() => [...reader.read(Uint8Array.of(0xe9, 0x07))]).toThrow('a frame of more than 1000 bytes');
    expect(() => [...new FrameReader().read(new Uint8Array(9).fill(0x80))]).toThrow(CodecError);
  });

  it('are refused with a wrong checksum or cut off', () => {
    const frame = encodeFrame(Uint8Array.of(1, 2, 3));
    const wrong = frame.slice();
    wrong[2] ^= 1;
    expect(() => readAll(new FrameReader(), wrong, 3)).toThrow('checksum');
    for (let bytes = 1; bytes < frame.length; bytes++) {
      expect(() => readAll(new FrameReader(), frame.subarray(0, bytes), 100)).toThrow('within a frame');
    }
  });

  it('of one series stay within a mebibyte each, with its labels in all', () => {
    const labels = [{ name: 'job', value: 'node' }];
    const chunk = { minTimeMs: 0, maxTimeMs: 1, encoding: 'xor' as const, data: new Uint8Array(400_000) };
    const frames = [...framesOf(labels, Array(5).fill(chunk), 3)];
    expect(frames.every(({ length }) => length <= FRAME_BYTES)).toBe(true);
    const parts = readAll(new FrameReader(), Buffer.concat(frames), 65_536).map(decodeChunkedResponse);
    expect(parts.map(({ series }) => series[0].chunks.length)).toEqual([2, 2, 1]);
    expect(parts.every(({ series, queryIndex }) => series[0].labels[0].value === 'node' && queryIndex === 3)).toBe(
      true
    );
    expect([...framesOf(labels, [], 0)]).toHaveLength(1);
  });
});
