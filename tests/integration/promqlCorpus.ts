import { all, COUNTER, each, GAUGE, type PromqlCase, since3, until2 } from './promqlCase';
import { FUNCTION_CASES } from './promqlFunctionCorpus';
import { NATIVE_CASES } from './promqlNativeCorpus';

/** Expressions of our own over `promqlData`: every selector, aggregation and operator of PromQL. */

const literals = all(
  '1',
  '-1.5e3',
  '0x1F',
  'Inf',
  '-Inf',
  'NaN',
  '"text"',
  '`raw \\ text`',
  '"居間 😀"',
  '1 + 2 * 3 ^ 2 % 5',
  '-2 ^ 2',
  '2 ^ 3 ^ 2',
  'pi()',
  '1 < bool 2',
  '3 == bool NaN',
  'time()',
  'vector(1)',
  'vector(time())',
  'scalar(vector(3))',
  `scalar(${GAUGE})`,
  'scalar(made_sparse) + 1',
  '1 / 0',
  '-1 / 0',
  '0 / 0',
  '5 % 0',
  '1 atan2 2'
);

const selectors = all(
  GAUGE,
  COUNTER,
  'made_case',
  'made_zero',
  'made_sparse',
  'made_ended',
  'made_stale',
  'made_info',
  'made_pod',
  'nothing_at_all',
  '{__name__="made_limit"}',
  '{__name__=~"made_(limit|case)"}',
  '{__name__=~"made_.*",job="made"}',
  `${COUNTER}{code="200"}`,
  `${COUNTER}{code!="200"}`,
  `${COUNTER}{code=~"2.."}`,
  `${COUNTER}{code=~"20"}`,
  `${COUNTER}{code!~"4..|5.."}`,
  `${COUNTER}{code=""}`,
  `${COUNTER}{other=""}`,
  `${COUNTER}{other=~".*"}`,
  `${COUNTER}{other=~".+"}`,
  `${COUNTER}{code=~"200|404",instance!~"a.*|"}`,
  `${GAUGE}{room="Küche"}`,
  `${GAUGE}{room="居間"}`,
  `${GAUGE}{room=~"😀.*"}`,
  `${GAUGE}{room=~"a \\".*"}`,
  `${GAUGE}{room=~"."}`,
  `${GAUGE}{room=~"..."}`,
  `${GAUGE}{room=~"(?i)küche"}`,
  `${GAUGE}{room!~"[a-z].*"}`,
  'made_case{Zone="Z"}',
  'made_case{Zone=""}',
  'made_pod{app="x",pod!="pod-3"}',
  'up',
  'up == 0',
  'scrape_samples_scraped',
  'node_load1',
  'count({__name__=~"node_.+"})',
  '{job="demo",__name__=~"demo_(num_cpus|disk_total_bytes)"}'
);

const simple = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
const groupings = ['', ' by (floor)', ' without (room)', ' by ()', ' by (nothing)'];
const aggregations = [
  ...groupings.flatMap((by) => each(simple, `%${by} (${GAUGE})`)),
  ...each(
    simple,
    `% by (code) (${COUNTER})`,
    `% without (instance, job) (${COUNTER})`,
    '% by (app) (made_pod)',
    '% (made_zero)',
    `% (rate(${COUNTER}[2m]))`,
    '%({__name__=~"made_.+",kind=""})'
  ),
  ...each(
    ['topk', 'bottomk'],
    `%(3, ${COUNTER})`,
    `%(1, ${GAUGE})`,
    `% by (floor) (2, ${GAUGE})`,
    `% without (code) (1, ${COUNTER})`,
    `%(0, ${GAUGE})`,
    `%(100, ${GAUGE})`,
    '%(2, made_info)',
    `%(scalar(made_limit{floor="1"}) - 19, ${COUNTER})`
  ),
  ...each(
    ['-0.1', '0', '0.25', '0.5', '0.99', '1', '1.1'],
    `quantile(%, ${GAUGE})`,
    `quantile by (code) (%, ${COUNTER})`
  ),
  ...all(
    `count_values("v", made_info)`,
    `count_values by (floor) ("v", round(${GAUGE}))`,
    `count_values("居", made_limit)`,
    `sum(sum by (code) (${COUNTER}))`,
    `count(count by (instance) (${COUNTER}))`,
    'sum(nothing)',
    'count(nothing) or vector(0)'
  ),
  ...since3(
    `limitk(2, ${COUNTER})`,
    `limitk by (code) (1, ${COUNTER})`,
    `limit_ratio(0.5, ${COUNTER})`,
    `limit_ratio(-0.5, ${COUNTER})`
  ),
];

