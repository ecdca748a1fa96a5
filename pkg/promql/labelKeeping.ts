import { type Expression } from './expression';
import { METRIC_NAME } from './labelNames';

/** Functions that work on each series by itself and leave its labels, apart from the name. */
const KEEPS_LABELS = new Set(
  (
    'abs acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max clamp_min cos cosh count_over_time ' +
    'day_of_month day_of_week day_of_year days_in_month deg delta deriv double_exponential_smoothing exp first_over_time floor ' +
    'holt_winters hour idelta increase irate last_over_time ln log10 log2 mad_over_time max_over_time min_over_time minute month ' +
    'predict_linear present_over_time quantile_over_time rad rate resets round sgn sin sinh sort sort_by_label ' +
    'sort_by_label_desc sort_desc sqrt stddev_over_time stdvar_over_time sum_over_time tan tanh timestamp ts_of_first_over_time ' +
    'ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time year'
  ).split(' ')
);

/** These join the buckets of a histogram: `le` is gone, the other labels stay. */
const KEEPS_ALL_BUT_LE = new Set(
  (
    'histogram_avg histogram_count histogram_fraction histogram_quantile histogram_stddev histogram_stdvar ' +
    'histogram_sum'
  ).split(' ')
);

/** These write one label, named by their second argument, and leave the others. */
const WRITES_ONE_LABEL = new Set(['label_replace', 'label_join']);

/** Whether a function's result has the label with the very value it has in the argument, in series that do not mix values. */
export function callKeepsLabel({ name, args }: Extract<Expression, { type: 'call' }>, label: string): boolean {
  if (label === METRIC_NAME) {
    return false;
  }
  if (WRITES_ONE_LABEL.has(name)) {
    const written = args[1];
    return written?.type === 'string' && written.value !== label;
  }
  return KEEPS_LABELS.has(name) || (KEEPS_ALL_BUT_LE.has(name) && label !== 'le');
}
