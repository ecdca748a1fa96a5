import { parseRetentionDays, RETENTION_FORM } from './retention';

/** Recorded queries as the datasource's resources speak of them (`RECORDED_QUERIES_RESOURCE`). */

/** What a person decides. */
export interface RecordedDefinition {
  /** Unique within the archive's source; the name of results without `__name__`. */
  name: string;
  /** PromQL. */
  expression: string;
  stepMs: number;
  /** `7d`, `30d`, `1y`, `forever`, … */
  retention: string;
}

export interface RecordedQueryItem extends RecordedDefinition {
  /** Grows when the expression or the step changes. */
  version: number;
  /** Sent back with an edit, so that two editors do not overwrite each other. */
  revision: number;
  /** From the config file of the stand-alone program: read-only in Grafana. */
  provisioned: boolean;
  paused: boolean;
  createdAtMs: number;
  createdBy?: string;
  updatedAtMs: number;
  updatedBy?: string;
  /** Grid times since the version's beginning that are in the archive, and that are not though they are due. */
  coveredPoints: number;
  missingPoints: number;
  /** The last grid time that is in the archive. */
  newestMs?: number;
  /** The newest ones, newest first. */
  gaps: RecordedGap[];
  gapCount: number;
}

/** A deletion that waits for its date; see `PendingDeletion` of the backend. */
export interface WaitingDeletion {
  what: string;
  /** Absent: stored rollups of the whole archive. */
  query?: string;
  /** The retention in force. */
  present?: string;
  wanted: string;
  by: string;
  askedAtMs: number;
  atMs: number;
  /** About how many samples. */
  samples?: number;
  oldestMs?: number;
}

export interface RecordedGap {
  fromMs: number;
  toMs: number;
  points: number;
  reason: string;
  detail?: string;
}

/** Of what recorded queries take: how many there are, and what those that are not paused return. */
export interface RecordingAmount {
  queries: number;
  series: number;
  samplesPerDay: number;
}

export type RecordingScope = 'source' | 'organisation';

/** Of one source, and of all sources of its organisation together. */
export type RecordingAmounts = Record<RecordingScope, RecordingAmount>;

export interface RecordingQuota {
  use: RecordingAmounts;
  limits: RecordingAmounts;
}

export interface RecordedQueriesAnswer {
  queries: RecordedQueryItem[];
  quota: RecordingQuota;
  /** By date. */
  waiting: WaitingDeletion[];
  may: RecordingRights;
  /** Which program records now; absent: none does. */
  archiver?: string;
  scrapeIntervalMs: number;
}

export interface RecordingRights {
  /** Create, edit, pause, resume, delete with the data kept, and take back a deletion that waits. */
  edit: boolean;
  /** Delete together with the data, and carry out at once what waits. */
  deleteData: boolean;
  /** Why not. */
  reason?: string;
}

export type RecordedFaults = Partial<Record<'name' | 'expression' | 'step' | 'retention', string>>;

export interface RecordedCheck {
  /** What keeps the query from being recorded, by field. */
  faults: RecordedFaults;
  /** What its author should know. */
  hints: string[];
  /** Series of its result just now. */
  series?: number;
}

export const RECORDED_LIMITS = { nameLength: 255, expressionLength: 20_000, minStepMs: 1_000, maxStepMs: 86_400_000 };

export const RETENTION_CLASSES = ['7d', '30d', '90d', '1y', '5y', 'forever'] as const;

/** What can be told without asking anybody. */
export function findRecordedFaults({ name, expression, stepMs, retention }: RecordedDefinition): RecordedFaults {
  const faults: RecordedFaults = {};
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    faults.name = 'A name looks like that of a metric: letters, digits, _ and :, no digit first.';
  } else if (name.length > RECORDED_LIMITS.nameLength) {
    faults.name = `A name has at most ${RECORDED_LIMITS.nameLength} characters.`;
  }
  if (expression.trim() === '') {
    faults.expression = 'Enter a PromQL expression.';
  } else if (expression.length > RECORDED_LIMITS.expressionLength) {
    faults.expression = `An expression has at most ${RECORDED_LIMITS.expressionLength} characters.`;
  }
  if (!Number.isInteger(stepMs) || stepMs < RECORDED_LIMITS.minStepMs || stepMs > RECORDED_LIMITS.maxStepMs) {
    faults.step = 'The step is a duration between 1s and 1d, such as 15s or 5m.';
  }
  if (parseRetentionDays(retention) === undefined) {
    faults.retention = `Retention is ${RETENTION_FORM}.`;
  }
  return faults;
}
