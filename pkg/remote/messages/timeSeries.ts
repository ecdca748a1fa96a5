import { type PbfReader, type PbfWriter } from 'pbf';
import { type Samples } from '../../core/model/series';
import { type Label } from '../labels';
import { type NativeHistogram } from '../nativeHistogram';
import { bitsOf, SampleColumns } from '../sampleColumns';
import { bytesTag, cutOff, enter, type Fields, fixed64Tag, readInteger, readNested, varintTag } from '../wire/fields';
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
const MAX_SAMPLE_BYTES = 2 + 9 + 11;

/** By hand too: half the time of a message a sample. */
function writeSamples({ timesMs, values }: Samples, writer: PbfWriter): void {
  const bits = bitsOf(values);
  writer.realloc(timesMs.length * MAX_SAMPLE_BYTES);
  for (let i = 0; i < timesMs.length; i++) {
    const start = writer.pos;
    writer.pos = start + 2;
    writer.buf[writer.pos++] = VALUE;
    writer.writeFixed32(bits[2 * i]);
    writer.writeFixed32(bits[2 * i + 1]);
    writer.buf[writer.pos++] = TIME;
    writer.writeVarint(timesMs[i]);
    writer.buf[start] = bytesTag(2);
    writer.buf[start + 1] = writer.pos - start - 2;
  }
}
