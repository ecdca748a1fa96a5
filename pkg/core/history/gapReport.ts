import { countPoints, findGaps, floorToGrid } from '../collect/collectGrid';
import { MAX_RAW_PIECE_MS } from '../model/rawSeries';
import { type Gap, type GapReason, type Ledger, type LedgerEntry } from '../ports/ledger';

/** A range of grid times the archive lacks. `not-recorded`: no archiver was at work then, or it has not come to it yet. */
export interface MissingRange extends Omit<Gap, 'reason'> {
  reason: GapReason | 'not-recorded';
  points: number;
  /** `points` times the step. */
  seconds: number;
}

export interface GapReport {
  name: string;
  stepMs: number;
  paused: boolean;
  /** Ascending and disjoint. */
  missing: MissingRange[];
}

/** What is due is not missing while it is being fetched. */
const GRACE_MS = 5_000;

/** A piece of raw series settles a little later than results do, and reading and writing it may take minutes. */
const PIECE_TIMES = 1.25;

/** What the archive lacks of each recorded query, and why. Parameters as of `reportGaps`. */
export async function readGaps(
  ledger: Pick<Ledger, 'entries'>,
  dueMs: number,
  rawPieceMs?: number
): Promise<GapReport[]> {
  return (await ledger.entries()).map((entry) => reportGaps(entry, dueMs, rawPieceMs));
}

/** The newest time that an archiver at work has come to: raw series wait until a piece of them is due. */
export function expectedMs({ raw }: Pick<LedgerEntry, 'raw'>, dueMs: number, rawPieceMs?: number): number {
  const waitMs = rawPieceMs === undefined ? MAX_RAW_PIECE_MS : rawPieceMs * PIECE_TIMES;
  return raw ? dueMs - waitMs : dueMs;
}

/**
 * Everything between the first time the ledger knows of and the newest due one that is not covered: the noted gaps, and the
 * holes nobody noted because no archiver was there to do it.
 *
 * @param dueMs the newest time that is settled
 * @param rawPieceMs length of the pieces in which raw series are collected; absent: not known, the longest there are
 */
export function reportGaps(entry: LedgerEntry, dueMs: number, rawPieceMs?: number): GapReport {
  const { name, stepMs, paused, covered, gaps } = entry;
  const known = [...covered, ...gaps].sort((a, b) => a.fromMs - b.fromMs);
  if (known.length === 0) {
    return { name, stepMs, paused, missing: [] };
  }
  const lastKnownMs = Math.max(...known.map(({ toMs }) => toMs));
  const window = {
    fromMs: known[0].fromMs,
    toMs: paused ? lastKnownMs : floorToGrid(expectedMs(entry, dueMs, rawPieceMs) - stepMs - GRACE_MS, stepMs),
  };
  const holes = findGaps(window, known, stepMs).map((hole) => ({ ...hole, reason: 'not-recorded' as const }));
  const missing = [...gaps, ...holes]
    .sort((a, b) => a.fromMs - b.fromMs)
    .map((range) => {
      const points = countPoints(range, stepMs);
      return { ...range, points, seconds: (points * stepMs) / 1000 };
    });
  return { name, stepMs, paused, missing };
}
