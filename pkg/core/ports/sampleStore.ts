import { type Labels, type Series } from '../model/series';
import { type TimeRange } from '../model/timeRange';
import { type Gap } from './ledger';

/**
 * Which query samples belong to. `recorded`: continuous history on the epoch grid of `stepMs`. `kept`: snapshots of a Grafana
 * query with the grid they had, told apart by expression, step and phase.
 */
export type QueryIdentity =
  { kind: 'recorded'; name: string } | { kind: 'kept'; expression: string; stepMs: number; phaseMs: number };

export interface Provenance {
  /** As sent to Prometheus. */
  expression: string;
  stepMs: number;
  fetchedAtMs: number;
  prometheusVersion?: string;
  warnings: readonly string[];
}

/**
 * Samples of one source. Nothing is acknowledged before it is durable [A4]. A store that keeps no ledger beside its samples writes
 * them first and then tells the ledger (`Ledger.cover`), so that a time never counts as covered before its samples are there.
 * Every method throws `PromkeepError` only.
 */
export interface SampleStore {
  /** Throws `ARCHIVE_NOT_LEADER` for an outdated epoch, `ARCHIVE_QUERY_CHANGED` for an outdated definition. */
  writeRange(write: RangeWrite, signal: AbortSignal): Promise<WriteOutcome>;
  readSeries(read: ArchiveRead, signal: AbortSignal): Promise<Series[]>;
  /** Samples kept since the start of the UTC day, for the limit on *keep*. */
  keptToday(): Promise<number>;
}

/** A fetched range that replaces what the archive had for this query in this range [A3]. */
export interface RangeWrite {
  query: QueryIdentity;
  range: TimeRange;
  series: readonly Series[];
  /** Name of results without `__name__`: the recorded query's name, or the expression. */
  queryName: string;
  retention: string;
  provenance: Provenance;
  /** The parts of `range` that count as covered (recorded queries) [A5]. */
  covered: readonly TimeRange[];
  /** The parts that do not, and why. */
  gaps: readonly Gap[];
  /** Recorded queries: the epoch the answer was fetched under. Absent: written whoever leads. */
  epoch?: number;
}

export interface WriteOutcome {
  inserted: number;
  unchanged: number;
  /** Samples whose value changed. */
  revised: number;
  /** Samples the new answer no longer has. */
  withdrawn: number;
  /** Series that could not be stored, with the reason (a NUL in a label, …); the rest was written. */
  refused: Array<{ labels: Labels | undefined; reason: string }>;
}

export interface ArchiveRead {
  query: QueryIdentity;
  range: TimeRange;
}
