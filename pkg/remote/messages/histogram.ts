import { type PbfReader, type PbfWriter } from 'pbf';
import { CodecError } from '../codecError';
import {
  type BucketSpan,
  COUNT,
  type CounterReset,
  countBuckets,
  type NativeHistogram,
  SUM,
  ZERO_COUNT,
} from '../nativeHistogram';
import { bitsOf, NO_FLOATS } from '../sampleColumns';
import {
  bytesTag,
  cutOff,
  type Fields,
  fixed64Tag,
  packed,
  readBytes,
  readInteger,
  readNested,
  readUnsigned,
  readZigzag,
  varintTag,
  writeDoubleBits,
} from '../wire/fields';

const RESETS: CounterReset[] = ['unknown', 'yes', 'no', 'gauge'];

/** Both forms in one message: which one it is, the fields tell that are there. */
interface WireHistogram {
  kind: NativeHistogram['kind'];
  timeMs: number;
  reset: number;
  schema: number;
  zeroThreshold: number;
  totals: Float64Array;
  negativeSpans: BucketSpan[];
  negative: WireBuckets;
  positiveSpans: BucketSpan[];
  positive: WireBuckets;
  customBounds: Uint8Array[];
}

/** Of one of the forms; floats as the bytes they are, since a number may lose bits of NaN. */
interface WireBuckets {
  deltas: number[];
  counts: Uint8Array[];
}

const SPAN: Fields<BucketSpan> = {
  [varintTag(1)]: (span, reader) => (span.offset = readZigzag(reader)),
  [varintTag(2)]: (span, reader) => (span.length = readUnsigned(reader)),
};

const readSpan = (reader: PbfReader): BucketSpan => readNested(reader, SPAN, { offset: 0, length: 0 });

/** Repeated doubles: all in one field, or one a field. */
function doubles(field: number, listOf: (histogram: WireHistogram) => Uint8Array[]): Fields<WireHistogram> {
  return {
    [fixed64Tag(field)]: (histogram, reader) => {
      listOf(histogram).push(reader.buf.subarray(reader.pos, reader.pos + DOUBLE_BYTES));
      reader.pos += DOUBLE_BYTES;
    },
    [bytesTag(field)]: (histogram, reader) => listOf(histogram).push(readBytes(reader)),
  };
}

const DOUBLE_BYTES = 8;

