import { type TimeRange } from '../model/timeRange';

export interface Gap extends TimeRange {
  reason: GapReason;
  detail?: string;
}

export type GapReason =
  'source-down' | 'query-failed' | 'partial-answer' | 'source-had-no-data' | 'source-lost-it' | 'archive-down';

/** What the ledger says of one recorded query's current version. Ranges are on its grid, ascending and disjoint. */
export interface LedgerEntry {
  name: string;
  expression: string;
  stepMs: number;
  retention: string;
  /** Not recorded any more; its data stays. */
  paused: boolean;
  covered: TimeRange[];
  gaps: Gap[];
}
