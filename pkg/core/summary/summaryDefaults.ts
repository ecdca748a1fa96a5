import { type SummaryMetric } from '../../../src/contract/summary';
import {
  ACTIVE_CONNECTIONS_EXPR,
  CPU_USAGE_EXPR,
  MEMORY_USAGE_EXPR,
  REQUEST_RATE_EXPR,
} from '../manage/defaultDefinitions';

/** A share of what there is: bad when it is high. */
export const SHARE = { unit: 'percent', decimals: 1, min: 0, max: 100, thresholds: above(80, 90) } as const;

/** The four metrics of `/api/metrics/summary`, with the thresholds of the shipped alert rules as their upper step. */
export const SUMMARY_DEFAULTS: readonly SummaryMetric[] = [
  metric('cpu_usage', 'CPU usage', {
    expr: CPU_USAGE_EXPR,
    ...SHARE,
    aggregation: 'mean',
    job: 'node_exporter',
  }),
  metric('memory_usage', 'Memory usage', {
    expr: MEMORY_USAGE_EXPR,
    ...SHARE,
    aggregation: 'mean',
    job: 'node_exporter',
  }),
  metric('active_connections', 'Active connections', {
    expr: ACTIVE_CONNECTIONS_EXPR,
    decimals: 0,
    thresholds: above(80, 100),
    job: 'postgresql_exporter',
  }),
  // What load is too much depends on the application: no thresholds.
  metric('request_rate', 'Request rate', { expr: REQUEST_RATE_EXPR, unit: 'reqps', decimals: 2, job: 'custom_app' }),
];

export function metric(
  key: string,
  displayName: string,
  { expr, ...more }: Partial<SummaryMetric> & { expr: string }
): SummaryMetric {
  return { key, displayName, expr, unit: 'short', thresholds: [], aggregation: 'sum', min: 0, ...more };
}

export function above(warning: number, critical: number): SummaryMetric['thresholds'] {
  return [
    { value: warning, state: 'warning' },
    { value: critical, state: 'critical' },
  ];
}
