import { guessUnit } from './guessUnit';
import { REQUEST_DURATION_P95_EXPR } from '../manage/defaultDefinitions';

it.each([
  [REQUEST_DURATION_P95_EXPR, 's'],
  ['pg_database_size_bytes', 'bytes'],
  ['sum by (job_name) (process_resident_memory_bytes{job=~"a|b_seconds"})', 'bytes'],
  ['rate(node_network_receive_bytes_total{device!="lo"}[5m])', 'Bps'],
  ['node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes', 'bytes'],
  ['cache_hit_ratio', 'percentunit'],
  ['process_cpu_seconds_total', 's'],
])('knows the unit of %s', (expression, unit) => {
  expect(guessUnit(expression)).toBe(unit);
});

it.each([
  'up',
  'node_load1',
  'rate(process_cpu_seconds_total[5m])',
  'a_bytes / b_bytes',
  'a_bytes / (1024 * 1024)',
  'a_seconds * 1000',
  'a_bytes + b_seconds',
  'a_bytes + b_things',
  'count(a_bytes)',
  'a_bytes > bool 5',
  'a_bytes'.repeat(1_000),
])('does not guess where %s may be something else', (expression) => {
  expect(guessUnit(expression)).toBeUndefined();
});
