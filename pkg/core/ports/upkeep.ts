/** A shorter retention, everything of a query, or a shorter time for the archive's stored rollups. */
export type DeletionKind = 'retention' | 'data' | 'five_minute_rollups' | 'hourly_rollups';

/** A deletion that was asked for and waits for its date, on the database's clock; until then it can be taken back. */
export interface PendingDeletion {
  what: DeletionKind;
  /** Name of the query; absent for rollups, which are the whole archive's. */
  query?: string;
  /** The retention in force; absent for rollups where that is the default. */
  present?: string;
  /** The retention that was asked for; `deleted` for data. */
  wanted: string;
  /** `grafana:<login>`, `config`, `command` or `role:<database role>`. */
  by: string;
  askedAtMs: number;
  atMs: number;
  /** About how many samples it would have deleted when it was asked for, and the begin of the oldest write among them. */
  samples?: number;
  oldestMs?: number;
}

/** A task of the upkeep that failed for one query when it ran last. */
export interface UpkeepFailure {
  query: string;
  task: string;
  code: string;
  message: string;
  /** Runs that failed one after the other, since `sinceMs`. */
  runs: number;
  sinceMs: number;
}

/** A run of a task: how many queries it failed for, and counts of what was done. */
export interface UpkeepRun {
  failedQueries: number;
}

/**
 * What keeps an archive small, for all sources in it. Every task works in short transactions, may be killed or run twice at any
 * moment, begins with letting deletions hold whose date has come, and rejects with `PromkeepError` only. Once an hour is enough.
 */
export interface Upkeep {
  /** Packs the samples of closed periods, then condenses the provenance of what is packed. */
  packClosed(signal: AbortSignal): Promise<UpkeepRun>;
  /** Stores rollups of closed days and of what changed since. */
  rollUp(signal: AbortSignal): Promise<UpkeepRun>;
  /** Removes what is older than the retention class of its query, then its provenance. */
  expire(signal: AbortSignal): Promise<UpkeepRun & { dropped: readonly unknown[]; busy: readonly unknown[] }>;
  /** Removes what is left of recorded queries that were deleted with their data. */
  removeDeleted(signal: AbortSignal): Promise<UpkeepRun>;
}
