import { hash } from 'node:crypto';
import { LIMITS } from '../../core/model/limits';
import { type Label, type RawSeries } from '../../core/model/rawSeries';
import { compareUtf8 } from '../../remote/labels';
import { LONE_SURROGATE } from '../write/seriesIdentity';

/** A series that can be stored. */
export interface NamedSeries extends RawSeries {
  /** By the bytes of their names; none is empty. */
  labels: readonly Label[];
  /** See `promkeep_raw_series.fingerprint`. */
  print: Buffer;
}

export const PRINT_BYTES = 16;

/** An entry of an index has at most 2,704 bytes, of which the name is most. */
export const NAME_BYTES = 2_500;

/** A series as it is stored, or what is wrong with its labels. Prometheus takes an empty label for an absent one. */
export function nameSeries(series: RawSeries): NamedSeries | string {
  const labels = inOrder(series.labels);
  const fault = findFault(labels);
  return fault ?? { labels, chunks: series.chunks, print: printOf(labels) };
}

function inOrder(given: readonly Label[]): readonly Label[] {
  const isPlain = given.every(
    ({ name, value }, i) => value !== '' && (i === 0 || compareUtf8(given[i - 1].name, name) < 0)
  );
  return isPlain ? given : given.filter(({ value }) => value !== '').sort((a, b) => compareUtf8(a.name, b.name));
}

function findFault(labels: readonly Label[]): string | undefined {
  for (let i = 0; i < labels.length; i++) {
    const { name, value } = labels[i];
    if (name.includes('\0') || value.includes('\0')) {
      return `label ${JSON.stringify(name)} holds a NUL character, which PostgreSQL cannot store`;
    }
    if (LONE_SURROGATE.test(name) || LONE_SURROGATE.test(value)) {
      return `label ${JSON.stringify(name)} holds half a surrogate pair, which is not a character`;
    }
    if (name.length > LIMITS.nameLength || Buffer.byteLength(name) > NAME_BYTES) {
      return `the name of a label has ${name.length} characters, more than ${LIMITS.nameLength} or ${NAME_BYTES} bytes`;
    }
    if (i > 0 && name === labels[i - 1].name) {
      return `label ${JSON.stringify(name)} is there twice`;
    }
  }
  return undefined;
}

function printOf(labels: readonly Label[]): Buffer {
  let text = '';
  for (const { name, value } of labels) {
    text += `${name}\0${value}\0`;
  }
  return hash('sha256', text, 'buffer').subarray(0, PRINT_BYTES);
}
