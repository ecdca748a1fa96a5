import { CodecError } from '../codecError';
import { bitsOf } from '../sampleColumns';
import { countBuckets, isStaleHistogram, type NativeHistogram, SUM } from '../nativeHistogram';
import { BitWriter } from './bitWriter';
import { RESETS } from './histogramDecoder';
import { FloatFields, type HistogramFields, IntegerFields, TOTAL_FIELDS } from './histogramFields';
import { layoutOf, sameLayout, writeLayout } from './histogramLayout';
import { writeVarbitInt } from './varbit';
import { XorValue } from './xorValue';

/** Whether `next` may stand behind `before` in one chunk, so that both come out as they went in. */
export function mayFollow(before: NativeHistogram, next: NativeHistogram): boolean {
  if (before.kind !== next.kind) {
    return false;
  }
  if (isStaleHistogram(next)) {
    return true;
  }
  const reset = before.reset === 'gauge' ? 'gauge' : 'no';
  return !isStaleHistogram(before) && next.reset === reset && sameLayout(layoutOf(before), layoutOf(next));
}

/**
 * Histograms that may follow each other (`mayFollow`) as one chunk.
 * @throws CodecError when buckets and spans do not agree, or an integer is none
 */
export function encodeHistogramChunk(histograms: readonly NativeHistogram[]): Uint8Array {
  const writer = new BitWriter();
  writer.writeBits(0, 16);
  writer.writeBits(RESETS.indexOf(histograms[0].reset) << 6, 8);
  const layout = layoutOf(histograms[0]);
  writeLayout(writer, layout);
  const positiveCount = countBuckets(layout.positiveSpans);
  const negativeCount = countBuckets(layout.negativeSpans);
  const count = TOTAL_FIELDS + positiveCount + negativeCount;
  const fields =
    histograms[0].kind === 'integer' ? new IntegerFields(count) : new FloatFields(count, XorValue.forWriting);
  const sum = XorValue.forWriting();
  let deltaMs = 0;
  histograms.forEach((histogram, i) => {
    const nextMs = i === 0 ? 0 : histogram.timeMs - histograms[i - 1].timeMs;
    writeVarbitInt(writer, i === 0 ? histogram.timeMs : nextMs - deltaMs);
    deltaMs = nextMs;
    writeTotals(writer, { histogram, fields, sum, isFirst: i === 0 });
    if (!isStaleHistogram(histogram)) {
      const { positive, negative } = histogram;
      if (positive.values.length !== positiveCount || negative.values.length !== negativeCount) {
        throw new CodecError('broken', 'a histogram has other buckets than its spans name');
      }
      fields.write(writer, positive.values, TOTAL_FIELDS);
      fields.write(writer, negative.values, TOTAL_FIELDS + positiveCount);
    }
  });
  return writer.take(histograms.length);
}

interface Totals {
  histogram: NativeHistogram;
  fields: HistogramFields;
  sum: XorValue;
  isFirst: boolean;
}

function writeTotals(writer: BitWriter, { histogram, fields, sum, isFirst }: Totals): void {
  if (isStaleHistogram(histogram) && !isFirst) {
    fields.writeStaleTotals(writer);
  } else {
    fields.write(writer, histogram.totals.subarray(0, TOTAL_FIELDS), 0);
  }
  const bits = bitsOf(histogram.totals);
  const [low, high] = [bits[2 * SUM], bits[2 * SUM + 1]];
  if (isFirst) {
    sum.writeFirst(writer, high, low);
  } else {
    sum.writeNext(writer, high, low);
  }
}
