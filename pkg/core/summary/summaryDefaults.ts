import { type SummaryMetric } from '../../../src/contract/summary';
import {
  ACTIVE_CONNECTIONS_EXPR,
  CPU_USAGE_EXPR,
  MEMORY_USAGE_EXPR,
  REQUEST_RATE_EXPR,
} from '../manage/defaultDefinitions';

/** The four metrics of `/api/metrics/summary`, with the thresholds of the shipped alert rules as their upper step. */
export const SUMMARY_DEFAULTS: readonly SummaryMetric[] = [
  {
    key: 'cpu_usage',
    displayName: 'CPU usage',
    expr: CPU_USAGE_EXPR,
    unit: 'percent',
    decimals: 1,
    thresholds: [
      { value: 80, state: 'warning' },
      { value: 90, state: 'critical' },
    ],
    aggregation: 'mean',
    min: 0,
    max: 100,
    job: 'node_exporter',
  },
  {
    key: 'memory_usage',
    displayName: 'Memory usage',
    expr: MEMORY_USAGE_EXPR,
    unit: 'percent',
    decimals: 1,
    thresholds: [
      { value: 80, state: 'warning' },
      { value: 90, state: 'critical' },
    ],
    aggregation: 'mean',
    min: 0,
    max: 100,
    job: 'node_exporter',
  },
  {
    key: 'active_connections',
    displayName: 'Active connections',
    expr: ACTIVE_CONNECTIONS_EXPR,
    unit: 'short',
    decimals: 0,
    thresholds: [
      { value: 80, state: 'warning' },
      { value: 100, state: 'critical' },
    ],
    aggregation: 'sum',
    min: 0,
    job: 'postgresql_exporter',
  },
  {
    // What load is too much depends on the application: no thresholds.
    key: 'request_rate',
    displayName: 'Request rate',
    expr: REQUEST_RATE_EXPR,
    unit: 'reqps',
    decimals: 2,
    thresholds: [],
    aggregation: 'sum',
    min: 0,
    job: 'custom_app',
  },
];
