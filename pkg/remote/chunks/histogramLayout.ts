import { CodecError } from '../codecError';
import { bitsOf } from '../sampleColumns';
import { type BucketSpan, CUSTOM_BOUNDS_SCHEMA, type NativeHistogram } from '../nativeHistogram';
import { type BitReader } from './bitReader';
import { type BitWriter } from './bitWriter';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit';

/** What all histograms of a chunk have in common; it stands once, before the first. */
export interface HistogramLayout {
  schema: number;
  zeroThreshold: number;
  positiveSpans: BucketSpan[];
  negativeSpans: BucketSpan[];
  customBounds: Float64Array;
}

/** A threshold that is a power of two from 2^-243 to 2^10 takes one byte: its exponent plus this. */
const EXPONENT_BIAS = 244;
const WHOLE_THRESHOLD = 255;

/** What a histogram may have at most, so that a small chunk cannot ask for much memory; schema 8 has 524,032 in all. */
const MAX_BUCKETS = 1_048_576;

/** Bounds up to this many thousandths are written as such. */
const MAX_THOUSANDTHS = 33554430;

export function readLayout(reader: BitReader): HistogramLayout {
  const zeroThreshold = readZeroThreshold(reader);
  const schema = readVarbitInt(reader);
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  const customBounds = schema === CUSTOM_BOUNDS_SCHEMA ? readCustomBounds(reader) : new Float64Array(0);
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customBounds };
}

export function writeLayout(writer: BitWriter, layout: HistogramLayout): void {
  writeZeroThreshold(writer, layout.zeroThreshold);
  writeVarbitInt(writer, layout.schema);
  writeSpans(writer, layout.positiveSpans);
  writeSpans(writer, layout.negativeSpans);
  if (layout.schema === CUSTOM_BOUNDS_SCHEMA) {
    writeVarbitUint(writer, layout.customBounds.length);
    layout.customBounds.forEach((bound) => writeCustomBound(writer, bound));
  }
}

export function layoutOf(histogram: NativeHistogram): HistogramLayout {
  const { schema, zeroThreshold, positive, negative, customBounds } = histogram;
  return { schema, zeroThreshold, positiveSpans: positive.spans, negativeSpans: negative.spans, customBounds };
}

/** Whether histograms of both layouts may stand in one chunk as they are. */
export function sameLayout(a: HistogramLayout, b: HistogramLayout): boolean {
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    a.customBounds.length === b.customBounds.length &&
    a.customBounds.every((bound, i) => bound === b.customBounds[i])
  );
}

function sameSpans(a: BucketSpan[], b: BucketSpan[]): boolean {
  return a.length === b.length && a.every(({ offset, length }, i) => offset === b[i].offset && length === b[i].length);
}

/** Every bucket takes a bit at least in the first histogram: what names more than there are bits is damaged. */
function readSpans(reader: BitReader): BucketSpan[] {
  const count = boundedCount(reader, readVarbitUint(reader));
  const spans: BucketSpan[] = [];
  let buckets = 0;
  for (let i = 0; i < count; i++) {
    const length = readVarbitUint(reader);
    spans.push({ length, offset: readVarbitInt(reader) });
    buckets = boundedCount(reader, buckets + length);
  }
  return spans;
}

function boundedCount(reader: BitReader, count: number): number {
  if (count > reader.remainingBits || count > MAX_BUCKETS) {
    throw new CodecError('broken', 'a histogram chunk names more buckets than it can hold');
  }
  return count;
}

function writeSpans(writer: BitWriter, spans: BucketSpan[]): void {
  writeVarbitUint(writer, spans.length);
  for (const { length, offset } of spans) {
    writeVarbitUint(writer, length);
    writeVarbitInt(writer, offset);
  }
}

function readZeroThreshold(reader: BitReader): number {
  const byte = reader.readBits(8);
  if (byte === 0) {
    return 0;
  }
  return byte === WHOLE_THRESHOLD ? readFloat(reader) : 2 ** (byte - EXPONENT_BIAS);
}

function writeZeroThreshold(writer: BitWriter, threshold: number): void {
  const exponent = Math.round(Math.log2(threshold)) + EXPONENT_BIAS;
  if (threshold === 0) {
    writer.writeBits(0, 8);
  } else if (exponent >= 1 && exponent < WHOLE_THRESHOLD && 2 ** (exponent - EXPONENT_BIAS) === threshold) {
    writer.writeBits(exponent, 8);
  } else {
    writer.writeBits(WHOLE_THRESHOLD, 8);
    writeFloat(writer, threshold);
  }
}

function readCustomBounds(reader: BitReader): Float64Array {
  const count = boundedCount(reader, readVarbitUint(reader));
  const bounds: number[] = [];
  for (let i = 0; i < count; i++) {
    const thousandths = readVarbitUint(reader);
    bounds.push(thousandths === 0 ? readFloat(reader) : (thousandths - 1) / 1000);
  }
  return Float64Array.from(bounds);
}

function writeCustomBound(writer: BitWriter, bound: number): void {
  const thousandths = Math.round(bound * 1000);
  if (Object.is(thousandths / 1000, bound) && thousandths >= 0 && thousandths <= MAX_THOUSANDTHS) {
    writeVarbitUint(writer, thousandths + 1);
  } else {
    writer.writeBits(0, 1);
    writeFloat(writer, bound);
  }
}

function readFloat(reader: BitReader): number {
  const value = new Float64Array(1);
  reader.readWide(64);
  bitsOf(value).set([reader.low, reader.high]);
  return value[0];
}

function writeFloat(writer: BitWriter, value: number): void {
  const [low, high] = bitsOf(Float64Array.of(value));
  writer.writeWide(high, low, 64);
}
