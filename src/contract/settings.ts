import { type RecordingAmounts } from './recordedQuery';

/**
 * What Promkeep adds to the settings of Grafana's Prometheus datasource. The rest of `jsonData` (`httpMethod`,
 * `timeInterval`, `queryTimeout`, …) keeps the names Grafana's own datasource uses.
 */
export interface ArchiveJsonData {
  /** Without it the datasource works, and nothing can be kept. */
  archiveEnabled?: boolean;
  /** `host` or `host:port`, port 5432 unless given. */
  archiveHost?: string;
  archiveDatabase?: string;
  archiveUser?: string;
  archiveSslMode?: ArchiveSslMode;
  /** Schema of the archive's tables; absent: `promkeep`, or where the role has an archive already. */
  archiveSchema?: string;
  /** Name of the source in the archive; the stand-alone program shares the archive's rows exactly when it uses the same name. */
  archiveSourceName?: string;
  /** An Admin's permission for *Keep in archive* (who may edit datasources may set it). */
  archiveAllowKeep?: boolean;
  /** Retention class of kept results: `7d`, `30d`, `1y`, `forever`. */
  archiveKeepRetention?: string;
  /** Refuses to keep more rows than this in one UTC day. */
  archiveKeepMaxRowsPerDay?: number;
  /** Refuses to keep a result with more series than this. */
  archiveKeepMaxSeries?: number;
  /**
   * An Admin's permission for recorded queries: Editors may manage them, and the plugin records them while Grafana runs (taking
   * turns with the stand-alone program where there is one).
   */
  archiveAllowRecording?: boolean;
  /** Refuses to record a query with more series than this. */
  archiveRecordMaxSeries?: number;
  /** Refuses to make or resume recorded queries beyond these; see `RecordingAmount`. */
  archiveRecordMaxQueries?: number;
  archiveRecordMaxTotalSeries?: number;
  archiveRecordMaxSamplesPerDay?: number;
  /** The same for all sources of the organisation together. */
  archiveRecordOrgMaxQueries?: number;
  archiveRecordOrgMaxSeries?: number;
  archiveRecordOrgMaxSamplesPerDay?: number;
  /** A time is recorded when it is this old, as a duration; absent: 2.2 scrape intervals and 10 s. */
  archiveSettle?: string;
  /** PromQL that has a value wherever the source held data. */
  archiveProbe?: string;
}

/** Settings that are whole numbers from 1 on. */
export const LIMIT_SETTINGS = [
  'archiveKeepMaxRowsPerDay',
  'archiveKeepMaxSeries',
  'archiveRecordMaxSeries',
  'archiveRecordMaxQueries',
  'archiveRecordMaxTotalSeries',
  'archiveRecordMaxSamplesPerDay',
  'archiveRecordOrgMaxQueries',
  'archiveRecordOrgMaxSeries',
  'archiveRecordOrgMaxSamplesPerDay',
] as const;

export type LimitSetting = (typeof LIMIT_SETTINGS)[number];

export interface QuerySettings {
  /** Exemplars are not thinned per step. */
  showAllExemplars?: boolean;
  /** An answer with more series is refused. */
  answerMaxSeries?: number;
}

/**
 * A browser draws some hundred lines and reads a table of some thousand rows; at 100,000 series an answer takes half a GB of
 * memory here, and more in the browser.
 */
export const DEFAULT_MAX_SERIES = 100_000;

export interface ArchiveSecureJsonData {
  archivePassword?: string;
  /** PEM; the CA that signed the database's certificate. */
  archiveCaCert?: string;
}

/** As libpq names them; `verify-full` also checks the host name. */
export type ArchiveSslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

export const ARCHIVE_DEFAULTS = {
  sourceName: 'default',
  sslMode: 'disable',
  keepRetention: '30d',
  keepMaxRowsPerDay: 1_000_000,
  keepMaxSeries: 1_000,
  recordMaxSeries: 10_000,
  probe: 'count(up)',
} as const;

/**
 * Nobody meets these who records what dashboards and alerts need: 100,000 series at a step of 30 s are 288 million samples a
 * day, about what one PostgreSQL takes in beside its other work (bench/RESULTS.md).
 */
export const RECORDING_LIMITS: RecordingAmounts = {
  source: { queries: 250, series: 100_000, samplesPerDay: 300_000_000 },
  organisation: { queries: 1_000, series: 300_000, samplesPerDay: 900_000_000 },
};
