import { type PromqlCase } from './promqlCase';

/** Expressions over native histograms. */

const NATIVE = 'made_native_seconds';
const QUERIES = [
  NATIVE,
  `${NATIVE}{kind="integer"}`,
  `histogram_count(${NATIVE})`,
  `histogram_sum(${NATIVE})`,
  ...['0', '0.1', '0.5', '0.99', '1'].flatMap((quantile) => [
    `histogram_quantile(${quantile}, ${NATIVE})`,
    `histogram_quantile(${quantile}, sum(rate(${NATIVE}[3m])))`,
  ]),
  `histogram_fraction(0, 1, ${NATIVE})`,
  `histogram_fraction(-Inf, +Inf, ${NATIVE})`,
  ...['rate', 'increase', 'delta', 'irate', 'resets', 'changes'].map((name) => `${name}(${NATIVE}[5m])`),
  ...['count', 'present', 'last', 'sum', 'avg', 'absent'].map((name) => `${name}_over_time(${NATIVE}[4m])`),
  ...['sum', 'avg', 'count', 'group'].flatMap((name) => [`${name}(${NATIVE})`, `${name} by (kind) (${NATIVE})`]),
  `${NATIVE} * 2`,
  `${NATIVE} / 4`,
  `-${NATIVE}`,
  `${NATIVE} + ${NATIVE}`,
  `${NATIVE} - ${NATIVE} offset 1m`,
  `${NATIVE} == ${NATIVE}`,
  `timestamp(${NATIVE})`,
  `absent(${NATIVE})`,
  `${NATIVE} and ${NATIVE}{kind="float"}`,
  `topk(1, ${NATIVE})`,
  `histogram_count(rate(${NATIVE}[2m])) > 0`,
  `sum_over_time(histogram_count(${NATIVE})[5m:30s])`,
  `label_replace(${NATIVE}, "k", "$1", "kind", "(.).*")`,
];

export const NATIVE_CASES: PromqlCase[] = [
  ...QUERIES.map((query) => ({ query, native: true })),
  ...['histogram_avg', 'histogram_stddev', 'histogram_stdvar'].map((name) => ({
    query: `${name}(${NATIVE})`,
    since: 3 as const,
    native: true,
  })),
];
