import { type TimeRange } from '../model/timeRange';
import { type Definition } from './definitions';

/**
 * What the archive of one source knows of its own completeness [A5]; in PostgreSQL `promkeep_coverage` and `promkeep_gaps`. What is written under an epoch is refused with
 * `ARCHIVE_NOT_LEADER` once that is outdated. Every method throws `PromkeepError` only.
 */
export interface Ledger {
  /** What is covered of a definition's current version, ascending and disjoint. */
  coverage(name: string): Promise<TimeRange[]>;
  /** All definitions, by name. */
  entries(): Promise<LedgerEntry[]>;
  /** Notes why a range is missing; covered ranges are never reported as gaps. */
  noteGap(name: string, gap: Gap, epoch?: number): Promise<void>;
  /**
   * Notes samples that another store than the ledger's own has made durable. Throws `ARCHIVE_QUERY_CHANGED` when they are of an
   * outdated definition: then nothing of them counts as covered.
   */
  cover(coverage: Coverage): Promise<void>;
}

/** What was written of one definition. */
export interface Coverage {
  /** As it was fetched. Another expression or step than the current one begins a version, unless it was one before. */
  definition: Definition;
  covered: readonly TimeRange[];
  /** The parts that are not covered, and why. */
  gaps: readonly Gap[];
  /** The epoch the answer was fetched under. Absent: noted whoever leads. */
  epoch?: number;
}

export interface Gap extends TimeRange {
  reason: GapReason;
  detail?: string;
}

/**
 * For an answer `splitCoverage` (`pkg/core/collect/fetchRange.ts`) gives the reason, for a failure `failureOf`
 * (`pkg/core/collect.ts`). `source-lost-it`: a source that reads from others does not hold the time itself any more (raw series).
 */
export type GapReason =
  'source-down' | 'query-failed' | 'partial-answer' | 'source-had-no-data' | 'source-lost-it' | 'archive-down';

/** What the ledger says of one definition's current version. Ranges are on its grid, ascending and disjoint. */
export interface LedgerEntry extends Omit<Definition, 'version'> {
  /** Not recorded any more; its data stays. */
  paused: boolean;
  covered: TimeRange[];
  gaps: Gap[];
}
