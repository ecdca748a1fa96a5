import { type RecordingAmount, type RecordingAmounts } from '../../../src/contract/recordedQuery';
import { type SourceIdentity } from '../../core/ports/archive';
import {
  type DefinitionCounts,
  type QuotaRequest,
  requireFewDefinitions,
  requireQuota,
  samplesPerDay,
} from '../../core/manage/recordingQuota';
import { type Transaction } from '../connect/database';
import { identityOf } from './queryRows';

/**
 * What the recorded queries of a source and of its organisation take. How many series one has is read from the newest write
 * that changed something: the samples of its answer over the points it was asked for. Series that had no sample at some of those
 * points make that too few, so that it is never less than what the definition returned when it was made.
 */
export async function readUse(tx: Transaction, schema: string, source: SourceIdentity): Promise<RecordingAmounts> {
  const rows = await tx.rows(
    `SELECT o.name = $2::text AS own, v.step_ms, q.paused_at IS NOT NULL AS paused,
       greatest(CASE WHEN f.version = q.current_version THEN f.series END, v.expected_series, 0) AS series
     FROM ${schema}.promkeep_sources o
     JOIN ${schema}.promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'recorded' AND q.deleted_at IS NULL
     JOIN ${schema}.promkeep_query_versions v ON v.query_id = q.query_id AND v.version = q.current_version
     LEFT JOIN LATERAL (
       SELECT n.version, ceil((n.inserted + n.unchanged + n.revised)
         / (extract(epoch FROM upper(n.fetched_range) - lower(n.fetched_range)) * 1000 / v.step_ms + 1)) AS series
       FROM ${schema}.promkeep_fetches n
       WHERE n.query_id = q.query_id AND n.fetched_range IS NOT NULL ORDER BY upper(n.fetched_range) DESC LIMIT 1) f ON true
     WHERE o.org_id = $1::bigint`,
    [source.orgId, source.name]
  );
  const all = rows.map((row) => ({ own: row.own === true, ...amountOf(row) }));
  return { source: sum(all.filter(({ own }) => own)), organisation: sum(all) };
}

function amountOf(row: Record<string, unknown>): RecordingAmount {
  const series = row.paused === true ? 0 : Number(row.series);
  return { queries: 1, series, samplesPerDay: samplesPerDay(series, Number(row.step_ms)) };
}

function sum(amounts: readonly RecordingAmount[]): RecordingAmount {
  return amounts.reduce(
    (total, one) => ({
      queries: total.queries + one.queries,
      series: total.series + one.series,
      samplesPerDay: total.samplesPerDay + one.samplesPerDay,
    }),
    { queries: 0, series: 0, samplesPerDay: 0 }
  );
}

/**
 * Makes or changes a recorded query, unless that takes more than there may be. In the caller's transaction, which must end when
 * this throws `LIMIT_EXCEEDED`; whoever does the same in another one of the organisation waits, so two never pass together.
 *
 * @param quota absent: there are no limits
 */
export async function withinQuota<T>(
  tx: Transaction,
  schema: string,
  { source, name, quota }: { source: SourceIdentity; name: string; quota: QuotaRequest | undefined },
  work: () => Promise<T>
): Promise<T> {
  if (quota === undefined) {
    return work();
  }
  await lockOrganisation(tx, schema, source);
  const read = async (): Promise<[RecordingAmounts, DefinitionCounts]> => [
    await readUse(tx, schema, source),
    await definitionsOfToday(tx, schema, source),
  ];
  const [used, defined] = await read();
  const done = await work();
  if (quota.series !== undefined) {
    await tx.run(
      `UPDATE ${schema}.promkeep_query_versions v SET expected_series = $4::integer
       FROM ${schema}.promkeep_queries q JOIN ${schema}.promkeep_sources o ON o.source_id = q.source_id
       WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.kind = 'recorded' AND q.identity = $3::bytea
         AND v.query_id = q.query_id AND v.version = q.current_version`,
      [source.orgId, source.name, identityOf({ kind: 'recorded', name }), quota.series]
    );
  }
  const [uses, defines] = await read();
  requireQuota(used, uses, quota.limits);
  requireFewDefinitions(defined, defines, quota.limits);
  return done;
}

/** The first lock of whoever changes definitions. Only its sources' owner can hold it, as opposed to an advisory lock. */
async function lockOrganisation(tx: Transaction, schema: string, source: SourceIdentity): Promise<void> {
  await tx.run(
    `INSERT INTO ${schema}.promkeep_sources (org_id, name) VALUES ($1::bigint, $2::text) ON CONFLICT DO NOTHING`,
    [source.orgId, source.name]
  );
  await tx.rows(
    `SELECT source_id FROM ${schema}.promkeep_sources WHERE org_id = $1::bigint ORDER BY source_id FOR NO KEY UPDATE`,
    [source.orgId]
  );
}

async function definitionsOfToday(tx: Transaction, schema: string, source: SourceIdentity): Promise<DefinitionCounts> {
  const [row] = await tx.rows(
    `SELECT count(*) FILTER (WHERE o.name = $2::text) AS own, count(*) AS all
     FROM ${schema}.promkeep_sources o
     JOIN ${schema}.promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'recorded'
     JOIN ${schema}.promkeep_query_versions v ON v.query_id = q.query_id
     WHERE o.org_id = $1::bigint AND v.created_by IS NOT NULL AND v.created_at > now() - interval '1 day'`,
    [source.orgId, source.name]
  );
  return { source: Number(row.own), organisation: Number(row.all) };
}
