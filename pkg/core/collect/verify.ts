import { fetchRange, type FetchDeps } from './fetchRange';
import { RAW_DAY_POINTS, withinFirstDay } from './raw/rawPieces';
import { compareRawPiece, labelsOf, type RawVerifyDeps } from './raw/verifyRaw';
import { ceilToGrid, countAllPoints, floorToGrid } from './collectGrid';
import { asPromkeepError } from '../model/errors';
import { type Uses } from '../ports/archive';
import { type LedgerEntry } from '../ports/ledger';
import { type RangeWrite } from '../ports/sampleStore';
import { type TimeRange } from '../model/timeRange';
import { type Labels, type Series } from '../model/series';

export type VerifyDeps = FetchDeps &
  Uses<{ samples: 'readSeries' | 'writeRange'; lease: 'current' }> &
  Pick<RawVerifyDeps, 'raw' | 'rawComparing'>;

export interface Difference {
  kind: 'differs' | 'missing' | 'extra';
  labels: Labels;
  timeMs: number;
  /** In the archive; absent when it is missing there. Of raw series a text for what is no number. */
  archived?: number | string;
  /** What the source says now; absent when it says nothing. */
  source?: number | string;
}

export interface VerifyReport {
  query: string;
  /** Samples that were compared, on either side. */
  compared: number;
  /** Archived with another value. */
  differs: number;
  /** Not archived although the source has them. */
  missing: number;
  /** Archived although the source does not have them, or a second time. */
  extra: number;
  /** Pairs of `topk` and the like: another series of the same value took the place; no difference. */
  ties: number;
  /** Covered grid times the source no longer holds; nothing can be said of them. */
  notHeldPoints: number;
  repaired: boolean;
  /** The first few. */
  examples: Difference[];
}

const MAX_EXAMPLES = 10;
const PIECE_POINTS = 5_000;
/** How often a repair begins again because another archiver has taken over meanwhile. */
const MAX_TAKEOVERS = 3;
/** Which of several series with the same value these give is up to the server; it need not be the same twice. */
const RANKS = /\b(topk|bottomk)\b/;

/**
 * Asks the source again for everything the archive covers of a query in a window, and compares sample by sample and bit by bit.
 * Only times at which the probe shows that the source still holds data are compared. With `repair`, pieces with differences
 * are written again, under whoever leads. Rejects with `PromkeepError`.
 */
export async function verifyQuery(
  deps: VerifyDeps,
  entry: LedgerEntry,
  { window, repair }: { window: TimeRange; repair: boolean },
  signal: AbortSignal
): Promise<VerifyReport> {
  const { name: query, stepMs } = entry;
  const report: VerifyReport = {
    query,
    compared: 0,
    differs: 0,
    missing: 0,
    extra: 0,
    ties: 0,
    notHeldPoints: 0,
    repaired: false,
    examples: [],
  };
  for (const covered of entry.covered) {
    const endMs = Math.min(covered.toMs, floorToGrid(window.toMs, stepMs));
    let fromMs = Math.max(covered.fromMs, ceilToGrid(window.fromMs, stepMs));
    let points = Math.min(entry.raw ? RAW_DAY_POINTS : PIECE_POINTS, deps.settings.maxPoints);
    while (fromMs <= endMs) {
      const longest = { fromMs, toMs: Math.min(endMs, fromMs + (points - 1) * stepMs) };
      const range = entry.raw ? withinFirstDay(longest) : longest;
      if (await verifyPiece(deps, entry, { range, report, repair, takeovers: 0 }, signal)) {
        fromMs = range.toMs + stepMs;
      } else {
        points = Math.max(1, Math.floor(points / 2));
      }
    }
  }
  return report;
}

interface Piece {
  range: TimeRange;
  report: VerifyReport;
  repair: boolean;
  /** How often its repair began again. */
  takeovers: number;
}

/** What is said of one piece. */
interface Findings extends Comparison {
  /** Of the differences, how many; `differences` has the first few of raw series. */
  counts: Record<Difference['kind'], number>;
  notHeldPoints: number;
  /** Writes the piece again; absent: there is nothing to write. */
  rewrite?(epoch: number): Promise<unknown>;
}

/** @returns false when the answer was too large or too slow and a shorter piece may do */
async function verifyPiece(deps: VerifyDeps, entry: LedgerEntry, piece: Piece, signal: AbortSignal): Promise<boolean> {
  const { range, report, repair, takeovers } = piece;
  const { epoch } = await deps.lease.current();
  let findings: Findings;
  try {
    findings = await (entry.raw ? examineRaw : examine)(deps, entry, piece, signal);
  } catch (error) {
    const { code } = asPromkeepError(error);
    if (range.toMs > range.fromMs && (code === 'SOURCE_RESPONSE_TOO_LARGE' || code === 'SOURCE_TIMEOUT')) {
      return false;
    }
    throw error;
  }
  const { compared, ties, differences, counts, notHeldPoints, rewrite } = findings;
  if (differences.length > 0 && repair && rewrite) {
    try {
      await rewrite(epoch);
    } catch (error) {
      if (asPromkeepError(error).code !== 'ARCHIVE_NOT_LEADER' || takeovers === MAX_TAKEOVERS) {
        throw error;
      }
      return verifyPiece(deps, entry, { ...piece, takeovers: takeovers + 1 }, signal);
    }
    report.repaired = true;
  }
  report.compared += compared;
  report.ties += ties;
  report.notHeldPoints += notHeldPoints;
  KINDS.forEach((kind) => (report[kind] += counts[kind]));
  report.examples.push(...differences.slice(0, MAX_EXAMPLES - report.examples.length));
  return true;
}

