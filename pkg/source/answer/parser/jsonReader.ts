import { ByteQueue } from './byteQueue';
import { MalformedAnswer } from './malformedAnswer';
import { CACHED_LENGTH, StringCache } from './stringCache';
import { ValueSkipper } from './valueSkipper';

const COMMA = 0x2c;
export const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads JSON from a body that is still arriving. Every method answers `undefined` (or -1) when the bytes at hand do not
 * suffice; the caller waits for more and calls again. Unfinished tokens remember how far they were looked at, so nothing is
 * looked at twice.
 */
export class JsonReader {
  readonly queue = new ByteQueue();
  private readonly cache = new StringCache();
  private readonly skipper = new ValueSkipper(this.queue);

  /** Bytes of the unfinished string behind its opening quote that were already looked at. */
  private scanned = 0;
  private hash = 0;
  private plain = true;
  private numberScanned = 0;

  /** Progress inside an unfinished `"key" :`, or behind the comma of an unfinished list. */
  private afterComma = false;
  private pendingKey: string | undefined;

  /** The next byte that is not white space, unread; -1 when there is none yet. */
  peek(): number {
    const queue = this.queue;
    const { buffer, end } = queue;
    let i = queue.position;
    while (i < end) {
      const byte = buffer[i];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        queue.position = i;
        return byte;
      }
      i++;
    }
    queue.position = i;
    return -1;
  }

  /** Reads the byte if it comes next: true if it did, false if another comes. */
  tryByte(byte: number): boolean | undefined {
    const next = this.peek();
    if (next === -1) {
      return undefined;
    }
    if (next !== byte) {
      return false;
    }
    this.queue.position++;
    return true;
  }

  /** The next key of the open object with its colon; null at the object's end. */
  nextKey(first: boolean): string | null | undefined {
    if (this.pendingKey === undefined) {
      const more = this.nextMember(first, CLOSE_OBJECT);
      if (more !== true) {
        return more === false ? null : undefined;
      }
      this.pendingKey = this.tryString();
      if (this.pendingKey === undefined) {
        return undefined;
      }
      this.afterComma = false;
    }
    const next = this.peek();
    if (next === -1) {
      return undefined;
    }
    if (next !== COLON) {
      throw this.fault('a colon was expected');
    }
    this.queue.position++;
    const key = this.pendingKey;
    this.pendingKey = undefined;
    return key;
  }

  /** Whether the open array has another element, which then comes next. */
  nextElement(first: boolean): boolean | undefined {
    const more = this.nextMember(first, CLOSE_ARRAY);
    if (more !== undefined) {
      this.afterComma = false;
    }
    return more;
  }

  private nextMember(first: boolean, close: number): boolean | undefined {
    let next = this.peek();
    if (!this.afterComma) {
      if (next === -1 || next === close) {
        this.queue.position += next === -1 ? 0 : 1;
        return next === -1 ? undefined : false;
      }
      if (first) {
        return true;
      }
      if (next !== COMMA) {
        throw this.fault('a comma or the end of a list was expected');
      }
      this.queue.position++;
      this.afterComma = true;
      next = this.peek();
    }
    if (next === close) {
      throw this.fault('a value was expected after the comma');
    }
    return next === -1 ? undefined : true;
  }

  /** A string, decoded. */
  tryString(): string | undefined {
    const next = this.peek();
    if (next !== QUOTE) {
      if (next === -1) {
        return undefined;
      }
      throw this.fault('a string was expected');
    }
    const { buffer, end, position } = this.queue;
    const start = position + 1;
    const close = this.scanString(buffer, start, end);
    if (close === -1) {
      return undefined;
    }
    const text = this.plain
      ? close - start <= CACHED_LENGTH
        ? this.cache.get(buffer, start, close, this.hash)
        : buffer.toString('latin1', start, close)
      : this.decode(buffer.subarray(start, close));
    this.queue.position = close + 1;
    this.scanned = 0;
    this.hash = 0;
    this.plain = true;
    return text;
  }

  /** Index of the closing quote, -1 if it has not arrived. */
  private scanString(buffer: Buffer, start: number, end: number): number {
    let hash = this.hash;
    let plain = this.plain;
    let i = start + this.scanned;
    while (i < end) {
      const byte = buffer[i];
      if (byte === QUOTE) {
        break;
      }
      if (byte === BACKSLASH) {
        plain = false;
        if (i + 1 === end) {
          // the escaped byte is missing: look at the backslash again when it is there
          break;
        }
        i += 2;
        continue;
      }
      if (byte >= 0x80) {
        plain = false;
      } else if (byte < 0x20) {
        throw this.fault('a control character stands in a string');
      }
      hash = (Math.imul(hash, 31) + byte) | 0;
      i++;
    }
    this.hash = hash;
    this.plain = plain;
    this.scanned = i - start;
    return i < end && buffer[i] === QUOTE ? i : -1;
  }

  private decode(raw: Buffer): string {
    const text = raw.toString('utf8');
    if (!raw.includes(BACKSLASH)) {
      return text;
    }
    try {
      const decoded: unknown = JSON.parse(`"${text}"`);
      return String(decoded);
    } catch {
      throw this.fault('a string has an escape that JSON does not know');
    }
  }

  /** The text of a number; what it may look like is for the caller to check. */
  tryNumber(): string | undefined {
    if (this.peek() === -1) {
      return undefined;
    }
    const { buffer, end, position } = this.queue;
    let i = position + this.numberScanned;
    while (i < end && isNumberByte(buffer[i])) {
      i++;
    }
    if (i === end) {
      this.numberScanned = end - position;
      return undefined;
    }
    this.numberScanned = 0;
    if (i === position) {
      throw this.fault('a number was expected');
    }
    this.queue.position = i;
    return buffer.toString('latin1', position, i);
  }

  /** Reads over a value of any kind. */
  trySkip(): boolean | undefined {
    return this.skipper.trySkip();
  }

  /** Like `trySkip`, and gives the value's bytes if there are no more than `maxBytes`, else an empty buffer. */
  tryRaw(maxBytes: number): Buffer | undefined {
    return this.skipper.tryRaw(maxBytes);
  }

  fault(message: string): MalformedAnswer {
    return new MalformedAnswer(message, this.queue.offset);
  }
}

function isNumberByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65;
}
