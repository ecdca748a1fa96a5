import { decimalsOf } from './decimals';
import { firstNotBefore, type SampleRun, sliceRun } from '../write/sampleRuns';

/**
 * Packed rows made by the writer. A backfill writes periods that closed long ago: as samples they would take 92 bytes each and
 * be rewritten by the next run of packing. The rows are those `packer.ts` would make.
 */

/** What the rows of a query have in common. */
export interface PackTarget {
  periodMs: number;
  /** Periods that ended by then are packed. */
  closedBeforeMs: number;
}

/** Samples of one series within one period, for one row. */
export interface PackPiece extends SampleRun {
  /** In microseconds where every distance is the same; else each time is stored. */
  stepUs: number | undefined;
  /** Digits after the point that the series' values in this period need. */
  digits: number;
}

/** Fewer are better off as samples until the period is packed as a whole. */
export const MIN_PACKED_SAMPLES = 120;
/** Both as in `packer.ts`. */
const MAX_PIECES = 16;
const MAX_ROW_SAMPLES = 25_000;
/** Periods are counted from Monday, 1970-01-05. */
const FIRST_MONDAY_MS = 4 * 86_400_000;

/** Sorts out what can be packed at once. */
export function choosePieces(
  runs: readonly SampleRun[],
  { periodMs, closedBeforeMs }: PackTarget
): { pieces: PackPiece[]; rest: readonly SampleRun[]; untilMs: number } {
  if (closedBeforeMs === -Infinity) {
    return { pieces: [], rest: runs, untilMs: -Infinity };
  }
  const pieces: PackPiece[] = [];
  const rest: SampleRun[] = [];
  let untilMs = -Infinity;
  for (const run of runs) {
    const { timesMs } = run;
    for (let from = 0; from < timesMs.length;) {
      const endMs = (Math.floor((timesMs[from] - FIRST_MONDAY_MS) / periodMs) + 1) * periodMs + FIRST_MONDAY_MS;
      const to = firstNotBefore(timesMs, from, endMs);
      const part = sliceRun(run, from, to);
      if (endMs <= closedBeforeMs && to - from >= MIN_PACKED_SAMPLES) {
        cut(pieces, part, decimalsOf(part.values));
        untilMs = Math.max(untilMs, endMs);
      } else {
        rest.push(part);
      }
      from = to;
    }
  }
  return { pieces, rest, untilMs };
}

/** Cuts where the distance is not the shortest one; with too many holes every time is stored. */
function cut(pieces: PackPiece[], run: SampleRun, digits: number): void {
  const { timesMs } = run;
  const count = timesMs.length;
  let stepMs = Infinity;
  for (let i = 1; i < count; i++) {
    stepMs = Math.min(stepMs, timesMs[i] - timesMs[i - 1]);
  }
  const starts = [0];
  for (let i = 1; i < count; i++) {
    if (timesMs[i] - timesMs[i - 1] !== stepMs) {
      starts.push(i);
    }
  }
  const stepUs = Math.round(stepMs * 1_000);
  // A step finer than a microsecond's part would drift.
  const regular = starts.length <= MAX_PIECES && stepUs === stepMs * 1_000;
  for (const [n, start] of (regular ? starts : [0]).entries()) {
    const end = regular ? (starts[n + 1] ?? count) : count;
    for (let at = start; at < end; at += MAX_ROW_SAMPLES) {
      pieces.push({
        ...sliceRun(run, at, Math.min(end, at + MAX_ROW_SAMPLES)),
        stepUs: regular ? stepUs : undefined,
        digits,
      });
    }
  }
}
