import { collectNext } from '../collect';
import { newestDueMs, type CollectDeps, type CollectStep, type WrittenRange } from './progress';
import { type CollectFailure } from './failures';
import { ceilToGrid, countAllPoints, findGaps, floorToGrid } from './collectGrid';
import { piecePoints } from './raw/rawPieces';
import { requireReading } from './raw/rawReading';
import { PromkeepError } from '../model/errors';
import { underLease } from './underLease';
import { type Uses } from '../ports/archive';
import { type Definition } from '../ports/definitions';
import { type Ledger } from '../ports/ledger';
import { type TimeRange } from '../model/timeRange';
import { fetchAhead } from '../readback/fetchAhead';

export interface BackfillProgress {
  query: string;
  donePoints: number;
  totalPoints: number;
  /** Samples that were new. */
  inserted: number;
  coveredPoints: number;
  gapPoints: number;
}

export interface BackfillDeps extends CollectDeps, Uses<{ lease: 'current' }> {
  ledger: Pick<Ledger, 'coverage' | 'noteGap' | 'entries'>;
  /** Waits between attempts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  onProgress(progress: BackfillProgress): void;
}

const DAY_MS = 86_400_000;
/** Of recorded queries. A day of 1,000 series every minute. Larger pieces only take more memory: two are held at once. */
const PIECE_SAMPLES = 1_500_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Fills what the ledger lacks of one query in a window, oldest first, piece by piece. What is done is in the ledger, so after
 * a kill the same call goes on where the last one ended. While a piece is written, the next one is fetched. Runs beside the
 * live archiver: each piece is written under the epoch that was current before it was fetched, and is fetched again when the
 * leader changed meanwhile.
 * Rejects with `PromkeepError` when source or archive stay away, or when the archive records another expression by this name,
 * from the start or since.
 */
export async function backfillQuery(
  deps: BackfillDeps,
  query: Definition,
  window: TimeRange,
  signal: AbortSignal
): Promise<BackfillProgress> {
  const { name, stepMs } = query;
  await refuseOtherDefinition(deps, query);
  const covered = await deps.ledger.coverage(name);
  const wanted = {
    fromMs: ceilToGrid(window.fromMs, stepMs),
    toMs: Math.min(floorToGrid(window.toMs, stepMs), newestDueMs(deps, query)),
  };
  const gaps = findGaps(wanted, covered, stepMs);
  const totalPoints = countAllPoints(gaps, stepMs);
  let state: BackfillProgress = {
    query: name,
    donePoints: 0,
    totalPoints,
    inserted: 0,
    coveredPoints: 0,
    gapPoints: 0,
  };
  for (const gap of gaps) {
    const begun = covered.length > 0 && covered[0].fromMs < gap.fromMs;
    state = await fillGap(deps, query, { gap, begun, before: state }, signal);
  }
  return state;
}

/** Writing another expression would start a new version behind the live archiver's back. */
async function refuseOtherDefinition({ ledger }: BackfillDeps, query: Definition): Promise<void> {
  const known = (await ledger.entries()).find(({ name }) => name === query.name);
  if (known && (known.expression !== query.expression || known.stepMs !== query.stepMs)) {
    throw new PromkeepError(
      'QUERY_INVALID',
      `The archive records ${query.name} with another expression or step than this configuration; restart the archiver with it first.`
    );
  }
}

async function fillGap(
  deps: BackfillDeps,
  query: Definition,
  { gap, begun, before }: { gap: TimeRange; begun: boolean; before: BackfillProgress },
  signal: AbortSignal
): Promise<BackfillProgress> {
  let state = before;
  let failures = 0;
  let points = DAY_MS / query.stepMs;
  let progress = {
    frontierMs: gap.fromMs - query.stepMs,
    historyStartMs: gap.fromMs,
    begun,
    maxPoints: query.raw ? piecePoints(requireReading(deps.rawReading).pieceMs) : deps.settings.maxPoints,
    giveUpPoints: 1,
  };
  // A piece that has been asked for ahead stays as it is, even when the one before showed that it might be larger.
  let planned: TimeRange | undefined;
  const pieceFrom = (fromMs: number): TimeRange => {
    if (planned?.fromMs !== fromMs) {
      planned = pieceOf(gap, fromMs, query.stepMs, Math.min(points, progress.maxPoints));
    }
    return planned;
  };
  const ahead = fetchAhead(
    deps.source,
    // Raw series are written while they are read.
    ({ toMs }) => (toMs < gap.toMs && !query.raw ? pieceFrom(toMs + query.stepMs) : undefined),
    signal
  );
  // What is asked for ahead is written under the epoch that was current before it was asked for.
  let { epoch } = await deps.lease.current();
  try {
    while (progress.frontierMs < gap.toMs) {
      signal.throwIfAborted();
      const fenced = { ...deps, ...underLease(deps, epoch), source: ahead.source };
      const { toMs: untilMs } = pieceFrom(progress.frontierMs + query.stepMs);
      const step = await collectNext(fenced, query, { ...progress, untilMs }, signal);
      const donePoints = (step.progress.frontierMs - progress.frontierMs) / query.stepMs;
      progress = step.progress;
      state = withStep(state, step, donePoints);
      deps.onProgress(state);
      points = (query.raw ? undefined : pointsFor(step.write, donePoints)) ?? points;
      failures = donePoints > 0 || !step.failure ? 0 : failures + 1;
      if (step.failure) {
        ahead.drop();
        planned = undefined;
        await pauseAfter(deps, step.failure, failures, signal);
        ({ epoch } = await deps.lease.current());
      }
    }
  } finally {
    ahead.drop();
  }
  return state;
}

function withStep(state: BackfillProgress, { write, failure }: CollectStep, donePoints: number): BackfillProgress {
  return {
    ...state,
    donePoints: state.donePoints + donePoints,
    inserted: state.inserted + (write?.outcome.inserted ?? 0),
    coveredPoints: state.coveredPoints + (write?.coveredPoints ?? 0),
    gapPoints: state.gapPoints + (write?.gapPoints ?? (failure ? donePoints : 0)),
  };
}

/** As many points as make a piece of the wanted size, going by the piece before. */
function pointsFor(write: WrittenRange | undefined, donePoints: number): number | undefined {
  if (write === undefined || donePoints === 0) {
    return undefined;
  }
  const { inserted, unchanged, revised } = write.outcome;
  return Math.max(1, Math.floor((PIECE_SAMPLES * donePoints) / Math.max(1, inserted + unchanged + revised)));
}

/** The piece that begins at a grid time: whole UTC days where there is room for a day, since the archive packs by the day. */
function pieceOf(gap: TimeRange, fromMs: number, stepMs: number, points: number): TimeRange {
  const longestMs = fromMs + (points - 1) * stepMs;
  const midnightMs = Math.floor((longestMs + stepMs) / DAY_MS) * DAY_MS;
  const lastBeforeMs = floorToGrid(midnightMs - 1, stepMs);
  return { fromMs, toMs: Math.min(gap.toMs, lastBeforeMs >= fromMs ? lastBeforeMs : longestMs) };
}

async function pauseAfter(
  deps: BackfillDeps,
  failure: CollectFailure | undefined,
  failures: number,
  signal: AbortSignal
): Promise<void> {
  if (!failure || failures === 0) {
    return;
  }
  // A definition that has changed does so for good, and the same command called again reads the new one; settings change by hand.
  if (failures > RETRY_MS.length || ['ARCHIVE_QUERY_CHANGED', 'SETTINGS_INVALID'].includes(failure.error.code)) {
    throw failure.error;
  }
  // Another leader is no reason to wait: the next attempt reads its epoch.
  await deps.wait(failure.error.code === 'ARCHIVE_NOT_LEADER' ? 0 : RETRY_MS[failures - 1], signal);
}
