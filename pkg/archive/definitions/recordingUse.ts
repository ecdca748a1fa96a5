import { type RecordingAmount, type RecordingAmounts } from '../../../src/contract/recordedQuery';
import {
  amountOf,
  type DefinitionCounts,
  NOTHING,
  type QuotaRequest,
  requireFewDefinitions,
  requireQuota,
  together,
} from '../../core/manage/recordingQuota';
import { type Row } from '../connect/database';
import { ofSource, type Session } from '../connect/session';
import { identityOf, makeSource, RECORDED } from './queryRows';

/**
 * What the recorded queries of a source and of its organisation take. How many series one has is read from the newest write
 * that changed something: the samples of its answer over the points it was asked for. Series that had no sample at some of those
 * points make that too few, so that it is never less than what the definition returned when it was made. Of raw series that
 * write says how many there were, and how many samples came in that time.
 */
export async function readUse(session: Session): Promise<RecordingAmounts> {
  const rows = await session.rows(
    `SELECT o.name = $2::text AS own, v.step_ms, q.paused_at IS NOT NULL AS paused,
       greatest(CASE WHEN f.version = q.current_version THEN f.series END, v.expected_series, 0) AS series,
       CASE WHEN q.raw AND f.version = q.current_version THEN f.per_day END AS per_day
     FROM ${RECORDED}
     LEFT JOIN LATERAL (
       SELECT n.version, coalesce(n.series, ceil((n.inserted + n.unchanged + n.revised)
         / (extract(epoch FROM upper(n.fetched_range) - lower(n.fetched_range)) * 1000 / v.step_ms + 1))) AS series,
         (n.inserted + n.unchanged + n.revised) * 86400
           / (extract(epoch FROM upper(n.fetched_range) - lower(n.fetched_range)) + 0.001) AS per_day
       FROM promkeep_fetches n
       WHERE n.query_id = q.query_id AND n.fetched_range IS NOT NULL ORDER BY upper(n.fetched_range) DESC LIMIT 1) f ON true
     WHERE o.org_id = $1::bigint`,
    ofSource(session)
  );
  return { source: sum(rows.filter(({ own }) => own === true)), organisation: sum(rows) };
}

function sum(rows: readonly Row[]): RecordingAmount {
  const amounts = rows.map((row): RecordingAmount => {
    const amount = amountOf(row.paused === true ? 0 : Number(row.series), Number(row.step_ms));
    const isKnown = row.per_day !== null && row.paused !== true;
    return isKnown ? { ...amount, samplesPerDay: Math.round(Number(row.per_day)) } : amount;
  });
  return amounts.reduce(together, NOTHING);
}

/**
 * Makes or changes a recorded query, unless that takes more than there may be. In the caller's transaction, which must end when
 * this throws `LIMIT_EXCEEDED`; whoever does the same in another one of the organisation waits, so two never pass together.
 *
 * @param quota absent: there are no limits
 */
export async function withinQuota<T>(
  session: Session,
  name: string,
  quota: QuotaRequest | undefined,
  work: () => Promise<T>
): Promise<T> {
  if (quota === undefined) {
    return work();
  }
  await lockOrganisation(session);
  const read = async (): Promise<[RecordingAmounts, DefinitionCounts]> => [
    await readUse(session),
    await definitionsOfToday(session),
  ];
  const [used, defined] = await read();
  const done = await work();
  if (quota.series !== undefined) {
    await session.run(
      `UPDATE promkeep_query_versions v SET expected_series = $4::integer
       FROM promkeep_queries q JOIN promkeep_sources o ON o.source_id = q.source_id
       WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.kind = 'recorded' AND q.identity = $3::bytea
         AND v.query_id = q.query_id AND v.version = q.current_version`,
      [...ofSource(session), identityOf({ kind: 'recorded', name }), quota.series]
    );
  }
  const [uses, defines] = await read();
  requireQuota(used, uses, quota.limits);
  requireFewDefinitions(defined, defines, quota.limits);
  return done;
}

/** The first lock of whoever changes definitions. Only its sources' owner can hold it, as opposed to an advisory lock. */
async function lockOrganisation(session: Session): Promise<void> {
  await makeSource(session);
  await session.rows(
    `SELECT source_id FROM promkeep_sources WHERE org_id = $1::bigint ORDER BY source_id FOR NO KEY UPDATE`,
    [session.source.orgId]
  );
}

async function definitionsOfToday(session: Session): Promise<DefinitionCounts> {
  const [row] = await session.rows(
    `SELECT count(*) FILTER (WHERE o.name = $2::text) AS own, count(*) AS all
     FROM promkeep_sources o
     JOIN promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'recorded'
     JOIN promkeep_query_versions v ON v.query_id = q.query_id
     WHERE o.org_id = $1::bigint AND v.created_by IS NOT NULL AND v.created_at > now() - interval '1 day'`,
    ofSource(session)
  );
  return { source: Number(row.own), organisation: Number(row.all) };
}
