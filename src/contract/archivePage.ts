import * as v from 'valibot';
import { fitting, flag, maybeNumber, maybeText, text, texts } from './lenient';

/**
 * What the stand-alone page reads of the archive: `/api/archive/overview`, the `archive` event of `/api/live`,
 * `/api/archive/history`. Times are Unix milliseconds, both ends of a range inclusive.
 */
export type ArchiveGap = v.InferOutput<typeof GAP>;

const GAP = v.object({
  fromMs: v.number(),
  toMs: v.number(),
  /** A gap reason of the ledger, or `not-recorded`. */
  reason: text,
  detail: maybeText,
  /** `retried`: asked for again as long as Prometheus may have it. `too-old`: given up. `paused`: the query is not recorded now. */
  outlook: v.fallback(v.picklist(['retried', 'too-old', 'paused']), 'too-old'),
});

/** What a recorded query is called; without a name of its own, by its key. `metricKey`: the metric that lends the name. */
const NAMED = { name: text, displayName: maybeText, metricKey: maybeText };

export type RecordedOverview = v.InferOutput<typeof RECORDED>;

const RECORDED = v.pipe(
  v.object({
    ...NAMED,
    expression: text,
    stepMs: numberOr(0),
    retention: text,
    paused: flag,
    /** Whether there ever was a series; absent: nobody looked. */
    hasSeries: v.fallback(v.optional(v.boolean()), undefined),
    /** The first time that counts as covered. */
    firstMs: maybeNumber,
    /** The newest time that counts as covered. */
    newestMs: maybeNumber,
    /** How far that lies behind what is due; 0 when nothing is late. */
    lagMs: numberOr(0),
    /** Covered share of the time since recording began, 0 to 1; absent before the first answer. */
    coverage: maybeNumber,
    /** Newest first, not all of many. */
    gaps: fitting(GAP),
    gapCount: numberOr(0),
  }),
  v.transform(withDisplayName)
);

export type ArchiveOverview = v.InferOutput<typeof OVERVIEW>;

export const OVERVIEW = v.object({
  /** The server's clock. */
  timeMs: v.fallback(v.number(), Date.now),
  samples: v.number(),
  series: numberOr(0),
  /** The whole archive on disk. */
  bytes: numberOr(0),
  /** Who records; absent: nobody. */
  leader: v.fallback(v.optional(v.object({ name: text, isThis: flag })), undefined),
  /** Why raw series are not collected; absent: nothing keeps them from being. */
  warning: maybeText,
  /** In the order of the metrics they are of, the others by name. */
  queries: v.pipe(v.array(v.unknown()), fitting(RECORDED)),
});

/** As long as a chart is wide, times the series: read in one go, not value by value. `null`: NaN or infinite. */
const COLUMN = v.fallback(
  v.pipe(
    v.custom<unknown[]>(Array.isArray),
    v.transform((values) => values.map((value) => (typeof value === 'number' ? value : null)))
  ),
  []
);

/** All arrays are equally long; times ascend. */
export type HistorySeries = v.InferOutput<typeof SERIES>;

const SERIES = v.pipe(
  v.object({ labels: texts, timesMs: COLUMN, values: COLUMN, min: COLUMN, max: COLUMN }),
  v.check(({ timesMs, values }) => timesMs.length === values.length),
  v.transform(({ labels, timesMs, values, min, max }) => ({
    labels,
    timesMs: timesMs.map((time) => time ?? NaN),
    /** The mean of the bucket, or the sample itself. */
    values,
    // Only of thinned history.
    ...(min.length === values.length && max.length === values.length ? { min, max } : {}),
  }))
);

/** Which of many series are drawn. */
export interface SeriesPick {
  /** Part of a label's value, or `name=part of its value`, in any case; empty: all. */
  filter: string;
  order: SeriesOrder;
}

/** By last value, or by labels. */
export const SERIES_ORDERS = ['largest', 'smallest', 'name'] as const;
export type SeriesOrder = (typeof SERIES_ORDERS)[number];

/** One of all series, also of those that are not drawn; `null`: no finite value. */
export type SeriesRow = v.InferOutput<typeof ROW>;

const MAYBE_VALUE = v.fallback(v.nullable(v.number()), null);
const ROW = v.object({ labels: texts, last: MAYBE_VALUE, min: MAYBE_VALUE, max: MAYBE_VALUE });

export type ArchiveHistory = v.InferOutput<typeof HISTORY>;

export const HISTORY = v.pipe(
  v.object({
    ...NAMED,
    /** A Grafana unit id. */
    unit: maybeText,
    decimals: maybeNumber,
    min: maybeNumber,
    max: maybeNumber,
    fromMs: v.number(),
    toMs: v.number(),
    stepMs: numberOr(1),
    /** One point stands for this much time; the step, unless the history was thinned. */
    bucketMs: numberOr(1),
    /** The step, unless only every n-th sample was read. */
    sampledMs: numberOr(1),
    /** PromQL. */
    expression: maybeText,
    /** How the metric's tile makes one value of all series. */
    aggregation: v.fallback(v.optional(v.picklist(['mean', 'sum', 'max', 'min'])), undefined),
    /** All series as one, as the metric's tile has them; absent where there is one, or no metric. */
    whole: v.fallback(v.optional(SERIES), undefined),
    /** Not all of many. */
    series: v.array(SERIES),
    /** Of all series. */
    seriesCount: maybeNumber,
    /** Of those that match the filter. */
    matchCount: maybeNumber,
    /** All series that match, drawn or not; only where they were asked for. */
    rows: v.fallback(v.optional(v.array(ROW)), undefined),
    /** The last time in the range that comes from the archive; later ones come from Prometheus. */
    archivedUntilMs: maybeNumber,
    /** Age at which a time is taken into the archive. */
    settleMs: maybeNumber,
    /** Why Prometheus' own values are missing. */
    liveFailure: maybeText,
    gaps: fitting(GAP),
    thresholds: fitting(v.object({ value: numberOr(NaN), state: text })),
  }),
  v.transform(withDisplayName),
  v.transform((history) => ({ ...history, seriesCount: history.seriesCount ?? history.series.length }))
);

function withDisplayName<T extends { name: string; displayName?: string }>(named: T): T & { displayName: string } {
  return { ...named, displayName: named.displayName ?? named.name };
}

function numberOr(otherwise: number) {
  return v.fallback(v.number(), otherwise);
}
