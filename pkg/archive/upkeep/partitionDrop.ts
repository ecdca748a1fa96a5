import { PromkeepError } from '../../core/model/errors';
import { type ExpiryRun } from './expireRun';
import { errorCode } from '../connect/sqlState';

/** A partition that may be dropped when `reasonToKeep`, a statement, gives no row. */
export interface DropCandidate {
  name: string;
  parent: string;
  reasonToKeep: string;
  values?: readonly unknown[];
}

/** Whoever waits for this lock makes later readers wait too, hence not for long. */
const LOCK_TIMEOUT = '500ms';
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Asks for a reason to keep it once without a lock, and again under the lock that keeps all others away.
 *
 * @returns `busy` when somebody was reading it for too long
 */
export async function dropPartition(
  { database, schema, signal }: Pick<ExpiryRun, 'database' | 'schema' | 'signal'>,
  { name, parent, reasonToKeep, values }: DropCandidate
): Promise<'dropped' | 'kept' | 'busy'> {
  try {
    return await database.transaction(
      async (tx) => {
        if ((await tx.rows(reasonToKeep, values)).length > 0) {
          return 'kept';
        }
        await tx.run(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        await tx.run(`LOCK TABLE ONLY ${schema}."${parent}", ONLY ${schema}."${name}" IN ACCESS EXCLUSIVE MODE`);
        if ((await tx.rows(reasonToKeep, values)).length > 0) {
          return 'kept';
        }
        await tx.run(`DROP TABLE IF EXISTS ${schema}."${name}"`);
        return 'dropped';
      },
      { signal, purpose: 'upkeep' }
    );
  } catch (error) {
    if (!(error instanceof PromkeepError) || errorCode(error.cause) !== LOCK_NOT_AVAILABLE) {
      throw error;
    }
    return 'busy';
  }
}
