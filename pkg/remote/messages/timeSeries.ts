import { type PbfReader, type PbfWriter } from 'pbf';
import { type Samples } from '../../core/model/series';
import { type Label } from '../../core/model/rawSeries';
import { type NativeHistogram } from '../nativeHistogram';
import { bitsOf, SampleColumns } from '../sampleColumns';
import {
  bytesTag,
  cutOff,
  enter,
  type Fields,
  fixed64Tag,
  readInteger,
  readNested,
  varintBytes,
  varintTag,
} from '../wire/fields';
import { readHistogram, writeHistogram } from './histogram';
import { readLabel, writeLabels } from './label';

/** A series with its samples, of remote read (`SAMPLES`) and of remote write. Exemplars are left out. */
export interface TimeSeries {
  labels: Label[];
  /** Values with the bits they had; see `SampleColumns`. */
  samples: Samples;
  histograms: NativeHistogram[];
}

interface WireSeries {
  labels: Label[];
  columns: SampleColumns;
  histograms: NativeHistogram[];
}

const SERIES: Fields<WireSeries> = {
  [bytesTag(1)]: readLabel,
  [bytesTag(2)]: ({ columns }, reader) => readSample(columns, reader),
  [bytesTag(4)]: ({ histograms }, reader) => histograms.push(readHistogram(reader)),
};

const SAMPLES = bytesTag(2);
const VALUE = fixed64Tag(1);
const TIME = varintTag(2);

/** By hand, not by a table: there are millions of them. */
function readSample(columns: SampleColumns, reader: PbfReader): void {
  const outer = enter(reader);
  const end = reader.length;
  let low = 0;
  let high = 0;
  let timeMs = 0;
  while (reader.pos < end) {
    const tag = reader.readVarint();
    if (tag === VALUE) {
      low = reader.readFixed32();
      high = reader.readFixed32();
    } else if (tag === TIME) {
      timeMs = readInteger(reader);
    } else {
      reader.skip(tag);
    }
  }
  if (reader.pos > end) {
    throw cutOff();
  }
  reader.length = outer;
  columns.push(timeMs, low, high);
}

export function readTimeSeries(reader: PbfReader): TimeSeries {
  const { labels, columns, histograms } = readNested(reader, SERIES, {
    labels: [],
    columns: new SampleColumns(),
    histograms: [],
  });
  return { labels, samples: columns.samples(), histograms };
}

export function writeTimeSeries({ labels, samples, histograms }: TimeSeries, writer: PbfWriter): void {
  writeLabels(labels, writer);
  writeSamples(samples, writer);
  histograms.forEach((histogram) => writer.writeMessage(4, writeHistogram, histogram));
}

/** Tag and length of a sample, tag and bits of its value, tag and varint of its time. */
export const MAX_SAMPLE_BYTES = 2 + 9 + 11;

/** What the samples of these series take at most, so that a buffer need not grow. */
export function maxSampleBytes(series: readonly TimeSeries[]): number {
  return series.reduce((sum, { samples }) => sum + samples.timesMs.length * MAX_SAMPLE_BYTES, 0);
}

/** What a sample takes with its tag and length: all of them shorter than 128 bytes. */
export function sampleBytes(timeMs: number): number {
  return 12 + varintBytes(timeMs);
}

/** By hand too: a message of `pbf` for each takes twice the time. A zero is written, which keeps the sign of -0. */
export function writeSamples({ timesMs, values }: Samples, writer: PbfWriter): void {
  const bits = bitsOf(values);
  writer.realloc(timesMs.length * MAX_SAMPLE_BYTES);
  const { buf, dataView } = writer;
  for (let i = 0; i < timesMs.length; i++) {
    const start = writer.pos;
    buf[start] = SAMPLES;
    buf[start + 2] = VALUE;
    dataView.setUint32(start + 3, bits[2 * i], true);
    dataView.setUint32(start + 7, bits[2 * i + 1], true);
    buf[start + 11] = TIME;
    writer.pos = start + 12;
    writeTime(timesMs[i], writer);
    buf[start + 1] = writer.pos - start - 2;
  }
}

const LOW_BITS = 28;

/** Times of our days have six bytes: four of them at once. */
function writeTime(timeMs: number, writer: PbfWriter): void {
  const high = Math.floor(timeMs / 2 ** LOW_BITS);
  if (high > 0) {
    const low = timeMs - high * 2 ** LOW_BITS;
    writer.buf[writer.pos++] = low | 0x80;
    writer.buf[writer.pos++] = (low >>> 7) | 0x80;
    writer.buf[writer.pos++] = (low >>> 14) | 0x80;
    writer.buf[writer.pos++] = (low >>> 21) | 0x80;
  }
  writer.writeVarint(high > 0 ? high : timeMs);
}
