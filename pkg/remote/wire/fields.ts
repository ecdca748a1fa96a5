import { PbfReader, PbfWriter } from 'pbf';
import { CodecError } from '../codecError';

/**
 * What to do with each field of a message, by its tag (number and wire type); a tag that is not there is skipped, also the
 * number of a known field with another wire type. An action must read its field.
 */
export type Fields<T> = Readonly<Record<number, (target: T, reader: PbfReader) => void>>;

/** Tags by the number of a field. */
export const varintTag = (field: number): number => field << 3;
export const fixed64Tag = (field: number): number => (field << 3) | 1;
export const bytesTag = (field: number): number => (field << 3) | 2;

/**
 * A whole message. `pbf` itself does not look where a message ends; every length is compared here with what is there before
 * anything is done with it, and where reading has come to after every field.
 * @throws CodecError when it is damaged or cut off
 */
export function readMessage<T>(bytes: Uint8Array, fields: Fields<T>, target: T): T {
  const reader = new PbfReader(bytes);
  try {
    readFields(reader, fields, target);
  } catch (error) {
    if (error instanceof CodecError) {
      throw error;
    }
    throw new CodecError('broken', 'protobuf: the message is damaged or cut off', { cause: error });
  }
  return target;
}

/** A message within a message: its length, then its fields. */
export function readNested<T>(reader: PbfReader, fields: Fields<T>, target: T): T {
  const outer = enter(reader);
  readFields(reader, fields, target);
  reader.length = outer;
  return target;
}

/** Reads a length and makes its end the reader's; returns the end to put back. */
export function enter(reader: PbfReader): number {
  const outer = reader.length;
  reader.length = readLength(reader) + reader.pos;
  return outer;
}

function readLength(reader: PbfReader): number {
  const length = reader.readVarint();
  if (length > reader.length - reader.pos) {
    throw cutOff();
  }
  return length;
}

function readFields<T>(reader: PbfReader, fields: Fields<T>, target: T): void {
  while (reader.pos < reader.length) {
    const tag = reader.readVarint();
    const action = fields[tag];
    if (action) {
      action(target, reader);
    } else {
      reader.skip(tag);
    }
    if (reader.pos > reader.length) {
      throw cutOff();
    }
  }
}

export function cutOff(): CodecError {
  return new CodecError('broken', 'protobuf: the message is cut off');
}

/** A view of the message's own bytes. */
export function readBytes(reader: PbfReader): Uint8Array {
  const length = readLength(reader);
  reader.pos += length;
  return reader.buf.subarray(reader.pos - length, reader.pos);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function readText(reader: PbfReader): string {
  const bytes = readBytes(reader);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new CodecError('broken', 'protobuf: a text is not UTF-8', { cause });
  }
}

/** An int64. @throws CodecError beyond 2^53 */
export function readInteger(reader: PbfReader): number {
  return exact(reader.readVarint(true));
}

/** A sint64 or sint32. @throws CodecError beyond 2^52 */
export function readZigzag(reader: PbfReader): number {
  const value = exact(reader.readVarint());
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}

/** A uint64. @throws CodecError beyond 2^53 */
export function readUnsigned(reader: PbfReader): number {
  return exact(reader.readVarint());
}

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new CodecError('unsupported', 'protobuf: an integer beyond 2^53, which we cannot hold exactly');
  }
  return value;
}

/** Repeated varints: all in one field, as is usual, or one a field. */
export function packed<T>(
  field: number,
  read: (reader: PbfReader) => number,
  listOf: (target: T) => number[]
): Fields<T> {
  return {
    [varintTag(field)]: (target, reader) => listOf(target).push(read(reader)),
    [bytesTag(field)]: (target, reader) => {
      const outer = enter(reader);
      const list = listOf(target);
      while (reader.pos < reader.length) {
        list.push(read(reader));
      }
      if (reader.pos > reader.length) {
        throw cutOff();
      }
      reader.length = outer;
    },
  };
}

/** The bytes of a message that `write` writes. @param sizeBytes about what it takes; more is taken where needed */
export function writeMessage<T>(
  write: (message: T, writer: PbfWriter) => void,
  message: T,
  sizeBytes = 1024
): Uint8Array {
  // not filled with zeros first, which took as long as writing
  const writer = new PbfWriter(new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer));
  write(message, writer);
  return writer.finish();
}

/** How many bytes `writeVarint` takes; ten for what is negative. */
export function varintBytes(value: number): number {
  let bytes = value < 0 ? 10 : 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) {
    bytes++;
  }
  return bytes;
}

/** Bytes without tag and length. */
export function writeRaw(bytes: Uint8Array, writer: PbfWriter): void {
  writer.realloc(bytes.length);
  writer.buf.set(bytes, writer.pos);
  writer.pos += bytes.length;
}

/** A double by its bits. */
export function writeDoubleBits(writer: PbfWriter, field: number, halves: { low: number; high: number }): void {
  writer.writeTag(field, 1);
  writer.writeFixed32(halves.low);
  writer.writeFixed32(halves.high);
}

const encoder = new TextEncoder();

/**
 * In place of pbf's own (5.1.2), which takes characters from U+20000 on for others: `|` stands there for `+` 0x10000. Nearly all
 * texts are ASCII, and short: written by hand they take a fifth of the time.
 */
export function writeText(writer: PbfWriter, field: number, text: string): void {
  const start = writer.pos;
  writer.writeVarint(bytesTag(field));
  writer.writeVarint(text.length);
  writer.realloc(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) {
      writer.pos = start;
      writer.writeBytesField(field, encoder.encode(text));
      return;
    }
    writer.buf[writer.pos++] = code;
  }
}
