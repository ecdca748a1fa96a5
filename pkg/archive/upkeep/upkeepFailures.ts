import { asPromkeepError, type ErrorCode, type PromkeepError } from '../../core/model/errors';
import { type UpkeepFailure } from '../../core/ports/upkeep';
import { type Transaction } from '../connect/database';
import { ofSource, type Session } from '../connect/session';

/** These are not about one query: the next one would fail as well, or must not be tried. */
const OF_THE_ARCHIVE: ReadonlySet<ErrorCode> = new Set([
  'QUERY_CANCELLED',
  'ARCHIVE_OFF',
  'ARCHIVE_UNREACHABLE',
  'ARCHIVE_LOGIN_FAILED',
  'ARCHIVE_READ_ONLY',
  'ARCHIVE_FULL',
]);

/** What failed in one run of an upkeep task. The failure of one query, or of one partition, does not keep the others waiting. */
export class QueryFailures {
  readonly byQuery = new Map<number, PromkeepError>();
  private first: PromkeepError | undefined;

  /**
   * Runs the work for one query; what it throws is kept, unless it concerns the archive as a whole.
   *
   * @param queryId absent: the work is that of no single query; its failure is thrown by `throwFirst`, after all else is done
   * @returns `undefined` when it failed
   */
  async guard<T>(queryId: number | undefined, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const failure = asPromkeepError(error);
      if (OF_THE_ARCHIVE.has(failure.code)) {
        throw error;
      }
      if (queryId === undefined) {
        this.first ??= failure;
      } else if (!this.byQuery.has(queryId)) {
        this.byQuery.set(queryId, failure);
      }
      return undefined;
    }
  }

  /** Runs the work for several queries; `undefined` when it failed, and each is to be tried on its own. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    return new QueryFailures().guard(undefined, work);
  }

  throwFirst(): void {
    if (this.first) {
      throw this.first;
    }
  }

  /** For work of which nothing may fail. */
  throwAny(): void {
    const [failure = this.first] = this.byQuery.values();
    if (failure) {
      throw failure;
    }
  }
}

const MAX_MESSAGE = 1_000;

/** Keeps a task's failures in the archive, and forgets those of queries for which it worked. */
export async function noteFailures(tx: Transaction, task: string, { byQuery }: QueryFailures): Promise<void> {
  const failed = [...byQuery];
  const bound = [task, failed.map(([queryId]) => queryId)];
  await tx.run(
    'DELETE FROM promkeep_upkeep_failures WHERE task = $1::text AND NOT query_id = ANY ($2::bigint[])',
    bound
  );
  await tx.run(
    `INSERT INTO promkeep_upkeep_failures AS f (query_id, task, code, message)
     SELECT n.query_id, $1::text, n.code, n.message FROM unnest($2::bigint[], $3::text[], $4::text[]) AS n(query_id, code, message)
     JOIN promkeep_queries q ON q.query_id = n.query_id
     ON CONFLICT (query_id, task) DO UPDATE SET code = excluded.code, message = excluded.message, runs = f.runs + 1, last_at = now()`,
    [...bound, failed.map(([, { code }]) => code), failed.map(([, { message }]) => message.slice(0, MAX_MESSAGE))]
  );
}

/** What failed for queries of this source when it was tried last. */
export async function readFailures(session: Session): Promise<UpkeepFailure[]> {
  const rows = await session.rows(
    `SELECT coalesce(q.name, q.source_text, '') AS name, f.task, f.code, f.message, f.runs,
       (extract(epoch FROM f.first_at) * 1000)::bigint AS since_ms
     FROM promkeep_upkeep_failures f
     JOIN promkeep_queries q ON q.query_id = f.query_id
     JOIN promkeep_sources o ON o.source_id = q.source_id
     WHERE o.org_id = $1::bigint AND o.name = $2::text ORDER BY f.first_at, f.query_id`,
    ofSource(session)
  );
  return rows.map((row) => ({
    query: String(row.name),
    task: String(row.task),
    code: String(row.code),
    message: String(row.message),
    runs: Number(row.runs),
    sinceMs: Number(row.since_ms),
  }));
}
