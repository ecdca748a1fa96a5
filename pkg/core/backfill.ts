import { collectNext, newestDueMs, type CollectFailure } from './collect';
import { type CollectDeps } from './collectFetch';
import { ceilToGrid, countPoints, findHoles, floorToGrid } from './collectGrid';
import { PromkeepError } from './errors';
import { fenceArchive } from './fencedArchive';
import { type RecordedQuery, type TimeRange } from './ports';

export interface BackfillProgress {
  query: string;
  donePoints: number;
  totalPoints: number;
  /** Samples that were new. */
  inserted: number;
  coveredPoints: number;
  gapPoints: number;
}

export interface BackfillDeps extends CollectDeps {
  /** Waits between attempts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Fills what the ledger lacks of one query in a window, oldest first, piece by piece. What is done is in the ledger, so after
 * a kill the same call goes on where the last one ended. Runs beside the live archiver: each piece is written under the epoch
 * that was current before it was fetched, and is fetched again when the leader changed meanwhile.
 * Rejects with `PromkeepError` when source or archive stay away, or when the archive records another expression by this name.
 */
export async function backfillQuery(
  deps: BackfillDeps,
  query: RecordedQuery,
  window: TimeRange,
  onProgress: (progress: BackfillProgress) => void,
  signal: AbortSignal
): Promise<BackfillProgress> {
  const { name, stepMs } = query;
  await refuseOtherDefinition(deps, query);
  const covered = await deps.archive.coverage(name);
  const wanted = {
    fromMs: ceilToGrid(window.fromMs, stepMs),
    toMs: Math.min(floorToGrid(window.toMs, stepMs), newestDueMs(deps, query)),
  };
  const holes = findHoles(wanted, covered, stepMs);
  const totalPoints = holes.reduce((sum, hole) => sum + countPoints(hole, stepMs), 0);
  let state: BackfillProgress = {
    query: name,
    donePoints: 0,
    totalPoints,
    inserted: 0,
    coveredPoints: 0,
    gapPoints: 0,
  };
  for (const hole of holes) {
    const begun = covered.length > 0 && covered[0].fromMs < hole.fromMs;
    state = await fillHole(deps, query, { hole, begun }, state, onProgress, signal);
  }
  return state;
}

/** Writing another expression would start a new version behind the live archiver's back. */
async function refuseOtherDefinition({ archive }: CollectDeps, query: RecordedQuery): Promise<void> {
  const known = (await archive.ledger()).find(({ name }) => name === query.name);
  if (known && (known.expression !== query.expression || known.stepMs !== query.stepMs)) {
    throw new PromkeepError(
      'QUERY_INVALID',
      `The archive records ${query.name} with another expression or step than this configuration; restart the archiver with it first.`
    );
  }
}

async function fillHole(
  deps: BackfillDeps,
  query: RecordedQuery,
  { hole, begun }: { hole: TimeRange; begun: boolean },
  before: BackfillProgress,
  onProgress: (progress: BackfillProgress) => void,
  signal: AbortSignal
): Promise<BackfillProgress> {
  let state = before;
  let failures = 0;
  let progress = {
    frontierMs: hole.fromMs - query.stepMs,
    historyStartMs: hole.fromMs,
    begun,
    maxPoints: deps.settings.maxPoints,
    giveUpPoints: 1,
  };
  while (progress.frontierMs < hole.toMs) {
    signal.throwIfAborted();
    const { epoch } = await deps.archive.currentLease();
    const fenced = { ...deps, archive: fenceArchive(deps.archive, epoch) };
    const step = await collectNext(fenced, query, progress, signal, hole.toMs);
    const donePoints = (step.progress.frontierMs - progress.frontierMs) / query.stepMs;
    progress = step.progress;
    state = {
      ...state,
      donePoints: state.donePoints + donePoints,
      inserted: state.inserted + (step.write?.outcome.inserted ?? 0),
      coveredPoints: state.coveredPoints + (step.write?.coveredPoints ?? 0),
      gapPoints: state.gapPoints + (step.write?.gapPoints ?? (step.failure ? donePoints : 0)),
    };
    onProgress(state);
    failures = donePoints > 0 || !step.failure ? 0 : failures + 1;
    await pauseAfter(deps, step.failure, failures, signal);
  }
  return state;
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
  if (failures > RETRY_MS.length) {
    throw failure.error;
  }
  // Another leader is no reason to wait: the next attempt reads its epoch.
  await deps.wait(failure.error.code === 'ARCHIVE_NOT_LEADER' ? 0 : RETRY_MS[failures - 1], signal);
}
