import { shrinkLedger } from '../ledger/expireCoverage';
import { moveClasses } from './classMoves';
import { deleteExpired, deleteExpiredRows, expiredLeaves, strangersIn } from './expiredSamples';
import { type ExpiryLimits, releaseExpired } from './expireLimits';
import { deleteOrphanedRollups, expiredRollups, forgetUnstored } from './expireRollups';
import { planExpiry } from './expiryPlan';
import { chunkLeaves, chunksToKeep, deleteExpiredChunks, forgetEmptySeries, rawLimits } from './expiredChunks';
import { leafTables, startMs } from './leaves';
import { type DropCandidate, dropPartition } from './partitionDrop';
import { type RollupRetention } from './rollupWidths';
import { type UpkeepRun } from './upkeepRun';

/** What one run of expiry did. */
export interface ExpireOutcome {
  /** Packed rows moved to the class their query has now. */
  moved: number;
  /** Unpacked samples deleted. */
  deletedSamples: number;
  /** Rows of packed samples, and of chunks of raw series, deleted from partitions that stay for others. */
  deletedRows: number;
  /** Names of partitions dropped. */
  dropped: string[];
  /** Partitions left for the next run because somebody was reading them for too long. */
  busy: string[];
}

const WEEK_MS = 7 * 86_400_000;
/** A week this old and empty is not expected to be written again soon; if it is, its partition is made again. */
const KEEP_EMPTY_WEEK_MS = 2 * WEEK_MS;

/**
 * Removes what is older than its query's retention class, and nothing else: a class that cannot be read counts as forever.
 * What is packed goes when its whole partition (one or four weeks) has expired, the rest within a run; of raw series whole rows (a day at most). Coverage shrinks first,
 * so that the ledger never claims what is gone. Short transactions only; may be killed at any moment. What fails for one query
 * or partition is kept in `failures`, and the others are served; throws only what concerns the archive as a whole.
 */
export async function expire(run: UpkeepRun, rollups: RollupRetention): Promise<ExpireOutcome> {
  const outcome: ExpireOutcome = { moved: 0, deletedSamples: 0, deletedRows: 0, dropped: [], busy: [] };
  await forgetUnstored(run, rollups);
  const expiry = { run, rollups, plan: await planExpiry(run) };
  await shrinkLedger(expiry);
  outcome.moved = await moveClasses(run);
  const limits = await releaseExpired(expiry);
  await expirePacked(run, limits, outcome);
  await expireSamples(run, limits, outcome);
  await expireChunks(run, limits, outcome);
  for (const candidate of await expiredRollups(expiry)) {
    await drop(run, outcome, { ...candidate, reasonToKeep: 'SELECT 1 LIMIT 0' });
  }
  await run.failures.guard(undefined, () => deleteOrphanedRollups(run));
  return outcome;
}

async function expirePacked(run: UpkeepRun, limits: ExpiryLimits, outcome: ExpireOutcome): Promise<void> {
  for (const leaf of await expiredLeaves(run)) {
    const result = await drop(run, outcome, { ...leaf, ...strangersIn(leaf, limits) });
    if (result === 'kept') {
      outcome.deletedRows += (await run.failures.guard(undefined, () => deleteExpiredRows(run, leaf, limits))) ?? 0;
    }
  }
}

async function expireSamples(run: UpkeepRun, limits: ExpiryLimits, outcome: ExpireOutcome): Promise<void> {
  for (const name of await leafTables(run, 'promkeep_samples')) {
    outcome.deletedSamples += await deleteExpired(run, name, limits);
    if (startMs(name) + WEEK_MS < run.nowMs - KEEP_EMPTY_WEEK_MS) {
      await drop(run, outcome, { name, parent: 'promkeep_samples', reasonToKeep: `SELECT 1 FROM ${name} LIMIT 1` });
    }
  }
}

async function expireChunks(run: UpkeepRun, limits: ExpiryLimits, outcome: ExpireOutcome): Promise<void> {
  const raw = await rawLimits(run, limits);
  let dropped = false;
  for (const leaf of await chunkLeaves(run, raw)) {
    const result = await drop(run, outcome, { ...leaf, ...chunksToKeep(leaf, raw) });
    dropped ||= result === 'dropped';
    if (result === 'kept') {
      outcome.deletedRows += await deleteExpiredChunks(run, leaf, raw);
    }
  }
  if (dropped) {
    await forgetEmptySeries(run);
  }
}

async function drop(
  run: UpkeepRun,
  outcome: ExpireOutcome,
  candidate: DropCandidate
): Promise<'dropped' | 'kept' | 'busy' | undefined> {
  const result = await run.failures.guard(undefined, () => dropPartition(run, candidate));
  if (result === 'dropped' || result === 'busy') {
    outcome[result].push(candidate.name);
  }
  return result;
}
