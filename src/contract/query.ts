/**
 * The query as a dashboard saves it and as the backend receives it. It is Grafana's own Prometheus query plus the fields
 * below, so a panel switched from Grafana's datasource to ours keeps everything.
 */
export interface PromkeepQuery {
  refId: string;
  hide?: boolean;
  datasource?: { type?: string; uid?: string } | null;

  /** Absent or `promql`: `expr` is evaluated. `summary`: the summary metrics are evaluated, `expr` is ignored. */
  queryType?: string;

  /** PromQL, after the browser has replaced the dashboard's variables; `$__interval` and its kin are left for the backend. */
  expr: string;
  range?: boolean;
  instant?: boolean;
  exemplar?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
  legendFormat?: string;
  /** Min step: a duration or an interval variable. */
  interval?: string;
  intervalMs?: number;
  intervalFactor?: number;
  utcOffsetSec?: number;

  /** `standard`: one long table of standard records instead of one frame a series. Ignored for alerts and expressions. */
  resultFormat?: ResultFormat;
  /** Where the samples come from; absent: `prometheus`. */
  readFrom?: ReadFrom;
  /** For `archive` and `both`: the recorded query to read, by its name. With an empty `expr` all of it is read. */
  recordedQuery?: string;
  /** For `archive` and `both`: what each bucket of the step becomes; absent: `none`, the samples themselves. */
  aggregate?: Aggregate;
  /** Archives the result of this query, if the datasource's Admin allowed it. */
  keep?: boolean;
  /** Follows the query on a live channel instead of asking again; for range queries that show series. Browser only. */
  live?: boolean;
  /** For `queryType: summary`. */
  summary?: SummaryQueryOptions;
}

export type ResultFormat = 'series' | 'standard';

/** `archive` never asks Prometheus. `both`: what the archive holds from there, the rest from Prometheus. */
export type ReadFrom = (typeof READ_FROM)[number];

export const READ_FROM = ['prometheus', 'archive', 'both'] as const;

/** Over the samples of a bucket `(end - step, end]`, as PromQL's `…_over_time` count ranges. */
export type Aggregate = (typeof AGGREGATES)[number];

export const AGGREGATES = ['none', 'min', 'max', 'avg', 'sum', 'count', 'last'] as const;

export const SUMMARY_QUERY_TYPE = 'summary';

export interface SummaryQueryOptions {
  /** Keys of the metrics to show, in this order; absent or empty: all that are defined. */
  metrics?: string[];
  /** A label: one value per metric and value of this label. Absent or empty: one value per metric. */
  groupBy?: string;
  /** Also asks how things were this much earlier, for the change since then. Ignored for alerts and expressions. */
  compare?: SummaryComparison;
}

export type SummaryComparison = '1h' | '1d' | '7d';

export const COMPARISON_OFFSETS_MS: Readonly<Record<SummaryComparison, number>> = {
  '1h': 3_600_000,
  '1d': 86_400_000,
  '7d': 604_800_000,
};

export const COMPARISONS: readonly SummaryComparison[] = ['1h', '1d', '7d'];

/** Whether a saved text is a comparison. */
export function isSummaryComparison(text: string): text is SummaryComparison {
  return Object.hasOwn(COMPARISON_OFFSETS_MS, text);
}
