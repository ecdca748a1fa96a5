import { type DataFrame } from '@grafana/data';
import { SUMMARY_FRAME_VERSION } from '../contract/summary';

/** What the panel needs of `meta.custom.promkeep`; see `SummaryFrameMeta` in the contract. */
export interface SummaryMark {
  metricKey: string;
  noDataReason?: string;
  lastSeenMs?: number;
  /** Set on a frame of an earlier period: how much earlier. */
  comparisonOffsetMs?: number;
  /** Of a comparison: the source no longer has it, the archive does. */
  isFromArchive: boolean;
}

/**
 * Reads the mark of a Summary frame from whatever `meta.custom` holds.
 *
 * @returns the mark, `undefined` for frames that are not ours, or `unreadable` for ours of a version we do not know
 */
export function readSummaryMark(frame: DataFrame): SummaryMark | 'unreadable' | undefined {
  const mark = asRecord(asRecord(frame.meta?.custom)?.promkeep);
  if (mark?.kind !== 'summary') {
    return undefined;
  }
  if (mark.version !== SUMMARY_FRAME_VERSION || typeof mark.metricKey !== 'string') {
    return 'unreadable';
  }
  return {
    metricKey: mark.metricKey,
    noDataReason: typeof mark.noDataReason === 'string' && mark.noDataReason !== '' ? mark.noDataReason : undefined,
    lastSeenMs: typeof mark.lastSeenMs === 'number' && Number.isFinite(mark.lastSeenMs) ? mark.lastSeenMs : undefined,
    comparisonOffsetMs: offsetOf(mark.comparison),
    isFromArchive: asRecord(mark.comparison)?.origin === 'archive',
  };
}

/** A comparison that cannot be read is one all the same: it must not pass for the present. */
function offsetOf(comparison: unknown): number | undefined {
  const offsetMs = asRecord(comparison)?.offsetMs;
  return comparison === undefined ? undefined : typeof offsetMs === 'number' ? offsetMs : NaN;
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
