import { FieldType, type DataFrame, type Field, type FieldConfig, type Labels } from '@grafana/data';
import { STATE_COLORS, SUMMARY_FRAME_VERSION, type SummaryFrameMeta } from '../../contract/summary';

/** Frames as data sources send them, for the tests of this room. */

export const END_MS = Date.UTC(2026, 0, 2, 3, 4, 0);
const STEP_MS = 15_000;

/** A frame with a time field ending at END_MS and one field for each list of values. */
export function timeFrame(
  fields: Array<Partial<Field> & { values: unknown[] }>,
  more: Partial<DataFrame> = {}
): DataFrame {
  const length = fields[0].values.length;
  const times = Array.from({ length }, (_, row) => END_MS - (length - 1 - row) * STEP_MS);
  return {
    refId: 'A',
    length,
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: STEP_MS }, values: times },
      ...fields.map((field) => ({ name: 'Value', type: FieldType.number, config: {}, ...field })),
    ],
    ...more,
  };
}

export function summaryFrame({
  name = 'CPU usage',
  values,
  mark = {},
  config = {},
  labels,
}: {
  name?: string;
  values: unknown[];
  mark?: Partial<SummaryFrameMeta>;
  config?: FieldConfig;
  labels?: Labels;
}): DataFrame {
  const promkeep: SummaryFrameMeta = {
    version: SUMMARY_FRAME_VERSION,
    kind: 'summary',
    metricKey: name.toLowerCase().replaceAll(' ', '_'),
    aggregation: 'mean',
    calculation: 'last',
    ...mark,
  };
  const summary: FieldConfig = {
    displayNameFromDS: name,
    unit: 'percent',
    decimals: 1,
    thresholds: SUMMARY_THRESHOLDS,
  };
  return timeFrame([{ values, labels, config: { ...summary, ...config } }], { meta: { custom: { promkeep } } });
}

/** As JSON brings them: the first step has no value. */
const SUMMARY_THRESHOLDS = JSON.parse(
  JSON.stringify({
    mode: 'absolute',
    steps: [
      { value: null, color: STATE_COLORS.ok, state: 'ok' },
      { value: 80, color: STATE_COLORS.warning, state: 'warning' },
      { value: 90, color: STATE_COLORS.critical, state: 'critical' },
    ],
  })
) as FieldConfig['thresholds'];
