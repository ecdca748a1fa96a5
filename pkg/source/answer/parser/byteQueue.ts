import { MalformedAnswer } from './malformedAnswer';

/** No text, label or number of a real answer comes near; a hostile one must not make us hold it twice. */
const MAX_TOKEN_BYTES = 16 * 1024 * 1024;

/**
 * The unread bytes of a body that arrives in chunks of any size. A chunk is read in place; only the token it cuts in two is
 * copied, so feeding is linear in the size of the body even for chunks of one byte.
 */
export class ByteQueue {
  buffer: Buffer = Buffer.alloc(0);
  /** Next unread byte of `buffer`. */
  position = 0;
  /** End of the bytes in `buffer`. */
  end = 0;
  private own: Buffer = Buffer.alloc(0);
  private bytesBefore = 0;

  /** Position of the next unread byte in the whole body. */
  get offset(): number {
    return this.bytesBefore + this.position;
  }

  /** Memory of its own; what it reads in place is its feeder's. */
  get memoryBytes(): number {
    return this.own.length;
  }

  append(chunk: Uint8Array): void {
    const rest = this.end - this.position;
    if (rest === 0) {
      this.bytesBefore += this.position;
      this.buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.position = 0;
      this.end = chunk.byteLength;
      return;
    }
    if (rest > MAX_TOKEN_BYTES) {
      throw new MalformedAnswer(`one text is longer than ${MAX_TOKEN_BYTES} bytes`, this.offset);
    }
    this.makeRoom(rest, chunk.byteLength);
    this.buffer.set(chunk, this.end);
    this.end += chunk.byteLength;
  }

  /** Moves the unread bytes so that `more` bytes fit behind them; each move at least doubles the room, or frees half of it. */
  private makeRoom(rest: number, more: number): void {
    const owned = this.buffer === this.own;
    if (owned && this.end + more <= this.buffer.length) {
      return;
    }
    const target = 2 * rest + more <= this.own.length ? this.own : Buffer.allocUnsafe(4 * rest + 2 * more + 256);
    target.set(this.buffer.subarray(this.position, this.end), 0);
    this.own = target;
    this.buffer = target;
    this.bytesBefore += this.position;
    this.position = 0;
    this.end = rest;
  }
}
