import { DEFAULT_DEFINITIONS } from './defaultDefinitions';
import { SUMMARY_DEFAULTS } from '../summary/summaryDefaults';

const FIVE = {
  cpu_usage: '100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100)',
  memory_usage: '(1 - (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)) * 100',
  active_connections: 'pg_stat_database_numbackends',
  request_rate: 'rate(app_request_total[1m])',
  request_duration_p95: 'histogram_quantile(0.95, rate(app_request_duration_seconds_bucket[5m]))',
};

// [R6]
describe('the five queries', () => {
  it('are what is recorded unless a configuration says otherwise', () => {
    expect(Object.fromEntries(DEFAULT_DEFINITIONS.map(({ name, expression }) => [name, expression]))).toEqual(FIVE);
  });

  it('are the summary but for the percentile, with connections summed over databases', () => {
    const { request_duration_p95: _, ...four } = FIVE;
    expect(Object.fromEntries(SUMMARY_DEFAULTS.map(({ key, expr }) => [key, expr]))).toEqual(four);
    expect(SUMMARY_DEFAULTS.find(({ key }) => key === 'active_connections')?.aggregation).toBe('sum');
  });
});