const arithmetic = ['+', '-', '*', '/', '%', '^', 'atan2'];
const comparison = ['==', '!=', '<', '>', '<=', '>='];
const operators = [
  ...arithmetic.flatMap((op) =>
    all(
      `${GAUGE} ${op} 3`,
      `3 ${op} ${GAUGE}`,
      `${GAUGE} ${op} ${GAUGE}`,
      `${COUNTER}{code="200"} ${op} on (instance) made_info`,
      `${COUNTER}{code="200"} ${op} ignoring (code) ${COUNTER}{code="404"}`,
      `${COUNTER} ${op} on (instance) group_left (version) made_info`,
      `made_info ${op} on (instance) group_right () ${COUNTER}`,
      `${GAUGE} ${op} on (floor) group_left () made_limit`
    )
  ),
  ...comparison.flatMap((op) =>
    all(
      `${GAUGE} ${op} 21.5`,
      `21.5 ${op} ${GAUGE}`,
      `${GAUGE} ${op} bool 21.5`,
      `${GAUGE} ${op} on (floor) group_left () made_limit`,
      `${GAUGE} ${op} bool on (floor) group_left () made_limit`,
      `1 ${op} bool 2`,
      `${COUNTER} ${op} ${COUNTER} offset 1m`
    )
  ),
  ...each(
    ['and', 'or', 'unless'],
    `${COUNTER} % ${COUNTER}{code="200"}`,
    `${COUNTER} % on (instance) made_info{version="1.0"}`,
    `${GAUGE} % ignoring (room) made_limit`,
    `${GAUGE} > 22 % ${GAUGE} < 25`,
    'made_pod{app="x"} % on () vector(1)',
    '{__name__=~"made_(limit|info)"} % made_info'
  ),
  ...all(
    `-${GAUGE}`,
    `+${GAUGE}`,
    `-(-${COUNTER})`,
    `${COUNTER} / on (instance, code) group_left () sum by (instance, code) (${COUNTER})`,
    `1 - ${GAUGE} / 2 ^ 2`,
    `-2 ^ made_limit`,
    `${COUNTER} * on (instance) group_left (version) made_info and on (version) vector(1)`
  ),
];

const subqueries = all(
  `max_over_time(rate(${COUNTER}[2m])[10m:1m])`,
  `avg_over_time(${GAUGE}[10m:30s])`,
  `min_over_time(sum(${GAUGE})[15m:])`,
  `sum_over_time(made_sparse[30m:7m])`,
  `rate(sum by (code) (${COUNTER})[5m:15s])`,
  `deriv(rate(${COUNTER}[1m])[5m:])`,
  `count_over_time(made_pod[30m:1m])`,
  `quantile_over_time(0.5, avg(${GAUGE})[1h:5m])`,
  `absent_over_time(made_stale[3m:10s])`,
  `last_over_time(made_stale[3m:7s])`,
  `max_over_time(max_over_time(${GAUGE}[2m:30s])[10m:2m])`,
  `stddev_over_time((${GAUGE} > 22)[10m:20s])`,
  `sum_over_time(time()[5m:1m])`,
  `changes(absent(made_stale)[10m:30s])`,
  `increase(${COUNTER}[10m:1m])`,
  `irate(${COUNTER}[3m:30s])`,
  `max_over_time(${GAUGE}[10m:1m] offset 5m)`,
  `max_over_time(${GAUGE}[10m:1m] offset -5m)`,
  `avg_over_time((${GAUGE} offset 3m)[10m:1m])`,
  `topk(2, max_over_time(${COUNTER}[20m:3m]))`,
  `predict_linear(avg(${GAUGE})[10m:1m], 600)`,
  `resets(${COUNTER}[1h:15s])`,
  `present_over_time(made_pod[12m:13s])`,
  `sum(sum_over_time(made_zero[3m:1s]))`
);

