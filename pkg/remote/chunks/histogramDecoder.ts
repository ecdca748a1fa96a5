import { CodecError } from '../codecError';
import { bitsOf, isStale, markStale } from '../sampleColumns';
import { countBuckets, type CounterReset, isStaleHistogram, type NativeHistogram, SUM } from '../nativeHistogram';
import { BitReader, safe } from './bitReader';
import { FloatFields, type HistogramFields, IntegerFields, TOTAL_FIELDS } from './histogramFields';
import { type HistogramLayout, readLayout } from './histogramLayout';
import { readVarbitInt } from './varbit';
import { countSamples } from './xorChunk';
import { XorValue } from './xorValue';

/** By the two highest bits of the third byte: what is known of a counter reset before the first histogram. */
export const RESETS: CounterReset[] = ['unknown', 'no', 'yes', 'gauge'];

/** Number of histograms, and the byte above. */
export const HISTOGRAM_HEADER_BYTES = 3;

/**
 * The histograms of a chunk (encoding 2: integers, 3: floats), one at a time, since a small chunk may hold large ones. The
 * first has the chunk's word on resets, the others of a counter `no`. A stale marker has no buckets and no layout.
 * @throws CodecError when the chunk is damaged, or an integer lies beyond 2^53
 */
export function* decodeHistogramChunk(kind: NativeHistogram['kind'], data: Uint8Array): Generator<NativeHistogram> {
  const count = countSamples(data);
  if (count === 0) {
    return;
  }
  if (data.length <= HISTOGRAM_HEADER_BYTES) {
    throw new CodecError('broken', 'a histogram chunk without a layout');
  }
  let reset = RESETS[data[2] >>> 6];
  for (const histogram of readHistograms(kind, new BitReader(data, HISTOGRAM_HEADER_BYTES), count)) {
    yield isStaleHistogram(histogram) ? histogram : { ...histogram, reset };
    reset = reset === 'gauge' ? 'gauge' : 'no';
  }
}

function* readHistograms(kind: NativeHistogram['kind'], reader: BitReader, count: number): Generator<NativeHistogram> {
  const layout = readLayout(reader);
  const positiveCount = countBuckets(layout.positiveSpans);
  const negativeCount = countBuckets(layout.negativeSpans);
  const fieldCount = TOTAL_FIELDS + positiveCount + negativeCount;
  const fields: HistogramFields =
    kind === 'integer' ? new IntegerFields(fieldCount) : new FloatFields(fieldCount, XorValue.forReading);
  const sum = XorValue.forReading();
  let timeMs = 0;
  let deltaMs = 0;
  for (let i = 0; i < count; i++) {
    const step = readVarbitInt(reader);
    deltaMs = i === 0 ? 0 : safe(deltaMs + step);
    timeMs = i === 0 ? step : safe(timeMs + deltaMs);
    const totals = new Float64Array(TOTAL_FIELDS);
    fields.read(reader, totals, 0);
    if (i === 0) {
      sum.readFirst(reader);
    } else {
      sum.readNext(reader);
    }
    if (isStale(sum.low, sum.high)) {
      yield staleHistogram(kind, timeMs);
      continue;
    }
    const positive = new Float64Array(positiveCount);
    const negative = new Float64Array(negativeCount);
    fields.read(reader, positive, TOTAL_FIELDS);
    fields.read(reader, negative, TOTAL_FIELDS + positiveCount);
    yield { kind, timeMs, ...headOf(layout, totals, sum), ...bucketsOf(layout, positive, negative) };
  }
}

function headOf({ schema, zeroThreshold, customBounds }: HistogramLayout, counts: Float64Array, sum: XorValue) {
  const totals = new Float64Array(3);
  totals.set(counts);
  bitsOf(totals).set([sum.low, sum.high], 2 * SUM);
  return { schema, zeroThreshold, customBounds, totals, reset: 'unknown' as const };
}

function bucketsOf({ positiveSpans, negativeSpans }: HistogramLayout, positive: Float64Array, negative: Float64Array) {
  return {
    positive: { spans: positiveSpans, values: positive },
    negative: { spans: negativeSpans, values: negative },
  };
}

/** A stale marker of histograms: only its sum is there, and that is the marker. */
function staleHistogram(kind: NativeHistogram['kind'], timeMs: number): NativeHistogram {
  const totals = new Float64Array(3);
  markStale(totals, SUM);
  const none = (): NativeHistogram['positive'] => ({ spans: [], values: new Float64Array(0) });
  return {
    kind,
    timeMs,
    reset: 'unknown',
    schema: 0,
    zeroThreshold: 0,
    totals,
    positive: none(),
    negative: none(),
    customBounds: new Float64Array(0),
  };
}
