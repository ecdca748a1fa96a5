import { fetchRange, type CollectDeps } from './collectFetch';
import { ceilToGrid, countPoints, floorToGrid } from './collectGrid';
import { asPromkeepError } from './errors';
import { fenceArchive } from './fencedArchive';
import { type LedgerEntry, type RangeWrite, type TimeRange } from './ports';
import { type Labels, type Series } from './series';

export interface Difference {
  kind: 'differs' | 'missing' | 'extra';
  labels: Labels;
  timeMs: number;
  /** In the archive; absent when it is missing there. */
  archived?: number;
  /** What the source says now; absent when it says nothing. */
  source?: number;
}

export interface VerifyReport {
  query: string;
  /** Samples that were compared, on either side. */
  compared: number;
  /** Archived with another value. */
  differs: number;
  /** Not archived although the source has them. */
  missing: number;
  /** Archived although the source does not have them. */
  extra: number;
  /** Covered grid times the source no longer holds; nothing can be said of them. */
  notHeldPoints: number;
  repaired: boolean;
  /** The first few. */
  examples: Difference[];
}

const MAX_EXAMPLES = 10;
const PIECE_POINTS = 5_000;

/**
 * Asks the source again for everything the archive covers of a query in a window, and compares sample by sample and bit by bit.
 * Only times at which the probe shows that the source still holds data are compared. With `repair`, pieces with differences
 * are written again. Rejects with `PromkeepError`.
 */
export async function verifyQuery(
  deps: CollectDeps,
  entry: LedgerEntry,
  window: TimeRange,
  repair: boolean,
  signal: AbortSignal
): Promise<VerifyReport> {
  const { name: query, stepMs } = entry;
  const report: VerifyReport = {
    query,
    compared: 0,
    differs: 0,
    missing: 0,
    extra: 0,
    notHeldPoints: 0,
    repaired: false,
    examples: [],
  };
  for (const covered of entry.covered) {
    const endMs = Math.min(covered.toMs, floorToGrid(window.toMs, stepMs));
    let fromMs = Math.max(covered.fromMs, ceilToGrid(window.fromMs, stepMs));
    let points = Math.min(PIECE_POINTS, deps.settings.maxPoints);
    while (fromMs <= endMs) {
      const range = { fromMs, toMs: Math.min(endMs, fromMs + (points - 1) * stepMs) };
      if (await verifyPiece(deps, entry, range, { report, repair }, signal)) {
        fromMs = range.toMs + stepMs;
      } else {
        points = Math.max(1, Math.floor(points / 2));
      }
    }
  }
  return report;
}

/** @returns false when the answer was too large or too slow and a shorter piece may do */
async function verifyPiece(
  deps: CollectDeps,
  entry: LedgerEntry,
  range: TimeRange,
  { report, repair }: { report: VerifyReport; repair: boolean },
  signal: AbortSignal
): Promise<boolean> {
  const { epoch } = await deps.archive.currentLease();
  let write: RangeWrite;
  try {
    write = await fetchRange(deps, entry, range, signal);
  } catch (error) {
    const { code } = asPromkeepError(error);
    if (range.toMs > range.fromMs && (code === 'SOURCE_RESPONSE_TOO_LARGE' || code === 'SOURCE_TIMEOUT')) {
      return false;
    }
    throw error;
  }
  const archived = await deps.archive.readSeries({ query: write.query, range }, signal);
  const found = compare(archived, write, report);
  report.notHeldPoints += write.gaps.reduce((sum, gap) => sum + countPoints(gap, entry.stepMs), 0);
  if (found && repair) {
    await fenceArchive(deps.archive, epoch).writeRange(write, signal);
    report.repaired = true;
  }
  return true;
}

function compare(archived: readonly Series[], { series, covered }: RangeWrite, report: VerifyReport): boolean {
  const before = report.differs + report.missing + report.extra;
  const holds = (timeMs: number): boolean => covered.some((part) => part.fromMs <= timeMs && timeMs <= part.toMs);
  const left = new Map(archived.map((one) => [keyOf(one.labels), one]));
  for (const one of series) {
    const key = keyOf(one.labels);
    compareSeries(one.labels ?? {}, left.get(key), one, holds, report);
    left.delete(key);
  }
  for (const one of left.values()) {
    compareSeries(one.labels ?? {}, one, undefined, holds, report);
  }
  return report.differs + report.missing + report.extra > before;
}

function compareSeries(
  labels: Labels,
  archived: Series | undefined,
  source: Series | undefined,
  holds: (timeMs: number) => boolean,
  report: VerifyReport
): void {
  const values = new Map<number, number>();
  archived?.timesMs.forEach((timeMs, i) => values.set(timeMs, archived.values[i]));
  const note = (difference: Omit<Difference, 'labels'>): void => {
    report[difference.kind]++;
    if (report.examples.length < MAX_EXAMPLES) {
      report.examples.push({ ...difference, labels });
    }
  };
  source?.timesMs.forEach((timeMs, i) => {
    const [was, is] = [values.get(timeMs), source.values[i]];
    values.delete(timeMs);
    if (!holds(timeMs)) {
      return;
    }
    report.compared++;
    if (was === undefined) {
      note({ kind: 'missing', timeMs, source: is });
    } else if (!Object.is(was, is)) {
      note({ kind: 'differs', timeMs, archived: was, source: is });
    }
  });
  for (const [timeMs, was] of values) {
    if (holds(timeMs)) {
      report.compared++;
      note({ kind: 'extra', timeMs, archived: was });
    }
  }
}

function keyOf(labels: Labels | undefined): string {
  return JSON.stringify(Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}
