import { PromkeepError } from '../../core/model/errors';
import { type QueryIdentity } from '../../core/ports/sampleStore';
import { type SourceIdentity } from '../../core/ports/archive';
import { type Transaction } from '../connect/database';
import { timeText } from '../write/sampleRows';

/**
 * Different queries that may be kept for the first time in a UTC day. A dashboard's ones differ by their step only; each stays
 * in the archive's list for good, also when its result was empty, so that the limit on rows does not bound them.
 */
export const KEPT_QUERIES_PER_DAY = 5_000;

/** Before a query is made. Throws `LIMIT_EXCEEDED` when many kept ones were made today; recorded ones have limits of their own. */
export async function requireRoomForKept(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  { kind }: QueryIdentity
): Promise<void> {
  if (kind !== 'kept') {
    return;
  }
  const [row] = await tx.rows(
    `SELECT count(*) AS made FROM ${schema}.promkeep_sources o
     JOIN ${schema}.promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'kept'
     WHERE o.org_id = $1::bigint AND o.name = $2::text
       AND q.created_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`,
    [source.orgId, source.name]
  );
  if (Number(row.made) >= KEPT_QUERIES_PER_DAY) {
    const text = `results of ${KEPT_QUERIES_PER_DAY} different queries were kept for the first time today, which is the limit`;
    throw new PromkeepError('LIMIT_EXCEEDED', text);
  }
}

const DAY_MS = 86_400_000;

/** Samples kept since the start of the UTC day. */
export async function readKeptToday(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  nowMs: number
): Promise<number> {
  const [row] = await tx.rows(
    `SELECT coalesce(sum(f.inserted), 0) AS kept FROM ${schema}.promkeep_sources o
     JOIN ${schema}.promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'kept'
     JOIN ${schema}.promkeep_fetches f ON f.query_id = q.query_id
     WHERE o.org_id = $1::bigint AND o.name = $2::text AND f.fetched_at >= $3::timestamptz`,
    [source.orgId, source.name, timeText(Math.floor(nowMs / DAY_MS) * DAY_MS)]
  );
  return Number(row.kept);
}
