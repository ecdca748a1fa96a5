import { FieldType, getFieldDisplayName, type DataFrame, type Field, type Labels } from '@grafana/data';
import { canonicalLabels } from '../../contract/standardRecord';
import { readSummaryMark, type SummaryMark } from './summaryMeta';

/** One series of numbers, wherever in the frames it lay. `timesMs`, if there, is as long as `values`. */
export interface NumericSeries {
  key: string;
  name: string;
  group?: string;
  /** Unit, thresholds, mappings and links. Its values may belong to several series (long frames). */
  field: Field;
  values: ArrayLike<unknown>;
  timesMs?: ArrayLike<number>;
  /** Usual distance of two points, if the data source said it. */
  intervalMs?: number;
  mark?: SummaryMark;
  labels: Labels;
  /** Says the same of a Summary frame and of its comparison; of other frames nothing. */
  identity?: string;
  /** Row of the series' last value in its field, for data links. */
  lastRow?: number;
  /** Where the field lay. */
  frame?: DataFrame;
}

/**
 * Finds every series of numbers: fields of wide and multi frames, and in frames with text columns one series for each
 * combination of texts. (Reducing such a table to its last row would silently pick one of many.)
 */
export function listNumericSeries(frames: readonly DataFrame[]): NumericSeries[] {
  const all = [...frames];
  const keys = new Map<string, number>();
  return frames
    .flatMap((frame) => seriesOfFrame(frame, all))
    .map((series) => ({ ...series, key: unique(series.key, keys) }));
}

function seriesOfFrame(frame: DataFrame, all: DataFrame[]): NumericSeries[] {
  const mark = readSummaryMark(frame);
  if (mark === 'unreadable' || mark?.comparisonOffsetMs !== undefined) {
    return [];
  }
  const numbers = frame.fields.filter((field) => field.type === FieldType.number && !isHidden(field));
  if (mark) {
    return [ofSummaryFrame(frame, numbers.at(0) ?? emptyField(frame, mark), mark, all)];
  }
  const texts = frame.fields.filter((field) => field.type === FieldType.string);
  return numbers.flatMap((field) =>
    texts.length > 0
      ? ofTable(frame, field, { texts, many: numbers.length > 1, all })
      : [wholeField(frame, field, getFieldDisplayName(field, frame, all))]
  );
}

function ofSummaryFrame(frame: DataFrame, field: Field, mark: SummaryMark, all: DataFrame[]): NumericSeries {
  const series = wholeField(frame, field, getFieldDisplayName(field, frame, all));
  // One label repeats the metric's key, to tell the metrics apart in alert rules.
  const labels = Object.entries(field.labels ?? {}).filter(
    ([, value]) => value !== mark.metricKey && !series.name.includes(value)
  );
  return {
    ...series,
    mark,
    identity: summaryIdentity(frame, field, mark),
    group: labels.map(([name, value]) => `${name}=${value}`).join(', ') || undefined,
  };
}

function wholeField(frame: DataFrame, field: Field, name: string): NumericSeries {
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  return {
    key: `${frame.refId ?? ''}/${name}`,
    name,
    labels: field.labels ?? {},
    field,
    values: field.values,
    timesMs: time?.values,
    intervalMs: time?.config.interval ?? undefined,
    lastRow: field.values.length - 1,
    frame,
  };
}

interface TableParts {
  texts: Field[];
  /** Whether the table has several columns of numbers, which then need names of their own. */
  many: boolean;
  all: DataFrame[];
}

/** Rows grouped by their texts, in order of appearance. */
function ofTable(frame: DataFrame, field: Field, { texts, many, all }: TableParts): NumericSeries[] {
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  const rowsByText = new Map<string, number[]>();
  for (let row = 0; row < frame.length; row++) {
    const text = texts
      .map(({ values }) => String(values[row] ?? ''))
      .filter((part) => part !== '')
      .join(' · ');
    const rows = rowsByText.get(text);
    if (rows) {
      rows.push(row);
    } else {
      rowsByText.set(text, [row]);
    }
  }
  const fieldName = getFieldDisplayName(field, frame, all);
  return [...rowsByText].map(([text, rows]) => {
    const name = text === '' ? fieldName : many ? `${text} ${fieldName}` : text;
    return {
      key: `${frame.refId ?? ''}/${name}`,
      name,
      labels: { ...field.labels, ...labelsOfRow(texts, rows[0]) },
      field,
      values: rows.map((row) => field.values[row]),
      timesMs: time && rows.map((row) => time.values[row]),
      lastRow: rows[rows.length - 1],
      frame,
    };
  });
}

/** Text columns that name things take the place of labels. */
function labelsOfRow(texts: readonly Field[], row: number): Labels {
  return Object.fromEntries(texts.map(({ name, values }) => [name, String(values[row] ?? '')]));
}

/** Metric and group of a Summary frame within its query. */
export function summaryIdentity(frame: DataFrame, field: Field, { metricKey }: SummaryMark): string {
  return JSON.stringify([frame.refId ?? '', metricKey, canonicalLabels(field.labels ?? {})]);
}

function isHidden(field: Field): boolean {
  return field.config.custom?.hideFrom?.viz === true;
}

/** A metric without any data may come without a value field; it is still a tile. */
function emptyField(frame: DataFrame, mark: SummaryMark): Field {
  return { name: frame.name ?? mark.metricKey, type: FieldType.number, config: {}, values: [] };
}

function unique(key: string, seen: Map<string, number>): string {
  const count = seen.get(key) ?? 0;
  seen.set(key, count + 1);
  return count === 0 ? key : `${key}#${count}`;
}
