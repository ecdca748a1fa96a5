import { type SummaryMetric } from '../../../src/contract/summary';
import { REQUEST_DURATION_P95_EXPR } from '../manage/defaultDefinitions';
import { above, metric, SHARE, SUMMARY_DEFAULTS } from './summaryDefaults';

export const PRESET_NAMES = ['node', 'postgres', 'mysql', 'redis', 'app'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** A hit ratio is bad when it is low. */
const HIT_LIMITS: SummaryMetric['thresholds'] = [
  { value: 0, state: 'warning' },
  { value: 90, state: 'ok' },
];
/** File systems that are full by nature, or that lie in memory. */
const DISKS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|devtmpfs"';

const NODE: SummaryMetric[] = [
  ...shipped('cpu_usage', 'memory_usage'),
  metric('node_disk_usage', 'Fullest disk', {
    expr: `100 * (1 - node_filesystem_avail_bytes{${DISKS}} / node_filesystem_size_bytes{${DISKS}})`,
    ...SHARE,
    aggregation: 'max',
  }),
  metric('node_load_per_cpu', 'Load per CPU', {
    expr: 'node_load1 / on (job, instance) count by (job, instance) (node_cpu_seconds_total{mode="idle"})',
    decimals: 2,
    thresholds: above(1, 2),
    aggregation: 'max',
  }),
  metric('node_network_receive', 'Network in', {
    expr: 'rate(node_network_receive_bytes_total{device!="lo"}[5m])',
    unit: 'Bps',
  }),
];

const POSTGRES: SummaryMetric[] = [
  ...shipped('active_connections'),
  metric('pg_connection_share', 'Connections in use', {
    expr: '100 * sum by (job, instance) (pg_stat_database_numbackends) / max by (job, instance) (pg_settings_max_connections)',
    ...SHARE,
    aggregation: 'max',
  }),
  metric('pg_transaction_rate', 'Transactions', {
    expr: 'rate(pg_stat_database_xact_commit[5m]) + rate(pg_stat_database_xact_rollback[5m])',
    unit: 'ops',
  }),
  metric('pg_cache_hit', 'Cache hits', {
    expr: '100 * sum by (job, instance) (rate(pg_stat_database_blks_hit[5m])) / (sum by (job, instance) (rate(pg_stat_database_blks_hit[5m])) + sum by (job, instance) (rate(pg_stat_database_blks_read[5m])))',
    ...SHARE,
    thresholds: HIT_LIMITS,
    aggregation: 'min',
  }),
  metric('pg_database_size', 'Database size', { expr: 'pg_database_size_bytes', unit: 'bytes' }),
];

const MYSQL: SummaryMetric[] = [
  metric('mysql_connections', 'MySQL connections', { expr: 'mysql_global_status_threads_connected', decimals: 0 }),
  metric('mysql_connection_share', 'MySQL connections in use', {
    expr: '100 * mysql_global_status_threads_connected / mysql_global_variables_max_connections',
    ...SHARE,
    aggregation: 'max',
  }),
  metric('mysql_query_rate', 'MySQL queries', { expr: 'rate(mysql_global_status_queries[5m])', unit: 'ops' }),
  metric('mysql_slow_query_rate', 'MySQL slow queries', {
    expr: 'rate(mysql_global_status_slow_queries[5m])',
    unit: 'ops',
  }),
];

const REDIS: SummaryMetric[] = [
  metric('redis_memory', 'Redis memory', { expr: 'redis_memory_used_bytes', unit: 'bytes' }),
  metric('redis_clients', 'Redis clients', { expr: 'redis_connected_clients', decimals: 0 }),
  metric('redis_command_rate', 'Redis commands', { expr: 'rate(redis_commands_processed_total[5m])', unit: 'ops' }),
  metric('redis_hit_rate', 'Redis hits', {
    expr: '100 * rate(redis_keyspace_hits_total[5m]) / (rate(redis_keyspace_hits_total[5m]) + rate(redis_keyspace_misses_total[5m]))',
    ...SHARE,
    thresholds: HIT_LIMITS,
    aggregation: 'min',
  }),
];

const APP: SummaryMetric[] = [
  ...shipped('request_rate'),
  metric('app_request_duration_p95', 'Request duration, p95', {
    expr: REQUEST_DURATION_P95_EXPR,
    unit: 's',
    thresholds: above(0.5, 1),
    aggregation: 'max',
  }),
  metric('app_active_users', 'Active users', { expr: 'app_active_users', decimals: 0 }),
  metric('app_db_connections', 'Database connections of the app', { expr: 'app_db_connections', decimals: 0 }),
];

/**
 * Ready-made metrics for the usual exporters. Each is hidden when nothing scrapes its job, so that a preset can be chosen
 * before its exporter exists.
 */
export const SUMMARY_PRESETS: Readonly<Record<PresetName, readonly SummaryMetric[]>> = {
  node: ofJob('node_exporter', NODE),
  postgres: ofJob('postgresql_exporter', POSTGRES),
  mysql: ofJob('mysql_exporter', MYSQL),
  redis: ofJob('redis_exporter', REDIS),
  app: ofJob('custom_app', APP),
};

/** The four of `/api/metrics/summary`, and every metric of the presets for queries that name it. */
export const DATASOURCE_METRICS: readonly SummaryMetric[] = [
  ...SUMMARY_DEFAULTS,
  ...PRESET_NAMES.flatMap((name) => SUMMARY_PRESETS[name])
    .filter(({ key }) => !SUMMARY_DEFAULTS.some((one) => one.key === key))
    .map((one) => ({ ...one, onlyOnRequest: true })),
];

function shipped(...keys: string[]): SummaryMetric[] {
  return SUMMARY_DEFAULTS.filter(({ key }) => keys.includes(key));
}

function ofJob(job: string, metrics: readonly SummaryMetric[]): SummaryMetric[] {
  return metrics.map((one) => ({ ...one, job, hiddenWithoutJob: true }));
}
