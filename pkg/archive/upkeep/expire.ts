import { moveClasses } from './classMoves';
import { deleteExpired, deleteExpiredRows, expiredLeaves, sampleLeaves, startMs, strangersIn } from './expiredSamples';
import { type ExpiryLimits, releaseExpired } from './expireLimits';
import { type ExpiryRun, planExpiry } from './expireRun';
import { shrinkLedger } from '../ledger/expireCoverage';
import { type DropCandidate, dropPartition } from './partitionDrop';
import { deleteOrphanedRollups, expiredRollups, forgetUnstored } from './expireRollups';

/** What one run of expiry did. */
export interface ExpireOutcome {
  /** Packed rows moved to the class their query has now. */
  moved: number;
  /** Unpacked samples deleted. */
  deletedSamples: number;
  /** Packed rows deleted from partitions that stay for others. */
  deletedRows: number;
  /** Names of partitions dropped. */
  dropped: string[];
  /** Partitions left for the next run because somebody was reading them for too long. */
  busy: string[];
}

const DAY_MS = 86_400_000;
/** A week this old and empty is not expected to be written again soon; if it is, its partition is made again. */
const KEEP_EMPTY_WEEK_MS = 14 * DAY_MS;

/**
 * Removes what is older than its query's retention class, and nothing else: a class that cannot be read counts as forever.
 * What is packed goes when its whole partition (one or four weeks) has expired, the rest within a run. Coverage shrinks first,
 * so that the ledger never claims what is gone. Short transactions only; may be killed at any moment. What fails for one query
 * or partition is kept in `failures`, and the others are served; throws only what concerns the archive as a whole.
 */
export async function expire(request: Omit<ExpiryRun, 'plan'>): Promise<ExpireOutcome> {
  const { database, schema, rollups, failures, signal } = request;
  const outcome: ExpireOutcome = { moved: 0, deletedSamples: 0, deletedRows: 0, dropped: [], busy: [] };
  await forgetUnstored(database, schema, rollups, signal);
  const run: ExpiryRun = { ...request, plan: await planExpiry(request) };
  await shrinkLedger(run);
  outcome.moved = await moveClasses(run);
  const limits = await releaseExpired(run);
  await expirePacked(run, limits, outcome);
  await expireSamples(run, limits, outcome);
  for (const { name, parent } of await expiredRollups(run)) {
    await drop(run, outcome, { name, parent, reasonToKeep: 'SELECT 1 LIMIT 0' });
  }
  await failures.guard(undefined, () => deleteOrphanedRollups(database, schema, signal));
  return outcome;
}

async function expirePacked(run: ExpiryRun, limits: ExpiryLimits, outcome: ExpireOutcome): Promise<void> {
  for (const leaf of await expiredLeaves(run)) {
    const parent = `promkeep_packed_${leaf.retention}`;
    const result = await drop(run, outcome, { name: leaf.name, parent, ...strangersIn(run.schema, leaf, limits) });
    if (result === 'kept') {
      outcome.deletedRows += (await run.failures.guard(undefined, () => deleteExpiredRows(run, leaf, limits))) ?? 0;
    }
  }
}

async function expireSamples(run: ExpiryRun, limits: ExpiryLimits, outcome: ExpireOutcome): Promise<void> {
  for (const name of await sampleLeaves(run)) {
    outcome.deletedSamples += await deleteExpired(run, name, limits);
    if (startMs(name) + 7 * DAY_MS < run.nowMs - KEEP_EMPTY_WEEK_MS) {
      const reasonToKeep = `SELECT 1 FROM ${run.schema}."${name}" LIMIT 1`;
      await drop(run, outcome, { name, parent: 'promkeep_samples', reasonToKeep });
    }
  }
}

async function drop(
  run: ExpiryRun,
  outcome: ExpireOutcome,
  candidate: DropCandidate
): Promise<'dropped' | 'kept' | 'busy' | undefined> {
  const result = await run.failures.guard(undefined, () => dropPartition(run, candidate));
  if (result === 'dropped' || result === 'busy') {
    outcome[result].push(candidate.name);
  }
  return result;
}
