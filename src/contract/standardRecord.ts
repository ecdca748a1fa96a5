/**
 * The standard record: one sample of one series as a flat row, the form in which Promkeep shows, serves and stores metrics.
 */
export interface StandardRecord {
  metric_name: string;
  /** A float; NaN and the infinities are kept as they are (JSON writes them as strings, see `toJsonRecord`). */
  metric_value: number;
  /** UTC, ISO-8601, milliseconds: `2026-01-02T03:04:05.678Z`. */
  timestamp: string;
  /** The labels without `__name__`. */
  labels: Record<string, string>;
  source: 'prometheus';
  data_type: 'metric';
}

/** What `toStandardRecords` needs of a series. `timesMs` and `values` have the same length; times are Unix milliseconds. */
export interface LabeledSamples {
  labels: Readonly<Record<string, string>> | undefined;
  timesMs: ArrayLike<number>;
  values: ArrayLike<number>;
}

/**
 * Normalizes series to standard records, in series order, then time order.
 *
 * @param series float series; a scalar is a series without labels
 * @param queryName the `metric_name` of a result that has no `__name__` (usually the query's name or its expression)
 */
export function toStandardRecords(series: Iterable<LabeledSamples>, queryName: string): StandardRecord[] {
  const records: StandardRecord[] = [];
  for (const one of series) {
    const { metricName, labels } = splitMetricName(one.labels, queryName);
    for (let i = 0; i < one.timesMs.length; i++) {
      records.push({
        metric_name: metricName,
        metric_value: one.values[i],
        timestamp: new Date(one.timesMs[i]).toISOString(),
        labels,
        source: 'prometheus',
        data_type: 'metric',
      });
    }
  }
  return records;
}

/** Separates `__name__` from the other labels; an absent or empty name is replaced by `queryName`. */
export function splitMetricName(
  labels: Readonly<Record<string, string>> | undefined,
  queryName: string
): { metricName: string; labels: Record<string, string> } {
  const { __name__: name, ...rest } = labels ?? {};
  return { metricName: name ? name : queryName, labels: rest };
}

/** A standard record as JSON carries it: JSON has no NaN and no infinities, so these become the strings Prometheus uses. */
export type JsonRecord = Omit<StandardRecord, 'metric_value'> & { metric_value: number | 'NaN' | '+Inf' | '-Inf' };

export function toJsonRecord(record: StandardRecord): JsonRecord {
  return { ...record, metric_value: toJsonNumber(record.metric_value) };
}

function toJsonNumber(value: number): JsonRecord['metric_value'] {
  if (Number.isFinite(value)) {
    return value;
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** Labels as canonical JSON: keys in code point order, no white space. Equal label sets give equal text. */
export function canonicalLabels(labels: Readonly<Record<string, string>>): string {
  const keys = Object.keys(labels).sort(compareCodePoints);
  return '{' + keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(labels[key])}`).join(',') + '}';
}

/** Order by Unicode code point, which is also the order of the UTF-8 bytes (UTF-16 order differs above U+FFFF). */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      return surrogateLast(x) - surrogateLast(y);
    }
  }
  return a.length - b.length;
}

/** Moves surrogates (which encode code points above U+FFFF) behind U+E000..U+FFFF. */
function surrogateLast(unit: number): number {
  if (unit < 0xd800) {
    return unit;
  }
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
