import { type BitReader } from './bitReader';
import { type BitWriter } from './bitWriter';
import { fits } from './xorChunk';

/** Integers of histogram chunks: so many ones and a zero (none after eight) say how many bits follow. */
const CLASS_BITS = [0, 3, 6, 9, 12, 18, 25, 56, 64];
const LAST_CLASS = CLASS_BITS.length - 1;

export function readVarbitInt(reader: BitReader): number {
  const bits = CLASS_BITS[reader.countOnes(LAST_CLASS)];
  return bits === 0 ? 0 : reader.readSigned(bits);
}

export function readVarbitUint(reader: BitReader): number {
  const bits = CLASS_BITS[reader.countOnes(LAST_CLASS)];
  return bits === 0 ? 0 : reader.readUnsigned(bits);
}

export function writeVarbitInt(writer: BitWriter, value: number): void {
  write(writer, value, value === 0 ? 0 : CLASS_BITS.findIndex((bits) => bits > 0 && fits(value, bits)));
}

export function writeVarbitUint(writer: BitWriter, value: number): void {
  write(
    writer,
    value,
    CLASS_BITS.findIndex((bits) => value < 2 ** bits)
  );
}

function write(writer: BitWriter, value: number, index: number): void {
  if (index < LAST_CLASS) {
    writer.writeBits(2 ** (index + 1) - 2, index + 1);
  } else {
    writer.writeBits(0xff, 8);
  }
  if (index > 0) {
    writer.writeInteger(value, CLASS_BITS[index]);
  }
}
