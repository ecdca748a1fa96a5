import { afterFailure } from './collect/afterFailure';
import { countAllPoints } from './collect/collectGrid';
import { failureOf } from './collect/failures';
import { fetchRange } from './collect/fetchRange';
import {
  beginHistory,
  type CollectDeps,
  type CollectProgress,
  type CollectStep,
  newestDueMs,
  type WrittenRange,
} from './collect/progress';
import { asPromkeepError } from './model/errors';
import { type TimeRange } from './model/timeRange';
import { type Definition } from './ports/definitions';
import { type Gap } from './ports/ledger';
import { type RangeWrite } from './ports/sampleStore';

/**
 * Pipeline 2: last saved time → fetch → archive. Each call does one bounded piece of work, so that the caller can be fair
 * between queries and stop at any moment; what is not in the archive yet is found again from its ledger.
 */

/**
 * Collects the next due range, at most `progress.maxPoints` long. Only aborting throws; failures are part of the step.
 */
export async function collectNext(
  deps: CollectDeps,
  query: Definition,
  progress: CollectProgress,
  signal: AbortSignal
): Promise<CollectStep> {
  const dueMs = Math.min(progress.untilMs ?? Infinity, newestDueMs(deps, query));
  const fromMs = progress.frontierMs + query.stepMs;
  if (fromMs > dueMs) {
    return { progress, more: false };
  }
  const toMs = Math.min(dueMs, fromMs + (progress.maxPoints - 1) * query.stepMs);
  const range = { fromMs, toMs };
  try {
    const write = await collectRange(deps, query, { range, begun: progress.begun }, signal);
    const maxPoints = Math.min(deps.settings.maxPoints, progress.maxPoints * 2);
    return {
      progress: {
        ...progress,
        ...beginHistory(progress, write, toMs + query.stepMs),
        frontierMs: toMs,
        maxPoints,
        giveUpPoints: 1,
      },
      range,
      write,
      more: toMs < dueMs,
    };
  } catch (error) {
    signal.throwIfAborted();
    return afterFailure(deps, query, progress, { range, dueMs, failure: failureOf(asPromkeepError(error)) });
  }
}

/**
 * Fetches and archives one range on the grid; rejects with `PromkeepError`, having written nothing.
 *
 * @param begun whether the query has history already; if not, the times before the source's first data are no gap
 */
export async function collectRange(
  deps: CollectDeps,
  query: Definition,
  { range, begun }: { range: TimeRange; begun: boolean },
  signal: AbortSignal
): Promise<WrittenRange> {
  const memory = deps.budget?.open(true);
  try {
    const fetched = await fetchRange(deps, query, range, { signal, memory });
    const write = begun ? fetched : { ...fetched, gaps: withoutPrelude(fetched) };
    const outcome = await deps.samples.writeRange(write, signal);
    return {
      outcome,
      beginMs: write.covered[0]?.fromMs,
      coveredPoints: countAllPoints(write.covered, query.stepMs),
      gapPoints: countAllPoints(write.gaps, query.stepMs),
      warnings: write.provenance.warnings,
    };
  } finally {
    memory?.release();
  }
}

function withoutPrelude({ covered, gaps }: RangeWrite): readonly Gap[] {
  const beginMs = covered[0]?.fromMs ?? Infinity;
  return gaps.filter(({ fromMs, reason }) => reason !== 'source-had-no-data' || fromMs > beginMs);
}
