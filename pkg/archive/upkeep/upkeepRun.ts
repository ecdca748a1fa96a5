import { type Database, type Row, type Transaction } from '../connect/database';
import { causeCode } from '../connect/sqlState';
import { QueryFailures } from './upkeepFailures';

/** Whoever writes samples shares the query's lock for as long as its transaction is open. */
const LOCK_TIMEOUT_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** One run of a task of the upkeep: short transactions on the whole archive, in the background. */
export class UpkeepRun {
  /** What failed for one query, so that the others are served. */
  readonly failures = new QueryFailures();

  constructor(
    readonly database: Database,
    readonly nowMs: number,
    readonly signal?: AbortSignal
  ) {}

  /** Runs one statement that only reads. */
  rows(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.database.rows(sql, values, { signal: this.signal, purpose: 'upkeep' });
  }

  /** Runs one short transaction. */
  batch<T>(work: (tx: Transaction) => Promise<T>, lockTimeoutMs?: number): Promise<T> {
    return this.database.transaction(work, { signal: this.signal, purpose: 'upkeep', lockTimeoutMs });
  }

  /** The same, for what may be left to the next run: `undefined` when somebody held a lock it needs for longer. */
  async unlessBusy<T>(work: (tx: Transaction) => Promise<T>, lockTimeoutMs = LOCK_TIMEOUT_MS): Promise<T | undefined> {
    try {
      return await this.batch(work, lockTimeoutMs);
    } catch (error) {
      if (causeCode(error) === LOCK_NOT_AVAILABLE) {
        return undefined;
      }
      throw error;
    }
  }

  /** Repeats a batch of at most `size` rows until it finds fewer; gives how many it found. */
  async drain(size: number, work: (tx: Transaction) => Promise<number>): Promise<number> {
    let total = 0;
    for (let found = size; found >= size; total += found) {
      found = await this.batch(work);
    }
    return total;
  }
}
