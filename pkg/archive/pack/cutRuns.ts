import { periodStart } from '../schema/partitions';
import { firstNotBefore, type SampleRun, sliceRun } from '../write/sampleRuns';
import { decimalsOf, type PackPiece, type PeriodRun } from './packedRow';

/** Which samples go into which packed row. */

/** What the rows of a query have in common. */
export interface PackTarget {
  periodMs: number;
  /** Periods that ended by then are packed. */
  closedBeforeMs: number;
}

/** Fewer are better off as samples until the period is packed as a whole. */
export const MIN_PACKED_SAMPLES = 120;
/** A series whose grid has more holes than this in a period is stored with the time of every sample. */
const MAX_PIECES = 16;
/** Longer ones are cut: an array is unpacked as a whole, however little of it is read. */
export const MAX_ROW_SAMPLES = 25_000;

/**
 * Sorts out what can be packed as it is written. A backfill writes periods that closed long ago: as samples they would take
 * 92 bytes each and be rewritten by the next run of packing.
 */
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
      const startMs = periodStart(timesMs[from], periodMs);
      const endMs = startMs + periodMs;
      const to = firstNotBefore(timesMs, from, endMs);
      const part = sliceRun(run, from, to);
      if (endMs <= closedBeforeMs && to - from >= MIN_PACKED_SAMPLES) {
        const offsetsUs = part.timesMs.map((timeMs) => Math.round((timeMs - startMs) * 1_000));
        pieces.push(...cutRun({ seriesId: run.seriesId, startMs, offsetsUs, values: part.values }));
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
export function cutRun(run: PeriodRun): PackPiece[] {
  const { offsetsUs } = run;
  const count = offsetsUs.length;
  let shortestUs = Infinity;
  for (let i = 1; i < count; i++) {
    shortestUs = Math.min(shortestUs, offsetsUs[i] - offsetsUs[i - 1]);
  }
  let starts = [0];
  for (let i = 1; i < count && starts.length <= MAX_PIECES; i++) {
    if (offsetsUs[i] - offsetsUs[i - 1] !== shortestUs) {
      starts.push(i);
    }
  }
  // A single sample has any step.
  let stepUs: number | undefined = count === 1 ? 1 : shortestUs;
  if (starts.length > MAX_PIECES) {
    starts = [0];
    stepUs = undefined;
  }
  const digits = decimalsOf(run.values);
  const pieces: PackPiece[] = [];
  for (const [n, start] of starts.entries()) {
    const end = starts[n + 1] ?? count;
    for (let at = start; at < end; at += MAX_ROW_SAMPLES) {
      pieces.push({ ...slicePeriodRun(run, at, Math.min(end, at + MAX_ROW_SAMPLES)), stepUs, digits });
    }
  }
  return pieces;
}

function slicePeriodRun(run: PeriodRun, from: number, to: number): PeriodRun {
  return {
    ...run,
    offsetsUs: run.offsetsUs.subarray(from, to),
    values: run.values.subarray(from, to),
    nulls: run.nulls?.subarray(from, to),
    fetchIds: run.fetchIds?.subarray(from, to),
  };
}
