import { type LabelMatcher } from '../model/labelMatcher';
import { type Label, type RawSeries } from '../model/rawSeries';
import { type TimeRange } from '../model/timeRange';
import { type CallOptions } from './metricSource';
import { type RangeWrite, type WriteOutcome } from './sampleStore';

/** All matchers must match; a series without a label has it empty. */
export type Selector = readonly LabelMatcher[];

/** A source that gives series as it holds them. Every method throws `PromkeepError` only; so do the iterations. */
export interface RawSource {
  /**
   * Samples within the range (both ends inclusive), series by series. One that several selectors match comes once for each.
   * A fault ends the iteration with an error, never as if it were whole.
   */
  readRaw(read: RawRead, options: CallOptions): AsyncIterable<RawSeries>;
  holdings(options: CallOptions): Promise<RawHoldings>;
  /** What it knows of its metrics now: of those that have targets. */
  metadata(options: CallOptions): Promise<MetricMetadata[]>;
}

export interface RawRead {
  selectors: readonly Selector[];
  range: TimeRange;
}

/** How far a source may be believed to speak of what it holds itself. */
export interface RawHoldings {
  /**
   * `chunks`, `samples`: its remote read gives them. `query`: it has none, and range selectors of its query API are read instead,
   * which know no stale markers and no bits of NaN.
   */
  by: 'chunks' | 'samples' | 'query';
  /** It reads from others itself. `recent`: also for times it holds, so that nothing it says proves that it holds it. */
  readsOthers: 'no' | 'older' | 'recent';
  /** The first time it holds itself; absent: not known. */
  lowestMs?: number;
  /** Labels it adds to every series it gives by remote read. */
  externalLabels: readonly Label[];
}

/** Raw series of one source in an archive: the writing side. Every method throws `PromkeepError` only. */
export interface RawStore {
  /**
   * Replaces what the archive has of the definition in the range, in one transaction together with coverage and gaps; as
   * `SampleStore.writeRange`. In the parts named in `gaps` it only adds.
   */
  writeRaw(write: RawWrite, signal: AbortSignal): Promise<WriteOutcome>;
  /** Metric metadata as the source knows it now; what it does not name any more stays. */
  writeMetadata(metadata: readonly MetricMetadata[]): Promise<void>;
}

/** The range is on the grid of `RAW_STEP_MS`; the samples are those of `rawSpan(range)`. */
export interface RawWrite extends Omit<RangeWrite, 'series' | 'queryName' | 'query'> {
  name: string;
  /**
   * Called once an attempt: a transaction that is repeated reads the source again. Samples outside of the range are left out, a
   * series that comes again (another selector matched it too) is passed over.
   */
  series(signal: AbortSignal): AsyncIterable<RawSeries>;
  /** False: samples that the source does not give any more stay, as they do where it is not asked. */
  withdraws?: boolean;
}

export interface MetricMetadata {
  metric: string;
  type: string;
  help: string;
  unit: string;
}

/** The reading side. Every method throws `PromkeepError` only; so does the iteration. */
export interface RawHistory {
  /** Which raw definitions there are: names, selectors (as PromQL) and covered times. */
  kept(): Promise<KeptSeries[]>;
  /**
   * Series that match, by the UTF-8 bytes of their labels, each once whatever number of definitions keep it, with their samples in
   * the range (both ends inclusive). Where coverage ends within the range although the source went on, a stale marker ends the
   * series. Memory stays flat however much it is.
   */
  select(read: RawSelect, signal: AbortSignal): AsyncIterable<RawSeries>;
  /** Labels alone, of series with samples in the range, in the same order. Throws `LIMIT_EXCEEDED` beyond `maxSeries`. */
  seriesLabels(read: RawSelect, signal: AbortSignal): Promise<Array<readonly Label[]>>;
  /** Sorted; of series that match one of the selectors (none: all) and have samples in the range. */
  labelNames(read: RawLabelRead, signal: AbortSignal): Promise<string[]>;
  labelValues(read: RawLabelRead & { name: string }, signal: AbortSignal): Promise<string[]>;
  metadata(read: { metric?: string; limit?: number }): Promise<MetricMetadata[]>;
}

export interface RawSelect {
  selector: Selector;
  range: TimeRange;
  /** More series throw `LIMIT_EXCEEDED` before the first is given. */
  maxSeries?: number;
  /** Only what this definition keeps, as it was stored: without stale markers of ours. */
  definition?: string;
}

export interface RawLabelRead {
  selectors: readonly Selector[];
  range: TimeRange;
  limit?: number;
}

export interface KeptSeries {
  name: string;
  /** As PromQL, one a selector. */
  selectors: readonly string[];
  paused: boolean;
  /** Of samples, both ends inclusive, ascending. */
  covered: readonly TimeRange[];
}