function toDoubles(parts: Uint8Array[]): Float64Array {
  if (parts.length === 0) {
    return NO_FLOATS;
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  if (bytes.length % DOUBLE_BYTES !== 0) {
    throw cutOff();
  }
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Float64Array(bytes.buffer);
}

const HISTOGRAM: Fields<WireHistogram> = {
  [varintTag(1)]: (histogram, reader) => {
    histogram.kind = 'integer';
    histogram.totals[COUNT] = readUnsigned(reader);
  },
  [fixed64Tag(2)]: (histogram, reader) => {
    histogram.kind = 'float';
    readTotal(histogram, reader, COUNT);
  },
  [fixed64Tag(3)]: (histogram, reader) => readTotal(histogram, reader, SUM),
  [varintTag(4)]: (histogram, reader) => (histogram.schema = readZigzag(reader)),
  [fixed64Tag(5)]: (histogram, reader) => (histogram.zeroThreshold = reader.readDouble()),
  [varintTag(6)]: (histogram, reader) => (histogram.totals[ZERO_COUNT] = readUnsigned(reader)),
  [fixed64Tag(7)]: (histogram, reader) => readTotal(histogram, reader, ZERO_COUNT),
  [bytesTag(8)]: (histogram, reader) => histogram.negativeSpans.push(readSpan(reader)),
  ...packed<WireHistogram>(9, readZigzag, ({ negative }) => negative.deltas),
  ...doubles(10, ({ negative }) => negative.counts),
  [bytesTag(11)]: (histogram, reader) => histogram.positiveSpans.push(readSpan(reader)),
  ...packed<WireHistogram>(12, readZigzag, ({ positive }) => positive.deltas),
  ...doubles(13, ({ positive }) => positive.counts),
  [varintTag(14)]: (histogram, reader) => (histogram.reset = readUnsigned(reader)),
  [varintTag(15)]: (histogram, reader) => (histogram.timeMs = readInteger(reader)),
  ...doubles(16, ({ customBounds }) => customBounds),
};

function readTotal({ totals }: WireHistogram, reader: PbfReader, index: number): void {
  bitsOf(totals).set([reader.readFixed32(), reader.readFixed32()], 2 * index);
}

/** @throws CodecError when spans name other buckets than there are */
export function readHistogram(reader: PbfReader): NativeHistogram {
  const wire = readNested(reader, HISTOGRAM, emptyHistogram());
  const { kind, timeMs, schema, zeroThreshold, totals } = wire;
  const reset = RESETS[wire.reset];
  if (!reset) {
    throw new CodecError('unsupported', `a native histogram with the reset hint ${wire.reset}`);
  }
  return {
    kind,
    timeMs,
    reset,
    schema,
    zeroThreshold,
    totals,
    positive: bucketsOf(kind, wire.positiveSpans, wire.positive),
    negative: bucketsOf(kind, wire.negativeSpans, wire.negative),
    customBounds: toDoubles(wire.customBounds),
  };
}

function emptyHistogram(): WireHistogram {
  return {
    kind: 'integer',
    timeMs: 0,
    reset: 0,
    schema: 0,
    zeroThreshold: 0,
    totals: new Float64Array(3),
    negativeSpans: [],
    negative: { deltas: [], counts: [] },
    positiveSpans: [],
    positive: { deltas: [], counts: [] },
    customBounds: [],
  };
}

function bucketsOf(
  kind: NativeHistogram['kind'],
  spans: BucketSpan[],
  { deltas, counts }: WireBuckets
): NativeHistogram['positive'] {
  const values = kind === 'float' ? toDoubles(counts) : deltas.length > 0 ? Float64Array.from(deltas) : NO_FLOATS;
  if (countBuckets(spans) !== values.length) {
    throw new CodecError('broken', 'a native histogram has other buckets than its spans name');
  }
  return { spans, values };
}

export function writeHistogram(histogram: NativeHistogram, writer: PbfWriter): void {
  const isInteger = histogram.kind === 'integer';
  if (isInteger) {
    writer.writeVarintField(1, histogram.totals[COUNT]);
  } else {
    writeTotal(histogram, writer, { field: 2, index: COUNT });
  }
  writeTotal(histogram, writer, { field: 3, index: SUM });
  writer.writeSVarintField(4, histogram.schema);
  writer.writeDoubleField(5, histogram.zeroThreshold);
  if (isInteger) {
    writer.writeVarintField(6, histogram.totals[ZERO_COUNT]);
  } else {
    writeTotal(histogram, writer, { field: 7, index: ZERO_COUNT });
  }
  writeBuckets(histogram.negative, writer, { spans: 8, values: isInteger ? 9 : 10, isInteger });
  writeBuckets(histogram.positive, writer, { spans: 11, values: isInteger ? 12 : 13, isInteger });
  writer.writeVarintField(14, RESETS.indexOf(histogram.reset));
  writer.writeVarintField(15, histogram.timeMs);
  writeDoubles(16, histogram.customBounds, writer);
}

function writeTotal(
  { totals }: NativeHistogram,
  writer: PbfWriter,
  { field, index }: { field: number; index: number }
): void {
  const bits = bitsOf(totals);
  writeDoubleBits(writer, field, { low: bits[2 * index], high: bits[2 * index + 1] });
}

function writeBuckets(
  { spans, values }: NativeHistogram['positive'],
  writer: PbfWriter,
  fields: { spans: number; values: number; isInteger: boolean }
): void {
  spans.forEach((span) => writer.writeMessage(fields.spans, writeSpan, span));
  if (fields.isInteger) {
    writer.writePackedSVarint(fields.values, [...values]);
  } else {
    writeDoubles(fields.values, values, writer);
  }
}

function writeDoubles(field: number, values: Float64Array, writer: PbfWriter): void {
  if (values.length > 0) {
    writer.writeBytesField(field, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
}

function writeSpan({ offset, length }: BucketSpan, writer: PbfWriter): void {
  writer.writeSVarintField(1, offset);
  writer.writeVarintField(2, length);
}
