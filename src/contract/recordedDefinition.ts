import { parseRetentionDays, RETENTION_FORM } from './retention';

/** What a person decides of a recorded query. */
export interface RecordedDefinition {
  /** Unique within the archive's source; the name of results without `__name__`. */
  name: string;
  /** PromQL; of raw series their selectors, one a line. */
  expression: string;
  stepMs: number;
  /** `7d`, `30d`, `1y`, `forever`, … */
  retention: string;
  /** The series that the selectors match are kept as they are, instead of results; `stepMs` is `RAW_SERIES_STEP_MS` then. */
  raw?: boolean;
}

/** Coverage of raw series is told by the minute; their samples have the times they were scraped at. */
export const RAW_SERIES_STEP_MS = 60_000;

export type RecordedFaults = Partial<Record<'name' | 'expression' | 'step' | 'retention', string>>;

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
