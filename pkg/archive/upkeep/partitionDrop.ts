import { type UpkeepRun } from './upkeepRun';

/** A partition that may be dropped when `reasonToKeep`, a statement, gives no row. Names are quoted. */
export interface DropCandidate {
  name: string;
  parent: string;
  reasonToKeep: string;
  values?: readonly unknown[];
}

/** Whoever waits for this lock makes later readers wait too, hence not for long. */
const LOCK_TIMEOUT_MS = 500;

/**
 * Asks for a reason to keep it once without a lock, and again under the lock that keeps all others away.
 *
 * @returns `busy` when somebody was reading it for too long
 */
export async function dropPartition(
  run: UpkeepRun,
  { name, parent, reasonToKeep, values }: DropCandidate
): Promise<'dropped' | 'kept' | 'busy'> {
  const done = await run.unlessBusy(async (tx) => {
    if ((await tx.rows(reasonToKeep, values)).length > 0) {
      return 'kept';
    }
    await tx.run(`LOCK TABLE ONLY ${parent}, ONLY ${name} IN ACCESS EXCLUSIVE MODE`);
    if ((await tx.rows(reasonToKeep, values)).length > 0) {
      return 'kept';
    }
    await tx.run(`DROP TABLE IF EXISTS ${name}`);
    return 'dropped';
  }, LOCK_TIMEOUT_MS);
  return done ?? 'busy';
}
