import { type PbfReader, type PbfWriter } from 'pbf';
import { type Label } from '../../core/model/rawSeries';
import { bytesTag, type Fields, readNested, readText, writeText } from '../wire/fields';

const LABEL: Fields<Label> = {
  [bytesTag(1)]: (label, reader) => (label.name = readText(reader)),
  [bytesTag(2)]: (label, reader) => (label.value = readText(reader)),
};

/** For the field `labels` of a series. */
export function readLabel({ labels }: { labels: Label[] }, reader: PbfReader): void {
  labels.push(readNested(reader, LABEL, { name: '', value: '' }));
}

/** Field 1 of every message that has labels. */
export function writeLabels(labels: readonly Label[], writer: PbfWriter): void {
  for (const label of labels) {
    writer.writeMessage(1, writeLabel, label);
  }
}

function writeLabel({ name, value }: Label, writer: PbfWriter): void {
  writeText(writer, 1, name);
  writeText(writer, 2, value);
}
