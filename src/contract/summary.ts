/**
 * The summary: a few numbers that say how things are. One definition serves the panel, `/api/metrics/summary`, alerts and
 * the recorded queries.
 */
export interface SummaryMetric {
  /** Key in `/api/metrics/summary` and in queries, e.g. `cpu_usage`. */
  key: string;
  displayName: string;
  expr: string;
  /** A Grafana unit id: `percent`, `short`, `reqps`, … */
  unit: string;
  decimals?: number;
  /** Ascending; the state of a value is that of the last step it reaches. Values below the first step are `ok`. */
  thresholds: SummaryThreshold[];
  /** How the series of one group become one value at each time. */
  aggregation: SummaryAggregation;
  min?: number;
  max?: number;
  /** The scrape job the expression reads; named in the reason when there is no series. */
  job?: string;
  /** Nothing is shown, rather than "no data", when nothing scrapes the job. */
  hiddenWithoutJob?: boolean;
  /** Not part of "all metrics"; a query must name it. */
  onlyOnRequest?: boolean;
}

export interface SummaryThreshold {
  value: number;
  state: SummaryState;
}

export type SummaryState = 'ok' | 'warning' | 'critical';

export type SummaryAggregation = 'mean' | 'sum' | 'max' | 'min';

/** One metric (and group) as of now. */
export interface SummaryValue {
  key: string;
  displayName: string;
  unit: string;
  /** The group's labels: `{}` without grouping. */
  group: Record<string, string>;
  /** `null` when there is no data, never a false 0. A NaN or infinite value is no data as well. */
  value: number | null;
  state: SummaryState | 'no-data';
  /** Why `value` is null, in words for a person. */
  noDataReason?: string;
  /** Unix milliseconds of the newest sample seen. */
  lastSeenMs?: number;
}

/** `meta.custom.promkeep` of a Summary frame. Readers ignore frames of another major version. */
export interface SummaryFrameMeta {
  version: 1;
  kind: 'summary';
  metricKey: string;
  /** How the series of the group were aggregated. */
  aggregation: SummaryAggregation;
  /** Which of the frame's values is *the* value: the last one. */
  calculation: 'last';
  noDataReason?: string;
  lastSeenMs?: number;
  /** Marks a frame of an earlier period, for the change against it. */
  comparison?: {
    offsetMs: number;
    /** `archive`: the source no longer has these values; absent: they came from the source. */
    origin?: 'archive';
  };
}

export const SUMMARY_FRAME_VERSION = 1;

/** Colours of the threshold steps in field configs; the words come from `SummaryState`. */
export const STATE_COLORS: Readonly<Record<SummaryState, string>> = {
  ok: 'green',
  warning: 'orange',
  critical: 'red',
};

/** The state of a value under a metric's thresholds. */
export function stateOf(value: number, thresholds: readonly SummaryThreshold[]): SummaryState {
  return thresholds.findLast((step) => value >= step.value)?.state ?? 'ok';
}

/**
 * The name of a metric as its reader shall see it: a shipped one in their language, one with another name as it is called.
 *
 * @param name as answers have it; a group may follow in brackets
 * @param shipped English name of the metric with that key, if there is one
 * @param translated the same name in the reader's language
 */
export function shownMetricName(name: string, shipped: string | undefined, translated: string): string {
  const isShipped = shipped !== undefined && (name === shipped || name.startsWith(`${shipped} (`));
  return isShipped ? translated + name.slice(shipped.length) : name;
}

/** The body of `GET /api/metrics/summary`: value by key, plus the reasons of the nulls when there are any. */
export type SummaryByKey = Record<string, number | null | Record<string, string>>;
