import { PromkeepError } from '../../core/model/errors';
import { type QueryIdentity } from '../../core/ports/sampleStore';
import { ofSource, type Session } from '../connect/session';
import { timeText } from '../write/sampleRows';

/**
 * Different queries that may be kept for the first time in a UTC day. A dashboard's ones differ by their step only; each stays
 * in the archive's list for good, also when its result was empty, so that the limit on rows does not bound them.
 */
const KEPT_QUERIES_PER_DAY = 5_000;
const DAY_MS = 86_400_000;

/** Before a query is made. Throws `LIMIT_EXCEEDED` when many kept ones were made today; recorded ones have limits of their own. */
export async function requireRoomForKept(session: Session, { kind }: QueryIdentity): Promise<void> {
  if (kind !== 'kept') {
    return;
  }
  const [row] = await session.rows(
    `SELECT count(*) AS made FROM promkeep_sources o
     JOIN promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'kept'
     WHERE o.org_id = $1::bigint AND o.name = $2::text
       AND q.created_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`,
    ofSource(session)
  );
  if (Number(row.made) >= KEPT_QUERIES_PER_DAY) {
    const text = `results of ${KEPT_QUERIES_PER_DAY} different queries were kept for the first time today, which is the limit`;
    throw new PromkeepError('LIMIT_EXCEEDED', text);
  }
}

/** Samples kept since the start of the UTC day. */
export async function readKeptToday(session: Session): Promise<number> {
  const dayStartMs = Math.floor(session.clock.nowMs() / DAY_MS) * DAY_MS;
  const [row] = await session.rows(
    `SELECT coalesce(sum(f.inserted), 0) AS kept FROM promkeep_sources o
     JOIN promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'kept'
     JOIN promkeep_fetches f ON f.query_id = q.query_id
     WHERE o.org_id = $1::bigint AND o.name = $2::text AND f.fetched_at >= $3::timestamptz`,
    [...ofSource(session), timeText(dayStartMs)]
  );
  return Number(row.kept);
}
