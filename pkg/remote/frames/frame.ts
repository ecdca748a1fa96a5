import { CodecError } from '../codecError';
import { varintBytes } from '../wire/fields';
import { crc32c } from './crc32c';

/** Readers of Prometheus refuse longer ones. */
export const MAX_FRAME_BYTES = 50_000_000;

const CHECKSUM_BYTES = 4;

const NOTHING = new Uint8Array(0);

/** What a frame has in front of its message, at most: the length as a varint and the checksum. */
export const FRAME_HEAD_BYTES = 5 + CHECKSUM_BYTES;

/**
 * A frame of a streamed answer: the length of the message as a varint, its CRC-32C (big-endian), the message.
 * @param bytes the message, behind `FRAME_HEAD_BYTES` that are free; they become the frame
 */
export function closeFrame(bytes: Uint8Array): Uint8Array {
  const message = bytes.subarray(FRAME_HEAD_BYTES);
  if (message.length > MAX_FRAME_BYTES) {
    throw new CodecError('tooLarge', `a frame of ${message.length} bytes, allowed are ${MAX_FRAME_BYTES}`);
  }
  const start = FRAME_HEAD_BYTES - CHECKSUM_BYTES - varintBytes(message.length);
  let at = start;
  let rest = message.length;
  for (; rest > 0x7f; rest >>>= 7) {
    bytes[at++] = (rest & 0x7f) | 0x80;
  }
  bytes[at++] = rest;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, crc32c(message));
  return bytes.subarray(start);
}

/**
 * Finds the messages in a stream that comes in pieces of any size. Pieces must not be changed afterwards: a message that
 * lies within one is a view of it. Nothing is allocated for a length that is only declared.
 */
export class FrameReader {
  #maxFrameBytes: number;
  #header: number[] = [];
  /** Bytes of the length in the header; 0 as long as it is not whole. */
  #lengthBytes = 0;
  /** Of the message; meaningful once the header is whole. */
  #missing = 0;
  /** What is there of a message that comes in several pieces: `#bodyBytes` of a buffer that grows with them. */
  #body = NOTHING;
  #bodyBytes = 0;

  constructor(maxFrameBytes = MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Memory of its own: of a message that is not whole yet. */
  get heldBytes(): number {
    return this.#body.length;
  }

  /**
   * The messages that are whole with this piece, in their order.
   * @throws CodecError for a frame that is too long or whose checksum is wrong; the stream is of no use then
   */
  *read(piece: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < piece.length) {
      if (!this.#headerIsWhole()) {
        this.#takeHeader(piece[at++]);
        if (!this.#headerIsWhole() || this.#missing > 0) {
          continue;
        }
      }
      const part = piece.subarray(at, at + this.#missing);
      at += part.length;
      this.#missing -= part.length;
      if (this.#missing > 0 || this.#bodyBytes > 0) {
        this.#keep(part);
      }
      if (this.#missing === 0) {
        yield this.#finish(this.#bodyBytes > 0 ? this.#body.subarray(0, this.#bodyBytes) : part);
      }
    }
  }

  /** @throws CodecError when the stream has ended within a frame */
  end(): void {
    if (this.#header.length > 0) {
      throw new CodecError('broken', 'the stream ends within a frame');
    }
  }

  #headerIsWhole(): boolean {
    return this.#lengthBytes > 0 && this.#header.length === this.#lengthBytes + CHECKSUM_BYTES;
  }

  #takeHeader(byte: number): void {
    this.#header.push(byte);
    if (this.#lengthBytes > 0) {
      return;
    }
    this.#missing += (byte & 0x7f) * 2 ** (7 * (this.#header.length - 1));
    if (this.#missing > this.#maxFrameBytes) {
      throw new CodecError('tooLarge', `a frame of more than ${this.#maxFrameBytes} bytes`);
    }
    if (byte < 0x80) {
      this.#lengthBytes = this.#header.length;
    } else if (this.#header.length === 5) {
      throw new CodecError('broken', 'a frame does not begin with a length');
    }
  }

  #keep(part: Uint8Array): void {
    const needed = this.#bodyBytes + part.length;
    if (needed > this.#body.length) {
      const grown = new Uint8Array(Math.max(2 * this.#body.length, needed));
      grown.set(this.#body);
      this.#body = grown;
    }
    this.#body.set(part, this.#bodyBytes);
    this.#bodyBytes = needed;
  }

  #finish(message: Uint8Array): Uint8Array {
    const wanted = Buffer.from(this.#header.slice(this.#lengthBytes)).readUInt32BE(0);
    this.#header = [];
    this.#lengthBytes = 0;
    this.#body = NOTHING;
    this.#bodyBytes = 0;
    if (crc32c(message) !== wanted) {
      throw new CodecError('broken', 'the checksum of a frame is wrong');
    }
    return message;
  }
}
