/** What the stand-alone page reads of the archive: `/api/archive/overview`, the `archive` event of `/api/live`, `/api/archive/history`. */

/** Times are Unix milliseconds, both ends of a range inclusive. */
export interface ArchiveOverview {
  /** The server's clock. */
  timeMs: number;
  samples: number;
  series: number;
  /** The whole archive on disk. */
  bytes: number;
  /** Who records; absent: nobody. */
  leader?: { name: string; isThis: boolean };
  /** By name. */
  queries: RecordedOverview[];
}

export interface RecordedOverview {
  name: string;
  displayName: string;
  expression: string;
  stepMs: number;
  retention: string;
  paused: boolean;
  /** The newest time that counts as covered. */
  newestMs?: number;
  /** How far that lies behind what is due; 0 when nothing is late. */
  lagMs: number;
  /** Covered share of the time since recording began, 0 to 1; absent before the first answer. */
  coverage?: number;
  /** Newest first, at most `MOST_GAPS`. */
  gaps: ArchiveGap[];
  gapCount: number;
}

export const MOST_GAPS = 50;

export interface ArchiveGap {
  fromMs: number;
  toMs: number;
  /** A gap reason of the ledger, or `not-recorded`. */
  reason: string;
  detail?: string;
  outlook: HoleOutlook;
}

/** `retried`: asked for again as long as Prometheus may have it. `too-old`: given up. `paused`: the query is not recorded now. */
export type HoleOutlook = 'retried' | 'too-old' | 'paused';

export interface ArchiveHistory {
  name: string;
  displayName: string;
  /** A Grafana unit id. */
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  fromMs: number;
  toMs: number;
  stepMs: number;
  /** One point stands for this much time; the step, unless the history was thinned. */
  bucketMs: number;
  /** The step, unless only every n-th sample was read. */
  sampledMs: number;
  /** At most `MOST_SERIES`. */
  series: HistorySeries[];
  seriesCount: number;
  gaps: ArchiveGap[];
  thresholds: Array<{ value: number; state: string }>;
}

export const MOST_SERIES = 20;

/** All arrays are equally long; times ascend. `null`: NaN or infinite. */
export interface HistorySeries {
  labels: Record<string, string>;
  timesMs: number[];
  /** The mean of the bucket, or the sample itself. */
  values: Array<number | null>;
  /** Only of thinned history. */
  min?: Array<number | null>;
  max?: Array<number | null>;
}
