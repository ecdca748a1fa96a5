/** Label names to values; `__name__` is among them when the result has a metric name. */
export type Labels = Readonly<Record<string, string>>;

/**
 * One series: the one shape every result takes (an instant vector's sample and a scalar are series of one sample).
 * `timesMs` and `values` have the same length; times are Unix milliseconds, ascending; values may be NaN or infinite.
 * Series may share one array of times; nobody changes either array.
 */
export interface Series {
  /** `undefined` when the response had no `metric` at all (a scalar), `{}` when it was empty: frames show the difference. */
  labels: Labels | undefined;
  timesMs: Float64Array;
  values: Float64Array;
  /** Native histograms of the same series, if it has any. */
  histograms?: HistogramSamples;
}

export type Samples = Pick<Series, 'timesMs' | 'values'>;

/** Native histograms of one series: sample `i` owns the buckets `bucketStart[i] … bucketStart[i + 1]`. */
export interface HistogramSamples {
  timesMs: Float64Array;
  counts: Float64Array;
  sums: Float64Array;
  /** One longer than `timesMs`. */
  bucketStart: Uint32Array;
  /** Prometheus' boundary rule: 0 open left, 1 open right, 2 open both, 3 closed both. */
  bucketRule: Int8Array;
  bucketLower: Float64Array;
  bucketUpper: Float64Array;
  bucketCount: Float64Array;
}

export type ResultType = 'matrix' | 'vector' | 'scalar' | 'string';

/** A successful answer of Prometheus, parsed. */
export interface QueryResult {
  resultType: ResultType;
  /** In the order of the response. Empty for `string`. */
  series: Series[];
  /** Only for `resultType: 'string'`. */
  text?: { timeMs: number; value: string };
  warnings: string[];
  infos: string[];
  /** `data.stats` as Prometheus sent it, when it was asked for. */
  stats?: unknown;
}

/** Exemplars of one series. */
export interface ExemplarSeries {
  labels: Labels;
  exemplars: Array<{ labels: Labels; value: number; timeMs: number }>;
}
