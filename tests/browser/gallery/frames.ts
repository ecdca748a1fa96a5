import { FieldType, type DataFrame } from '@grafana/data';

export const END_MS = Date.UTC(2026, 0, 2, 3, 4, 0);
const POINTS = 60;
const STEP_MS = 60_000;

interface Wanted {
  name: string;
  instance?: string;
  values: Array<number | null>;
  unit?: string;
  reason?: string;
  offsetMs?: number;
  thresholds?: boolean;
}

/** A line that ends at a value. */
export function lineTo(last: number, swing: number): number[] {
  return Array.from({ length: POINTS }, (_, i) => last + swing * Math.sin((i - POINTS + 1) / 7));
}

/** A Summary frame as it arrives from the backend. */
export function frameOf({
  name,
  instance,
  values,
  unit = 'percent',
  reason,
  offsetMs,
  thresholds = true,
}: Wanted): DataFrame {
  const key = name.toLowerCase().replaceAll(' ', '_');
  const times = values.map((_, i) => END_MS - (offsetMs ?? 0) - (values.length - 1 - i) * STEP_MS);
  const steps = [
    { value: -Infinity, color: 'green', state: 'ok' },
    { value: 80, color: 'orange', state: 'warning' },
    { value: 90, color: 'red', state: 'critical' },
  ];
  const promkeep = {
    version: 1,
    kind: 'summary',
    metricKey: key,
    aggregation: 'mean',
    calculation: 'last',
    ...(reason === undefined ? {} : { noDataReason: reason, lastSeenMs: END_MS - 3_600_000 }),
    ...(offsetMs === undefined ? {} : { comparison: { offsetMs } }),
  };
  return {
    refId: 'A',
    name: key,
    length: values.length,
    meta: { custom: { promkeep } },
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: STEP_MS }, values: times },
      {
        name: key,
        type: FieldType.number,
        labels: { metric: key, ...(instance === undefined ? {} : { instance }) },
        config: {
          displayNameFromDS: instance === undefined ? name : `${name} (${instance})`,
          unit,
          decimals: 1,
          ...(thresholds ? { thresholds: { mode: 'absolute' as never, steps } } : {}),
        },
        values,
      },
    ],
  };
}

const HOUR_MS = 3_600_000;

/** Every state a tile can be in, with changes up, down and none. */
export const STATES: DataFrame[] = [
  frameOf({ name: 'CPU usage', values: lineTo(42.4, 9) }),
  frameOf({ name: 'CPU usage', values: [37], offsetMs: 24 * HOUR_MS }),
  frameOf({ name: 'Memory usage', values: lineTo(84.2, 3) }),
  frameOf({ name: 'Memory usage', values: [91.5], offsetMs: 24 * HOUR_MS }),
  frameOf({ name: 'Disk usage', values: lineTo(96.1, 1) }),
  frameOf({ name: 'Disk usage', values: [96.1], offsetMs: 24 * HOUR_MS }),
  frameOf({ name: 'Active connections', values: [], reason: 'no series: is the job postgresql_exporter scraped?' }),
  frameOf({ name: 'Request rate', values: lineTo(1234.5, 300), unit: 'reqps', thresholds: false }),
];

export const GROUPED: DataFrame[] = ['web-1', 'web-2', 'db-1'].flatMap((instance, i) => [
  frameOf({ name: 'CPU usage', instance, values: lineTo(30 + 28 * i, 6) }),
  frameOf({ name: 'Memory usage', instance, values: lineTo(90 - 12 * i, 4) }),
]);

export function manyFrames(count: number): DataFrame[] {
  return Array.from({ length: count }, (_, i) =>
    frameOf({ name: 'CPU usage', instance: `web-${i + 1}`, values: lineTo((i * 7) % 100, 5) })
  );
}
