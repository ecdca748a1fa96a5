import { type Gap, type GapReason, type TimeRange } from '../core/ports';
import { type Row, type Transaction } from './database';
import { fromHalfOpen, toMultirange } from './gridRanges';
import { type LockedQuery } from './queryRows';
import { timeText } from './sampleRows';

const GAP_REASONS: readonly GapReason[] = [
  'source-down',
  'query-failed',
  'partial-answer',
  'source-had-no-data',
  'source-lost-it',
  'archive-down',
];

/** Adds to the coverage of the query's version; other versions lose what was written over, gaps what was filled. */
export async function addCoverage(
  tx: Transaction,
  schema: string,
  { queryId, version, stepMs }: LockedQuery,
  ranges: readonly TimeRange[]
): Promise<void> {
  const covered = toMultirange(ranges, stepMs);
  if (covered === '{}') {
    return;
  }
  // One statement for both, since each costs a round trip in every live write.
  await tx.run(
    `WITH added AS (
       INSERT INTO ${schema}.promkeep_coverage AS c (query_id, version, covered) VALUES ($1, $2, $3::tstzmultirange)
       ON CONFLICT (query_id, version) DO UPDATE SET covered = c.covered + excluded.covered, updated_at = now()
       WHERE NOT c.covered @> excluded.covered)
     UPDATE ${schema}.promkeep_coverage SET covered = covered - $3::tstzmultirange, updated_at = now()
     WHERE query_id = $1 AND version <> $2 AND covered && $3::tstzmultirange`,
    [queryId, version, covered]
  );
  await cutGaps(tx, schema, { queryId, version }, covered);
}

/** Takes ranges out of the noted gaps; with `otherReasonThan` only out of those with another reason. */
async function cutGaps(
  tx: Transaction,
  schema: string,
  { queryId, version }: Pick<LockedQuery, 'queryId' | 'version'>,
  ranges: string,
  otherReasonThan?: GapReason
): Promise<void> {
  await tx.run(
    `WITH hit AS (
       DELETE FROM ${schema}.promkeep_gaps g
       WHERE g.query_id = $1 AND g.version = $2 AND g.missing && $3::tstzmultirange AND g.reason IS DISTINCT FROM $4
       RETURNING g.*)
     INSERT INTO ${schema}.promkeep_gaps (query_id, version, missing, reason, detail, first_noted, last_tried, tries)
     SELECT hit.query_id, hit.version, part, hit.reason, hit.detail, hit.first_noted, hit.last_tried, hit.tries
     FROM hit, unnest(tstzmultirange(hit.missing) - $3::tstzmultirange) AS part`,
    [queryId, version, ranges, otherReasonThan ?? null]
  );
}

/** Notes why a range is missing. What is covered is left out; the newest reason wins; gaps of one reason that touch join. */
export async function addGap(tx: Transaction, schema: string, query: LockedQuery, gap: Gap): Promise<void> {
  const { queryId, version, stepMs } = query;
  const [row] = await tx.rows(
    `SELECT ($3::tstzmultirange - coalesce(
       (SELECT covered FROM ${schema}.promkeep_coverage WHERE query_id = $1 AND version = $2), '{}'))::text AS missing`,
    [queryId, version, toMultirange([gap], stepMs)]
  );
  const missing = String(row.missing);
  if (missing === '{}') {
    return;
  }
  await cutGaps(tx, schema, query, missing, gap.reason);
  await tx.run(
    `WITH hit AS (
       DELETE FROM ${schema}.promkeep_gaps g
       WHERE g.query_id = $1 AND g.version = $2 AND g.reason = $4
         AND (g.missing && $3::tstzmultirange OR g.missing -|- $3::tstzmultirange)
       RETURNING g.*)
     INSERT INTO ${schema}.promkeep_gaps (query_id, version, missing, reason, detail, first_noted, tries)
     SELECT $1, $2, part, $4, $5,
       coalesce((SELECT min(first_noted) FROM hit WHERE hit.missing && part), now()),
       coalesce((SELECT max(tries) FROM hit WHERE hit.missing && part), 0)
         + CASE WHEN part && $3::tstzmultirange THEN 1 ELSE 0 END
     FROM unnest($3::tstzmultirange + coalesce((SELECT range_agg(hit.missing) FROM hit), '{}')) AS part`,
    [queryId, version, missing, gap.reason, gap.detail ?? null]
  );
}

/** Covered ranges of the current version of a query, ascending and disjoint, as first and last grid times. */
export async function readCoverage(tx: Transaction, schema: string, queryId: number): Promise<TimeRange[]> {
  const rows = await tx.rows(
    `SELECT ${rangeColumns('part')}, q.step_ms
     FROM ${schema}.promkeep_queries q
     JOIN ${schema}.promkeep_coverage c ON c.query_id = q.query_id AND c.version = q.current_version,
     unnest(c.covered) AS part
     WHERE q.query_id = $1 ORDER BY part`,
    [queryId]
  );
  return rows.map(toRange);
}

/** Gaps of the current versions of all of a source's queries, by query id, ascending. */
export async function readGaps(
  tx: Transaction,
  schema: string,
  sourceId: number,
  limit: number
): Promise<Map<number, Gap[]>> {
  const rows = await tx.rows(
    `SELECT q.query_id, ${rangeColumns('g.missing')}, q.step_ms, g.reason, g.detail
     FROM ${schema}.promkeep_queries q
     JOIN ${schema}.promkeep_gaps g ON g.query_id = q.query_id AND g.version = q.current_version
     WHERE q.source_id = $1 ORDER BY q.query_id, g.missing LIMIT $2`,
    [sourceId, limit]
  );
  const gaps = new Map<number, Gap[]>();
  for (const row of rows) {
    const queryId = Number(row.query_id);
    gaps.set(queryId, [...(gaps.get(queryId) ?? []), toGap(row)]);
  }
  return gaps;
}

/** Gaps of a query's current version that touch a range, ascending. */
export async function readGapsWithin(
  tx: Transaction,
  schema: string,
  queryId: number,
  { startMs, endMs }: { startMs: number; endMs: number },
  limit: number
): Promise<Gap[]> {
  const rows = await tx.rows(
    `SELECT ${rangeColumns('g.missing')}, q.step_ms, g.reason, g.detail
     FROM ${schema}.promkeep_queries q
     JOIN ${schema}.promkeep_gaps g ON g.query_id = q.query_id AND g.version = q.current_version
     WHERE q.query_id = $1 AND g.missing && tstzrange($2::timestamptz, $3::timestamptz, '[]') ORDER BY g.missing LIMIT $4`,
    [queryId, timeText(startMs), timeText(endMs), limit]
  );
  return rows.map(toGap);
}

function toGap(row: Row): Gap {
  const reason = GAP_REASONS.find((known) => known === row.reason) ?? 'query-failed';
  return { ...toRange(row), reason, ...(typeof row.detail === 'string' ? { detail: row.detail } : {}) };
}

function toRange(row: Row): TimeRange {
  return fromHalfOpen(Number(row.from_ms), Number(row.until_ms), Number(row.step_ms));
}

function rangeColumns(range: string): string {
  return `(extract(epoch FROM lower(${range})) * 1000)::bigint AS from_ms, (extract(epoch FROM upper(${range})) * 1000)::bigint AS until_ms`;
}
