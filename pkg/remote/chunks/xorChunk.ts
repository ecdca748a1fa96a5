import { CodecError } from '../codecError';
import { type Samples } from '../../core/model/series';
import { bitsOf, type SampleColumns } from '../sampleColumns';
import { BitWriter } from './bitWriter';
import { decodeXorSamples } from './xorDecoder';
import { XorValue } from './xorValue';

/** Prometheus' chunks of floats (encoding 1): a count in two bytes, then times as differences of differences, values as xor. */

/** A sample takes two bits at least, the first one nine bytes. */
const MIN_SAMPLE_BITS = 2;

const HEADER_BYTES = 2;

/**
 * Appends a chunk's samples to `columns`.
 * @throws CodecError when the chunk is damaged, or a time lies beyond 2^53 ms
 */
export function decodeXorChunk(data: Uint8Array, columns: SampleColumns): void {
  const count = countSamples(data);
  if (count * MIN_SAMPLE_BITS > 8 * (data.length - HEADER_BYTES)) {
    throw new CodecError('broken', `a chunk of ${data.length} bytes cannot hold the ${count} samples it names`);
  }
  columns.reserve(count);
  decodeXorSamples(data, HEADER_BYTES, count, columns);
}

/** The number of samples any chunk begins with. */
export function countSamples(data: Uint8Array): number {
  if (data.length < HEADER_BYTES) {
    throw new CodecError('broken', 'a chunk without a number of samples');
  }
  return (data[0] << 8) | data[1];
}

/** One for all: encoding is synchronous. */
const writer = new BitWriter(4096);

/**
 * Samples `start … end` (exclusive) as one chunk, with the bits of their values; at most 65,535 of them.
 * @throws CodecError when times are not whole milliseconds that ascend
 */
export function encodeXorChunk({ timesMs, values }: Samples, start: number, end: number): Uint8Array {
  checkTimes(timesMs, start, end);
  const bits = bitsOf(values);
  const value = XorValue.forWriting();
  let deltaMs = 0;
  writer.writeBits(0, 8 * HEADER_BYTES);
  for (let i = start; i < end; i++) {
    const low = bits[2 * i];
    const high = bits[2 * i + 1];
    if (i === start) {
      writer.writeVarint(timesMs[i]);
      value.writeFirst(writer, high, low);
    } else {
      const nextMs = timesMs[i] - timesMs[i - 1];
      if (i === start + 1) {
        writer.writeUvarint(nextMs);
      } else {
        writeTimeStep(nextMs - deltaMs);
      }
      deltaMs = nextMs;
      value.writeNext(writer, high, low);
    }
  }
  return writer.take(end - start);
}

function checkTimes(timesMs: Float64Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    if (!Number.isSafeInteger(timesMs[i]) || (i > start && timesMs[i] < timesMs[i - 1])) {
      throw new CodecError('unsupported', 'times of a chunk must be whole milliseconds that ascend');
    }
  }
}

function writeTimeStep(step: number): void {
  if (step === 0) {
    writer.writeBits(0, 1);
  } else if (fits(step, 14)) {
    writer.writeBits(0b10, 2);
    writer.writeBits(step, 14);
  } else if (fits(step, 17)) {
    writer.writeBits(0b110, 3);
    writer.writeBits(step, 17);
  } else if (fits(step, 20)) {
    writer.writeBits(0b1110, 4);
    writer.writeBits(step, 20);
  } else {
    writer.writeBits(0b1111, 4);
    writer.writeInteger(step, 64);
  }
}

/** Whether an integer fits into so many bits as Prometheus cuts them: -(2^(bits-1) - 1) … 2^(bits-1). */
export function fits(value: number, bits: number): boolean {
  const half = 2 ** (bits - 1);
  return value > -half && value <= half;
}
