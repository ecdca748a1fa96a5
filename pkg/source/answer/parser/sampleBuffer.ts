import { type ByteQueue } from './byteQueue';
import { divideByPowerOfTen, parseGoFloat } from './decimal';

/** With this many bytes at hand a sample as servers write it (62 bytes at most) lies whole in the buffer. */
const FAST_BYTES = 64;
const ZERO = 0x30;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Copying by hand is faster than `slice` below this length; an instant vector has one sample a series. */
const SHORT = 8;

/** Samples of the series being read. One buffer serves all series, so it grows once, not once a series. */
export class SampleBuffer {
  private timesMs = new Float64Array(64);
  private values = new Float64Array(64);
  private length = 0;
  /** Of the series before. */
  private lastTimesMs: Float64Array = new Float64Array(0);

  /** Of the series being read. */
  get count(): number {
    return this.length;
  }

  push(timeMs: number, value: number): void {
    if (this.length === this.timesMs.length) {
      this.grow();
    }
    this.timesMs[this.length] = timeMs;
    this.values[this.length++] = value;
  }

  /**
   * The samples in arrays of exactly their number; the buffer is empty afterwards. The series of a range query mostly lie on
   * one grid, so one whose times are those of the series before shares its array: a third less memory, and times are encoded
   * once.
   */
  take(): { timesMs: Float64Array; values: Float64Array } {
    if (!this.hasTimesOf(this.lastTimesMs)) {
      this.lastTimesMs = copy(this.timesMs, this.length);
    }
    const taken = { timesMs: this.lastTimesMs, values: copy(this.values, this.length) };
    this.length = 0;
    return taken;
  }

  private hasTimesOf(timesMs: Float64Array): boolean {
    if (this.length !== timesMs.length) {
      return false;
    }
    for (let i = 0; i < timesMs.length; i++) {
      if (timesMs[i] !== this.timesMs[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Reads samples in the form Go writes them, `[1705590315.123,"4.2"]` with commas between, as long as they lie whole in the
   * buffer and are not unusual in any way. Large answers spend their time here.
   *
   * @param bytes `position` is that of the first byte of a sample, or of the comma before it if `comma`
   * @param most how many samples to read at most
   * @returns the position behind the last sample read; the given one if there was none
   */
  readRun(
    { buffer, position, end }: Pick<ByteQueue, 'buffer' | 'position' | 'end'>,
    comma: boolean,
    most: number
  ): number {
    const last = end - FAST_BYTES;
    const enough = this.length + most;
    let done = position;
    let skip = comma ? 1 : 0;
    while (done <= last && this.length < enough) {
      if (this.length === this.timesMs.length) {
        this.grow();
      }
      if ((skip === 1 && buffer[done] !== COMMA) || buffer[done + skip] !== OPEN_ARRAY) {
        break;
      }
      let at = this.readTime(buffer, done + skip + 1);
      if (at < 0 || buffer[at] !== COMMA || buffer[at + 1] !== QUOTE) {
        break;
      }
      at = this.readValue(buffer, at + 2, end);
      if (at < 0 || buffer[at] !== CLOSE_ARRAY) {
        break;
      }
      this.length++;
      done = at + 1;
      skip = 1;
    }
    return done;
  }

  /** Stores the time at `i` as the next sample's; the position behind it, or -1. */
  private readTime(buffer: Buffer, start: number): number {
    let i = start;
    let timeMs = 0;
    let digit = buffer[i] - ZERO;
    while (digit >= 0 && digit <= 9) {
      timeMs = timeMs * 10 + digit;
      digit = buffer[++i] - ZERO;
    }
    // 12 digits of seconds are the year 33658; anything else is for the careful path
    if (i === start || i > start + 12) {
      return -1;
    }
    timeMs *= 1000;
    if (buffer[i] === POINT) {
      for (let unit = 100; unit >= 1; unit /= 10) {
        digit = buffer[++i] - ZERO;
        if (!(digit >= 0 && digit <= 9)) {
          break;
        }
        timeMs += digit * unit;
        if (unit === 1) {
          i++;
        }
      }
    }
    this.timesMs[this.length] = timeMs;
    return i;
  }

  /** Stores the number at `start`, behind its opening quote, as the next sample's; the position behind the closing quote, or -1. */
  private readValue(buffer: Buffer, start: number, end: number): number {
    const negative = buffer[start] === MINUS;
    const first = negative ? start + 1 : start;
    let i = first;
    let high = 0;
    let digit = buffer[i] - ZERO;
    while (digit >= 0 && digit <= 9 && high < 1e12) {
      high = high * 10 + digit;
      digit = buffer[++i] - ZERO;
    }
    let low = 0;
    let lowStart = i;
    let lowDigits = 0;
    while (digit >= 0 && digit <= 9) {
      low = low * 10 + digit;
      digit = buffer[++i] - ZERO;
    }
    lowDigits = i - lowStart;
    let fraction = 0;
    if (buffer[i] === POINT && i > first) {
      const point = ++i;
      digit = buffer[i] - ZERO;
      while (digit >= 0 && digit <= 9 && high < 1e12) {
        high = high * 10 + digit;
        digit = buffer[++i] - ZERO;
      }
      lowStart = i;
      while (digit >= 0 && digit <= 9) {
        low = low * 10 + digit;
        digit = buffer[++i] - ZERO;
      }
      lowDigits += i - lowStart;
      fraction = i - point;
    }
    const value = i > first && buffer[i] === QUOTE ? divideByPowerOfTen(high, low, lowDigits, fraction) : NaN;
    if (value !== value) {
      return this.readUnusualValue(buffer, start, end);
    }
    this.values[this.length] = negative ? -value : value;
    return i + 1;
  }

  /** NaN, infinities, exponents and more than 17 digits. */
  private readUnusualValue(buffer: Buffer, start: number, end: number): number {
    const close = Math.min(end, start + FAST_BYTES);
    let i = start;
    while (i < close && buffer[i] !== QUOTE) {
      i++;
    }
    const value = i < close ? parseGoFloat(buffer.toString('latin1', start, i)) : undefined;
    if (value === undefined) {
      return -1;
    }
    this.values[this.length] = value;
    return i + 1;
  }

  private grow(): void {
    const timesMs = new Float64Array(this.timesMs.length * 2);
    const values = new Float64Array(this.values.length * 2);
    timesMs.set(this.timesMs);
    values.set(this.values);
    this.timesMs = timesMs;
    this.values = values;
  }
}

function copy(from: Float64Array, length: number): Float64Array {
  if (length > SHORT) {
    return from.slice(0, length);
  }
  const to = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    to[i] = from[i];
  }
  return to;
}