const KINDS = ['differs', 'missing', 'extra'] as const;

async function examine(deps: VerifyDeps, entry: LedgerEntry, { range }: Piece, signal: AbortSignal): Promise<Findings> {
  const write = await fetchRange(deps, entry, range, { signal });
  const archived = await deps.samples.readSeries({ query: write.query, range }, signal);
  const comparison = compare(archived, write, RANKS.test(entry.expression));
  const counts = { differs: 0, missing: 0, extra: 0 };
  comparison.differences.forEach(({ kind }) => counts[kind]++);
  return {
    ...comparison,
    counts,
    notHeldPoints: countAllPoints(write.gaps, entry.stepMs),
    rewrite: (epoch) => deps.samples.writeRange({ ...write, epoch }, signal),
  };
}

async function examineRaw(
  deps: VerifyDeps,
  entry: LedgerEntry,
  { range }: Piece,
  signal: AbortSignal
): Promise<Findings> {
  const { write, lost, comparison } = await compareRawPiece(deps, entry, { range, maxExamples: MAX_EXAMPLES }, { signal });
  const { compared, counts, examples } = comparison;
  const notHeld = [...(lost ? [lost] : []), ...(write?.gaps ?? [])];
  return {
    ...{ compared, counts, ties: 0 },
    differences: examples.map((one) => ({ ...one, labels: labelsOf(one.labels) })),
    notHeldPoints: countAllPoints(notHeld, entry.stepMs),
    ...(write ? { rewrite: async (epoch) => deps.raw?.writeRaw({ ...write, epoch }, signal) } : {}),
  };
}

interface Comparison {
  compared: number;
  ties: number;
  differences: Difference[];
}

function compare(archived: readonly Series[], { series, covered }: RangeWrite, ranks: boolean): Comparison {
  const holds = (timeMs: number): boolean => covered.some((part) => part.fromMs <= timeMs && timeMs <= part.toMs);
  const comparison: Comparison = { compared: 0, ties: 0, differences: [] };
  const left = new Map(archived.map((one) => [keyOf(one.labels), one]));
  for (const one of series) {
    const key = keyOf(one.labels);
    compareSeries({ labels: one.labels ?? {}, archived: left.get(key), source: one }, holds, comparison);
    left.delete(key);
  }
  for (const one of left.values()) {
    compareSeries({ labels: one.labels ?? {}, archived: one, source: undefined }, holds, comparison);
  }
  return ranks ? withoutTies(comparison) : comparison;
}

/** Takes out pairs of a missing and an extra sample of the same time and value. */
function withoutTies({ compared, differences }: Comparison): Comparison {
  const placeOf = (timeMs: number, value: Difference['source'] = NaN): string =>
    `${timeMs} ${Object.is(value, -0) ? '-0' : value}`;
  const extras = Map.groupBy(
    differences.filter(({ kind }) => kind === 'extra'),
    ({ timeMs, archived }) => placeOf(timeMs, archived)
  );
  const tied = new Set<Difference>();
  for (const one of differences) {
    const other = one.kind === 'missing' ? extras.get(placeOf(one.timeMs, one.source))?.pop() : undefined;
    if (other) {
      tied.add(one).add(other);
    }
  }
  return { compared, ties: tied.size / 2, differences: differences.filter((one) => !tied.has(one)) };
}

function compareSeries(
  { labels, archived, source }: { labels: Labels; archived: Series | undefined; source: Series | undefined },
  holds: (timeMs: number) => boolean,
  comparison: Comparison
): void {
  const values = new Map<number, number>();
  const note = (difference: Omit<Difference, 'labels'>): void => {
    comparison.differences.push({ ...difference, labels });
  };
  archived?.timesMs.forEach((timeMs, i) => {
    if (values.has(timeMs) && holds(timeMs)) {
      note({ kind: 'extra', timeMs, archived: archived.values[i] });
    }
    values.set(timeMs, archived.values[i]);
  });
  source?.timesMs.forEach((timeMs, i) => {
    const [was, is] = [values.get(timeMs), source.values[i]];
    values.delete(timeMs);
    if (!holds(timeMs)) {
      return;
    }
    comparison.compared++;
    if (was === undefined) {
      note({ kind: 'missing', timeMs, source: is });
    } else if (!Object.is(was, is)) {
      note({ kind: 'differs', timeMs, archived: was, source: is });
    }
  });
  for (const [timeMs, was] of values) {
    if (holds(timeMs)) {
      comparison.compared++;
      note({ kind: 'extra', timeMs, archived: was });
    }
  }
}

function keyOf(labels: Labels | undefined): string {
  return JSON.stringify(Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}
