import { snappyCompressor, snappyUncompressor } from 'hysnappy';
import { CodecError } from './codecError';

/** A copy of 64 bytes takes three, so no body holds more than this times its length (and a literal never more than once). */
const MAX_RATIO = 22;

/** WebAssembly memory never shrinks: an instance that has worked on more is let go. */
const KEPT_BYTES = 16 * 1024 * 1024;

let compressor: ((input: Uint8Array) => Uint8Array) | undefined;
let uncompressor: ((input: Uint8Array, outputLength: number) => Uint8Array) | undefined;

/** Snappy's block format, as in the bodies of remote read and write. */
export function compress(bytes: Uint8Array): Uint8Array {
  compressor ??= snappyCompressor();
  const compressed = compressor(bytes);
  if (bytes.length > KEPT_BYTES) {
    compressor = undefined;
  }
  return compressed;
}

/**
 * The same without the length in front. Such pieces behind one another, after `blockHead` of their length together, are one
 * block: no copy reaches back beyond its own piece.
 */
export function compressPiece(bytes: Uint8Array): Uint8Array {
  const block = compress(bytes);
  return block.subarray(block.findIndex((byte) => byte < 0x80) + 1);
}

/** A piece of a few bytes as they are: 1 … 60. */
export function literalPiece(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of((bytes.length - 1) << 2, ...bytes);
}

/** What a block of so many bytes (unpacked) begins with. */
export function blockHead(length: number): Uint8Array {
  return Uint8Array.from(varint(length));
}

/** @throws CodecError beyond 32 bits, which a block cannot declare */
export function varint(value: number): number[] {
  if (value > 0xffffffff) {
    throw new CodecError('tooLarge', `snappy: a block cannot hold ${value} bytes`);
  }
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

/**
 * @param maxBytes of what comes out; a body that declares more is refused before anything is allocated
 * @throws CodecError `tooLarge`, or `broken` for anything that is not a whole snappy block
 */
export function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const length = declaredLength(bytes);
  if (length > maxBytes) {
    throw new CodecError('tooLarge', `snappy: the body declares ${length} bytes, allowed are ${maxBytes}`);
  }
  if (length > bytes.length * MAX_RATIO) {
    throw new CodecError('broken', `snappy: ${bytes.length} bytes cannot hold the ${length} they declare`);
  }
  try {
    uncompressor ??= snappyUncompressor();
    const plain = uncompressor(bytes, length);
    if (bytes.length + length > KEPT_BYTES) {
      uncompressor = undefined;
    }
    return plain;
  } catch (cause) {
    // A trap leaves an instance in a state nobody knows.
    uncompressor = undefined;
    throw new CodecError('broken', 'snappy: the body is damaged or cut off', { cause });
  }
}

/** The length in front of a block: a varint of 32 bits. */
function declaredLength(bytes: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    length += (bytes[i] & 0x7f) * 2 ** (7 * i);
    if (bytes[i] < 0x80 && length <= 0xffffffff) {
      return length;
    }
  }
  throw new CodecError('broken', 'snappy: the body does not begin with a length');
}
