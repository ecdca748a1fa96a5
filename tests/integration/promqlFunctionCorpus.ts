import { all, COUNTER, each, GAUGE, since3 } from './promqlCase';

/** Expressions over `promqlData`: every function of PromQL. */

const overTime = ['avg', 'min', 'max', 'sum', 'count', 'stddev', 'stdvar', 'last', 'present', 'absent'];
const ranges = [
  ...each(
    overTime,
    `%_over_time(${GAUGE}[1m])`,
    `%_over_time(${GAUGE}[17m])`,
    `%_over_time(${COUNTER}[5m])`,
    '%_over_time(made_pod[20m])',
    '%_over_time(made_stale[3m])',
    '%_over_time(made_sparse[1h])',
    '%_over_time(nothing{a="b"}[5m])',
    `%_over_time(${COUNTER}{instance="d:1"}[1h])`
  ),
  ...each(
    ['-1', '0', '0.3', '0.9', '1', '2'],
    `quantile_over_time(%, ${GAUGE}[10m])`,
    `quantile_over_time(%, ${COUNTER}{instance="c:1"}[2m])`
  ),
  ...since3(
    `mad_over_time(${GAUGE}[10m])`,
    `first_over_time(${GAUGE}[10m])`,
    `ts_of_max_over_time(${GAUGE}[10m])`,
    `ts_of_min_over_time(${GAUGE}[10m])`,
    `ts_of_last_over_time(${GAUGE}[10m])`
  ),
];

const rateLike = ['rate', 'increase', 'delta', 'irate', 'idelta', 'deriv', 'resets', 'changes'];
const rates = [
  ...each(
    rateLike,
    `%(${COUNTER}[30s])`,
    `%(${COUNTER}[1m])`,
    `%(${COUNTER}[7m])`,
    `%(${COUNTER}[2h])`,
    `%(${GAUGE}[5m])`,
    '%(made_pod[15m])',
    '%(made_stale[4m])',
    '%(made_sparse[30m])',
    '%(made_ended[10m])'
  ),
  ...each(['60', '-60', '3600'], `predict_linear(${GAUGE}[10m], %)`, `predict_linear(${COUNTER}[3m], %)`),
  ...each(['0.1, 0.9', '0.5, 0.5', '0.99, 0.01'], `holt_winters(${GAUGE}[10m], %)`).map((one) => ({
    ...one,
    until: 2 as const,
  })),
  ...since3(
    `double_exponential_smoothing(${GAUGE}[10m], 0.5, 0.5)`,
    `rate(${COUNTER}[3m] smoothed)`,
    `increase(${COUNTER}[3m] anchored)`,
    `sum_over_time(${GAUGE}[1m + 2m])`
  ),
];

const maths = [
  'abs',
  'ceil',
  'floor',
  'exp',
  'ln',
  'log2',
  'log10',
  'sqrt',
  'sgn',
  'round',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'deg',
  'rad',
];
const functions = [
  ...each(maths, `%(${GAUGE})`, `%(-${GAUGE} / 30)`),
  ...all(
    `round(${GAUGE}, 0.25)`,
    `round(${GAUGE}, -5)`,
    `clamp(${GAUGE}, 21, 24)`,
    `clamp(${GAUGE}, 24, 21)`,
    `clamp_min(${GAUGE}, 22)`,
    `clamp_max(${GAUGE}, 22)`,
    `clamp_max(${GAUGE}, NaN)`
  ),
  ...each(
    ['day_of_month', 'day_of_week', 'day_of_year', 'days_in_month', 'hour', 'minute', 'month', 'year'],
    '%()',
    '%(made_stamp_seconds)',
    `%(${GAUGE})`
  ),
  ...all(
    `timestamp(${GAUGE})`,
    `timestamp(${COUNTER}{instance="c:1"})`,
    `timestamp(made_stale)`,
    `timestamp(timestamp(made_sparse))`,
    `timestamp(${GAUGE} * 2)`,
    `timestamp(${GAUGE} offset 1m)`
  ),
  ...all(`sort(${GAUGE})`, `sort_desc(${COUNTER})`, 'sort(made_zero)', 'sort_desc(made_pod)'),
  // info() is not among them: 3.14 with any remote_read panics on it
  ...since3(`sort_by_label(${GAUGE}, "room")`, `sort_by_label_desc(${COUNTER}, "code", "instance")`, 'step()'),
  ...all(
    `absent(${GAUGE})`,
    'absent(nothing)',
    'absent(nothing{a="b",c=~"d"})',
    'absent(sum(nothing))',
    'absent(made_ended)',
    'absent(made_stale)',
    'absent(made_pod{pod="pod-7"})',
    'absent_over_time(made_pod{pod="pod-7"}[5m])',
    'absent_over_time(made_stale{place="x"}[5m])'
  ),
  ...all(
    `label_replace(${COUNTER}, "host", "$1", "instance", "(.*):.*")`,
    `label_replace(${COUNTER}, "host", "x", "instance", "nothing")`,
    `label_replace(${GAUGE}, "room", "$1", "room", "(.).*")`,
    `label_replace(${GAUGE}, "room", "", "room", ".*")`,
    `label_replace(${COUNTER}, "code", "$1$2", "instance", "(.)(:.)")`,
    `label_replace(${COUNTER}, "__name__", "new_name", "", "")`,
    `label_replace(made_case, "Zone", "$1", "zone", "(.+)")`,
    `label_replace(${COUNTER}, "n", "\${first}", "code", "(?P<first>.).*")`,
    `label_join(${COUNTER}, "both", "-", "instance", "code")`,
    `label_join(${COUNTER}, "code", "", "instance")`,
    `label_join(${GAUGE}, "all", "|", "floor", "room", "nothing")`,
    `label_join(${COUNTER}, "job", "")`,
    `sum by (host) (label_replace(${COUNTER}, "host", "$1", "instance", "(.*):.*"))`
  ),
];

const latency = 'made_latency_seconds';
const classicHistograms = [
  ...each(
    ['-1', '0', '0.1', '0.5', '0.9', '0.99', '1', '2', 'NaN'],
    `histogram_quantile(%, rate(${latency}_bucket[5m]))`,
    `histogram_quantile(%, sum by (le) (rate(${latency}_bucket[1m])))`,
    `histogram_quantile(%, ${latency}_bucket)`
  ),
  ...all(
    `rate(${latency}_sum[5m]) / rate(${latency}_count[5m])`,
    `histogram_quantile(0.9, ${latency}_bucket{le!="+Inf"})`,
    `histogram_quantile(0.9, ${GAUGE})`,
    `histogram_quantile(0.9, increase(${latency}_bucket[30m])) > 0.1`,
    `sum(rate(${latency}_bucket{le="0.5"}[5m])) / sum(rate(${latency}_count[5m]))`,
    `histogram_quantile(scalar(vector(0.5)), ${latency}_bucket)`
  ),
  ...since3(`histogram_fraction(0, 0.2, rate(${latency}_bucket[5m]))`),
];

export const FUNCTION_CASES = [...ranges, ...rates, ...functions, ...classicHistograms];
