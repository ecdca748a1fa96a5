import { type GapReport } from '../core/history/gapReport';
import { type ArchiveStatus, type PoolUse, type SourceIdentity } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';

/** One archiver of this process: that of `promkeep serve`, or one for each datasource that may record. */
export interface RecorderIdentity {
  source: SourceIdentity;
  /** Uid of the Grafana datasource. The same source may be named by several, and two databases may have sources of one name. */
  datasource?: string;
}

/** What a scrape asks the archive of a recorder for. */
export interface ArchiveWatch {
  clock: Clock;
  readGaps(): Promise<GapReport[]>;
  readStatus(): Promise<ArchiveStatus>;
  readPool(): PoolUse;
}

export type RecorderLabels = Readonly<Record<string, string>>;

/** The columns of `metrics_data` that name a source, and the datasource where there is one. */
export function labelsOf({ source, datasource }: RecorderIdentity): RecorderLabels {
  return {
    org_id: String(source.orgId),
    source_name: source.name,
    ...(datasource ? { datasource } : {}),
  };
}

export const RECORDER_LABEL_NAMES = ['org_id', 'source_name', 'datasource'] as const;

/** What a recorder is now; counters, which only grow, live elsewhere. */
export interface RecorderState {
  labels: RecorderLabels;
  watch: ArchiveWatch;
  leads: boolean;
  /** Absent before the archive was reached. */
  epoch?: number;
  skewMs?: number;
  /** By recorded query. */
  lags: Map<string, () => number | undefined>;
  /** Duration of the last run, by task. */
  upkeepSeconds: Map<string, number>;
}
