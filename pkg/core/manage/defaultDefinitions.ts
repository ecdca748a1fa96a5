import { type Definition } from '../ports/definitions';

/** Per instance, 100 minus the idle share of the CPUs. */
export const CPU_USAGE_EXPR = '100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100)';
export const MEMORY_USAGE_EXPR = '(1 - (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)) * 100';
/** One series per database; the summary adds them up. */
export const ACTIVE_CONNECTIONS_EXPR = 'pg_stat_database_numbackends';
export const REQUEST_RATE_EXPR = 'rate(app_request_total[1m])';
export const REQUEST_DURATION_P95_EXPR = 'histogram_quantile(0.95, rate(app_request_duration_seconds_bucket[5m]))';

const STEP_MS = 15_000;

/** The recorded queries that are shipped: those of [R6], on the default scrape interval, for a year. */
export const DEFAULT_DEFINITIONS: readonly Definition[] = [
  recorded('cpu_usage', CPU_USAGE_EXPR),
  recorded('memory_usage', MEMORY_USAGE_EXPR),
  recorded('active_connections', ACTIVE_CONNECTIONS_EXPR),
  recorded('request_rate', REQUEST_RATE_EXPR),
  recorded('request_duration_p95', REQUEST_DURATION_P95_EXPR),
];

function recorded(name: string, expression: string): Definition {
  return { name, expression, stepMs: STEP_MS, retention: '1y' };
}
