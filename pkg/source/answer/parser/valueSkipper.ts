import { type ByteQueue } from './byteQueue';
import { MalformedAnswer } from './malformedAnswer';

/** Prometheus nests five deep. */
const MAX_DEPTH = 128;

type State = 'between' | 'word' | 'string' | 'escape';

/**
 * Reads over values nobody asked for, without recursion. Only quotes and brackets are checked: a skipped value that is wrong
 * in another way does no harm.
 */
export class ValueSkipper {
  /** `word`: inside a number, `true`, `null`, … */
  private state: State = 'between';
  /** The closing brackets still to come. */
  private readonly closers: number[] = [];
  private kept: Buffer[] = [];
  private keptBytes = 0;

  constructor(private readonly queue: ByteQueue) {}

  /** True once the value is behind us, `undefined` while bytes are missing. */
  trySkip(): true | undefined {
    const { buffer, end } = this.queue;
    while (this.queue.position < end) {
      const byte = buffer[this.queue.position];
      if (this.state === 'word' && isDelimiter(byte)) {
        // the delimiter belongs to whoever comes next
        this.state = 'between';
        if (this.closers.length === 0) {
          return true;
        }
      }
      this.queue.position++;
      if (this.take(byte)) {
        return true;
      }
    }
    return undefined;
  }

  /** Like `trySkip`, giving the value's bytes, or none of them if there are more than `maxBytes`. */
  tryRaw(maxBytes: number): Buffer | undefined {
    const from = this.queue.position;
    const done = this.trySkip();
    const part = this.queue.buffer.subarray(from, this.queue.position);
    this.keptBytes += part.length;
    if (this.keptBytes <= maxBytes) {
      this.kept.push(Buffer.from(part));
    } else {
      this.kept = [];
    }
    if (!done) {
      return undefined;
    }
    const raw = Buffer.concat(this.kept);
    this.kept = [];
    this.keptBytes = 0;
    return raw;
  }

  /** Takes one byte; true if the value ends with it. */
  private take(byte: number): boolean {
    switch (this.state) {
      case 'escape':
        this.state = 'string';
        return false;
      case 'string':
        this.state = byte === 0x5c ? 'escape' : byte === 0x22 ? 'between' : 'string';
        return byte === 0x22 && this.closers.length === 0;
      default:
        return this.takeStructure(byte);
    }
  }

  private takeStructure(byte: number): boolean {
    switch (byte) {
      case 0x22:
        this.state = 'string';
        return false;
      case 0x5b:
      case 0x7b:
        if (this.closers.length === MAX_DEPTH) {
          throw this.fault(`values are nested more than ${MAX_DEPTH} deep`);
        }
        this.closers.push(byte + 2);
        return false;
      case 0x5d:
      case 0x7d:
        if (this.closers.pop() !== byte) {
          throw this.fault('a bracket does not match');
        }
        return this.closers.length === 0;
      default:
        if (!isDelimiter(byte)) {
          this.state = 'word';
        } else if (this.closers.length === 0 && (byte === 0x2c || byte === 0x3a)) {
          throw this.fault('a value was expected');
        }
        return false;
    }
  }

  private fault(message: string): MalformedAnswer {
    return new MalformedAnswer(message, this.queue.offset);
  }
}

/** White space, comma, colon, brackets and quotes end a word. */
function isDelimiter(byte: number): boolean {
  return (
    byte <= 0x20 ||
    byte === 0x2c ||
    byte === 0x3a ||
    byte === 0x5d ||
    byte === 0x7d ||
    byte === 0x5b ||
    byte === 0x7b ||
    byte === 0x22
  );
}
