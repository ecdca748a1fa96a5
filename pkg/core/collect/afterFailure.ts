import { type TimeRange } from '../model/timeRange';
import { type Definition } from '../ports/definitions';
import { countPoints } from './collectGrid';
import { type CollectFailure, shrinks } from './failures';
import { type CollectDeps, type CollectProgress, type CollectStep } from './progress';

export interface FailedRange {
  range: TimeRange;
  dueMs: number;
  failure: CollectFailure;
}

/**
 * A smaller request may do where this one was too much. A query that Prometheus refuses even for one point leaves a gap and
 * goes on, so that a bad minute (say, a many-to-many match) does not end the recording.
 */
export async function afterFailure(
  deps: CollectDeps,
  query: Definition,
  progress: CollectProgress,
  { range, dueMs, failure }: FailedRange
): Promise<CollectStep> {
  const points = countPoints(range, query.stepMs);
  const maxPoints = Math.max(1, Math.floor(points / 2));
  if (failure.transient) {
    const begun = (await noteGap(deps, query, { fromMs: range.fromMs, toMs: dueMs }, failure)) || progress.begun;
    const next = { ...progress, begun, maxPoints: shrinks(failure.error) ? maxPoints : progress.maxPoints };
    return { progress: next, range, failure, more: false };
  }
  if (shrinks(failure.error) && points > progress.giveUpPoints) {
    return { progress: { ...progress, maxPoints }, range, more: true };
  }
  if (!(await noteGap(deps, query, range, failure))) {
    return { progress, range, failure, more: false };
  }
  const giveUpPoints = progress.giveUpPoints * 2;
  const next = {
    ...progress,
    begun: true,
    frontierMs: range.toMs,
    giveUpPoints,
    maxPoints: Math.max(progress.maxPoints, giveUpPoints),
  };
  return { progress: next, range, failure, more: range.toMs < dueMs };
}

/** @returns false when the archive could not take the note; the range is then found missing by its ledger anyway */
async function noteGap(
  deps: CollectDeps,
  query: Definition,
  range: TimeRange,
  { reason, error }: CollectFailure
): Promise<boolean> {
  if (reason === 'archive-down') {
    return false;
  }
  try {
    await deps.ledger.noteGap(query.name, { ...range, reason, detail: error.message.slice(0, 500) });
    return true;
  } catch {
    // The archive being away as well is told by the next write; this failure is what the caller must hear now.
    return false;
  }
}
