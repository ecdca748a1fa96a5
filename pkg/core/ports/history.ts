import { type Aggregate } from '../../../src/contract/query';
import { type MemoryShare } from '../memory/memoryBudget';
import { type LabelMatcher } from '../model/labelMatcher';
import { type Labels, type Series } from '../model/series';
import { type TimeGrid, type TimeRange } from '../model/timeRange';
import { type Definition } from './definitions';
import { type Gap } from './ledger';

/**
 * What the archive holds of recorded queries, for those who read it back. Only the current version of a query speaks: what was
 * recorded under another expression or step is never given as this one's. Every method throws `PromkeepError` only.
 */
export interface History {
  /** `undefined` when the query is recorded differently by now, or not there. */
  readGrid(read: GridRead, signal: AbortSignal): Promise<GridSamples | undefined>;
  /** What is left of its expired samples; `undefined` as for `readGrid`. */
  rollups(query: GridRead['query'], range: TimeRange, signal: AbortSignal): Promise<RollupState | undefined>;
  /** Rollups of the samples, stored ones where these have expired; `undefined` as for `readGrid`. */
  readBuckets(read: BucketRead, signal: AbortSignal): Promise<GridSamples | undefined>;
  /**
   * Labels of the series that have samples in the covered part of a range (at most `limit` of them), in the order in which
   * they were first seen. Throws `NOT_FOUND` when there is no such recorded query.
   */
  seriesLabels(read: { name: string; range: TimeRange; limit: number }, signal: AbortSignal): Promise<Labels[]>;
}

export interface GridRead {
  /** As it is thought to be recorded now. */
  query: Pick<Definition, 'name' | 'expression' | 'stepMs'>;
  /** Every time of it is one at which the query is recorded. */
  grid: TimeGrid;
  /** Series that do not match are left out, as Prometheus matches. */
  matchers: readonly LabelMatcher[];
  /** What the answer is charged to; absent: it does not count. */
  memory?: MemoryShare;
}

export interface GridSamples {
  /** The covered times of the grid, as ranges with both ends on it, ascending; of buckets, ends of those that are covered as a whole. */
  covered: TimeRange[];
  /** Why other times of the grid are missing, as far as the ledger says; only some of them when there are very many. */
  gaps: Gap[];
  /** Samples at covered times of the grid, in the order in which the series were first seen; none is empty. */
  series: Series[];
}

/** What stored rollups still say of a recorded query's current version. Ranges are of recorded times, ascending and disjoint. */
export interface RollupState {
  /** Times of which rollups speak: those whose samples are covered, and those of which only rollups are left. */
  covered: TimeRange[];
  /** The part of it whose samples have expired. Where no rollups were stored, nothing tells of them any more. */
  expired: TimeRange[];
  /** Widths that are stored, ascending, and where the first bucket of each begins. */
  stored: StoredWidth[];
}

export interface StoredWidth {
  widthMs: number;
  fromMs: number;
}

export interface BucketRead extends GridRead {
  /** Buckets `(end - widthMs, end]`, whole seconds, that end at the times of the grid; both are counted from the epoch. */
  widthMs: number;
  aggregate: Exclude<Aggregate, 'none'>;
}
