import { JsonReader } from './jsonReader';

/** A parser that pauses (`yield`) when it runs out of bytes and is resumed when there are more. */
export type Parsing<T = void> = Generator<undefined, T, undefined>;

/**
 * The reader's steps as generators: each pauses while the reader has too few bytes. Where it counts (labels, samples) the
 * grammar calls the reader itself, since a generator costs about 60 ns.
 */
export class PausingReader {
  readonly now = new JsonReader();

  /** The next key of the open object, null at its end. */
  *key(first: boolean): Parsing<string | null> {
    let key: string | null | undefined;
    while ((key = this.now.nextKey(first)) === undefined) {
      yield;
    }
    return key;
  }

  /** Whether the open array has another element. */
  *element(first: boolean): Parsing<boolean> {
    let more: boolean | undefined;
    while ((more = this.now.nextElement(first)) === undefined) {
      yield;
    }
    return more;
  }

  *anotherElement(first = false): Parsing {
    if (!(yield* this.element(first))) {
      throw this.now.fault('a list is too short');
    }
  }

  *endOfList(): Parsing {
    if (yield* this.element(false)) {
      throw this.now.fault('a list is too long');
    }
  }

  *string(): Parsing<string> {
    let text: string | undefined;
    while ((text = this.now.tryString()) === undefined) {
      yield;
    }
    return text;
  }

  *number(): Parsing<string> {
    let text: string | undefined;
    while ((text = this.now.tryNumber()) === undefined) {
      yield;
    }
    return text;
  }

  /** Whether a value opens with this bracket, which is then read; a value of another kind is skipped. */
  *opens(bracket: number): Parsing<boolean> {
    let opened: boolean | undefined;
    while ((opened = this.now.tryByte(bracket)) === undefined) {
      yield;
    }
    if (!opened) {
      yield* this.skip();
    }
    return opened;
  }

  *skip(): Parsing {
    while (this.now.trySkip() === undefined) {
      yield;
    }
  }

  /** The bytes of a value of any kind; none if there are more than `maxBytes`. */
  *raw(maxBytes: number): Parsing<Buffer> {
    let raw: Buffer | undefined;
    while ((raw = this.now.tryRaw(maxBytes)) === undefined) {
      yield;
    }
    return raw;
  }

  /** The first byte of the next value. */
  *peek(): Parsing<number> {
    let byte: number;
    while ((byte = this.now.peek()) === -1) {
      yield;
    }
    return byte;
  }
}
