import { toJsonRecord, type StandardRecord } from '../../contract/standardRecord';
import { type Tile } from './tile';

/** A standard record of any data source: only Prometheus' own say `prometheus`. */
export type ShownRecord = Omit<StandardRecord, 'source'> & { source: string };

/**
 * The shown values as standard records. A tile without a value or without a known time has none.
 *
 * @param source where the values come from: `prometheus`, or the type of the data source
 */
export function shownRecords(tiles: readonly Tile[], source: string): ShownRecord[] {
  return tiles.flatMap(({ value, valueAtMs, metricName, labels }) => {
    if (!value || valueAtMs === undefined) {
      return [];
    }
    const { __name__: _name, ...others } = labels;
    const timestamp = new Date(valueAtMs).toISOString();
    return [
      { metric_name: metricName, metric_value: value.numeric, timestamp, labels: others, source, data_type: 'metric' },
    ];
  });
}

export function recordsAsJson(records: readonly ShownRecord[]): string {
  return JSON.stringify(
    records.map((record) => ({ ...toJsonRecord({ ...record, source: 'prometheus' }), source: record.source })),
    null,
    2
  );
}

const COLUMNS = ['metric_name', 'metric_value', 'timestamp', 'labels', 'source', 'data_type'] as const;

/** RFC 4180, labels as JSON. A text that a spreadsheet would run as a formula gets an apostrophe before it. */
export function recordsAsCsv(records: readonly ShownRecord[]): string {
  const rows = records.map((record) =>
    COLUMNS.map((column) => {
      const cell = record[column];
      return typeof cell === 'number' ? String(cell) : quote(typeof cell === 'string' ? cell : JSON.stringify(cell));
    }).join(',')
  );
  return [COLUMNS.join(','), ...rows, ''].join('\r\n');
}

function quote(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