const shifts = [
  ...each(
    [
      'offset 1m',
      'offset 1h30m',
      'offset -1m',
      'offset -20m',
      'offset 7h',
      'offset 1ms',
      '@ start()',
      '@ end()',
      '@ %T',
      '@ %T offset 1m',
      'offset 1m @ %T',
      '@ %T.5',
    ],
    `${GAUGE} %`,
    `made_pod %`,
    `made_stale %`
  ),
  ...all(
    `rate(${COUNTER}[5m] offset 10m)`,
    `rate(${COUNTER}[5m] offset -10m)`,
    `rate(${COUNTER}[5m] @ end())`,
    `rate(${COUNTER}[5m] @ start() offset 3m)`,
    `${COUNTER} - ${COUNTER} offset 5m`,
    `sum(${COUNTER}) / sum(${COUNTER} @ start())`,
    `max_over_time(${GAUGE}[10m] @ %T)`,
    `max_over_time(${GAUGE}[10m:1m] @ %T offset 1m)`,
    `topk(3, ${COUNTER} @ end()) and ${COUNTER}`,
    `${GAUGE} and topk(1, ${GAUGE} @ %T)`,
    `timestamp(${GAUGE} @ %T)`,
    `made_ended @ %T`
  ),
];

const scraped = all(
  'sum by (job) (up)',
  'avg_over_time(up[1m])',
  'rate(node_cpu_seconds_total[20s])',
  'sum by (mode) (rate(node_cpu_seconds_total[20s]))',
  'node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
  'topk(5, prometheus_http_requests_total)',
  'count by (__name__) ({job="node"})',
  'rate(prometheus_tsdb_head_samples_appended_total[30s])',
  'histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[30s])))',
  'absent(node_load1)',
  'count_over_time(node_load1[1m])',
  'max_over_time(scrape_duration_seconds[1m])',
  'changes(up[2m])',
  'count({job="node"})',
  'process_start_time_seconds',
  'go_gc_duration_seconds',
  'rate(process_cpu_seconds_total[30s])',
  'node_filesystem_avail_bytes',
  'stddev(node_cpu_seconds_total)',
  'timestamp(up)',
  'timestamp(node_load1)',
  'last_over_time(node_load1[2m])',
  'prometheus_build_info',
  'count(node_uname_info) or absent(node_uname_info)'
);

const invalid = all(
  'sum(',
  'rate(made_zero)',
  `${GAUGE}[5m]`,
  'foo{',
  '{__name__=~".*"}',
  `${COUNTER} + on (job) ${COUNTER}`,
  `label_replace(${GAUGE}, "a", "b", "c", "(")`,
  `label_replace(${COUNTER}, "instance", "", "instance", ".*")`,
  'sum_over_time(1)',
  'unknown_function(1)',
  `${COUNTER} * on (instance) group_left () ${COUNTER}`,
  '"a" + 1',
  'topk(made_zero, made_zero)',
  'made_zero offset up'
);

/** @param atSeconds a fixed time within the data, for `@` */
export function ownCases(atSeconds: number): PromqlCase[] {
  const cases = [
    ...literals,
    ...selectors,
    ...aggregations,
    ...operators,
    ...FUNCTION_CASES,
    ...subqueries,
    ...shifts,
    ...scraped,
    ...NATIVE_CASES,
    ...invalid,
    ...until2('holt_winters(made_zero[5m], 0.5, 0.5)'),
  ];
  return cases.map((one) => ({ ...one, query: one.query.replaceAll('%T', String(atSeconds)) }));
}
