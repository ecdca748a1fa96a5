import { type Gap, type GapReason } from '../../core/ports/ledger';
import { type RollupState } from '../../core/ports/history';
import { type TimeRange } from '../../core/model/timeRange';
import { type Row, type Transaction } from '../connect/database';
import { fromHalfOpen, toMultirange } from './gridRanges';
import { UNFROZEN } from './expireCoverage';
import { type LockedQuery } from '../definitions/queryRows';
import { timeText } from '../write/sampleRows';

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
  { queryId, version, stepMs }: Pick<LockedQuery, 'queryId' | 'version' | 'stepMs'>,
  ranges: readonly TimeRange[]
): Promise<void> {
  const covered = toMultirange(ranges, stepMs);
  if (covered !== '{}') {
    await tx.run(`SELECT promkeep_cover($1::bigint, $2::integer, $3::tstzmultirange)`, [queryId, version, covered]);
  }
}

/** Takes ranges out of the noted gaps of another reason. */
async function cutGaps(
  tx: Transaction,
  { queryId, version }: Pick<LockedQuery, 'queryId' | 'version'>,
  ranges: string,
  otherReasonThan: GapReason
): Promise<void> {
  await tx.run(
    `WITH hit AS (
       DELETE FROM promkeep_gaps g
       WHERE g.query_id = $1::bigint AND g.version = $2::integer AND g.missing && $3::tstzmultirange AND g.reason <> $4::text
       RETURNING g.*)
     INSERT INTO promkeep_gaps (query_id, version, missing, reason, detail, first_noted, last_tried, tries)
     SELECT hit.query_id, hit.version, part, hit.reason, hit.detail, hit.first_noted, hit.last_tried, hit.tries
     FROM hit, unnest(tstzmultirange(hit.missing) - $3::tstzmultirange) AS part`,
    [queryId, version, ranges, otherReasonThan]
  );
}

/** Notes why a range is missing. What is covered is left out; the newest reason wins; gaps of one reason that touch join. */
export async function addGap(
  tx: Transaction,
  query: Pick<LockedQuery, 'queryId' | 'version' | 'stepMs'>,
  gap: Gap
): Promise<void> {
  const { queryId, version, stepMs } = query;
  const [row] = await tx.rows(
    `SELECT ($3::tstzmultirange - coalesce(
       (SELECT covered FROM promkeep_coverage WHERE query_id = $1::bigint AND version = $2::integer), '{}'))::text AS missing`,
    [queryId, version, toMultirange([gap], stepMs)]
  );
  const missing = String(row.missing);
  if (missing === '{}') {
    return;
  }
  await cutGaps(tx, query, missing, gap.reason);
  await tx.run(
    `WITH hit AS (
       DELETE FROM promkeep_gaps g
       WHERE g.query_id = $1::bigint AND g.version = $2::integer AND g.reason = $4::text
         AND (g.missing && $3::tstzmultirange OR g.missing -|- $3::tstzmultirange)
       RETURNING g.*)
     INSERT INTO promkeep_gaps (query_id, version, missing, reason, detail, first_noted, tries)
     SELECT $1::bigint, $2::integer, part, $4::text, $5::text,
       coalesce((SELECT min(first_noted) FROM hit WHERE hit.missing && part), now()),
       coalesce((SELECT max(tries) FROM hit WHERE hit.missing && part), 0)
         + CASE WHEN part && $3::tstzmultirange THEN 1 ELSE 0 END
     FROM unnest($3::tstzmultirange + coalesce((SELECT range_agg(hit.missing) FROM hit), '{}')) AS part`,
    [queryId, version, missing, gap.reason, gap.detail ?? null]
  );
}

/** Covered ranges of the current version of a query, ascending and disjoint, as first and last grid times. */
export async function readCoverage(tx: Transaction, queryId: number): Promise<TimeRange[]> {
  const rows = await tx.rows(
    `SELECT ${rangeColumns('part')}, q.step_ms
     FROM promkeep_queries q
     JOIN promkeep_coverage c ON c.query_id = q.query_id AND c.version = q.current_version,
     unnest(c.covered) AS part
     WHERE q.query_id = $1::bigint ORDER BY part`,
    [queryId]
  );
  return rows.map(toRange);
}

const GAPS = `SELECT q.query_id, ${rangeColumns('g.missing')}, q.step_ms, g.reason, g.detail FROM promkeep_queries q
  JOIN promkeep_gaps g ON g.query_id = q.query_id AND g.version = q.current_version`;

/** Gaps of the current versions of all of a source's queries, by query id, ascending. */
export async function readGaps(tx: Transaction, sourceId: number, limit: number): Promise<Map<number, Gap[]>> {
  const rows = await tx.rows(`${GAPS} WHERE q.source_id = $1::bigint ORDER BY q.query_id, g.missing LIMIT $2::bigint`, [
    sourceId,
    limit,
  ]);
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
  queryId: number,
  { startMs, endMs }: { startMs: number; endMs: number },
  limit: number
): Promise<Gap[]> {
  const rows = await tx.rows(
    `${GAPS} WHERE q.query_id = $1::bigint AND g.missing && tstzrange($2::timestamptz, $3::timestamptz, '[]')
     ORDER BY g.missing LIMIT $4::bigint`,
    [queryId, timeText(startMs), timeText(endMs), limit]
  );
  return rows.map(toGap);
}

/**
 * What is left of the expired samples of the current version of a query. What is stored is looked up for ranges only in which
 * something has expired: it takes a look into the index for each series and partition.
 */
export async function readRollupState(tx: Transaction, queryId: number, range: TimeRange): Promise<RollupState> {
  const of = (part: string, ranges: string): string =>
    `SELECT '${part}' AS part, ${rangeColumns('r')}, q.step_ms FROM promkeep_queries q
     JOIN promkeep_coverage c ON c.query_id = q.query_id AND c.version = q.current_version, unnest(${ranges}) AS r
     WHERE q.query_id = $1::bigint`;
  const rows = await tx.rows(
    `${of('covered', `c.expired + c.covered * ${UNFROZEN}`)} UNION ALL ${of('expired', 'c.expired - c.covered')}
     ORDER BY 1, 2`,
    [queryId]
  );
  const ranges = (part: string): TimeRange[] => rows.filter((row) => row.part === part).map(toRange);
  const expired = ranges('expired');
  const touched = expired.some(({ fromMs, toMs }) => fromMs <= range.toMs && toMs >= range.fromMs);
  const stored = touched ? await readStored(tx, queryId) : [];
  return { covered: ranges('covered'), expired, stored };
}

async function readStored(tx: Transaction, queryId: number): Promise<RollupState['stored']> {
  const rows = await tx.rows(
    `SELECT t.width_s, (extract(epoch FROM min(x.begin)) * 1000)::bigint AS from_ms FROM promkeep_rollup_state t
     JOIN promkeep_series r ON r.query_id = t.query_id
     CROSS JOIN LATERAL (
       SELECT p.period_start + interval '1 second' * ((p.first_bucket - 1) * p.width_s) AS begin FROM promkeep_rollups p
       WHERE p.series_id = r.series_id AND p.width_s = t.width_s ORDER BY p.period_start LIMIT 1) x
     WHERE t.query_id = $1::bigint GROUP BY t.width_s ORDER BY t.width_s`,
    [queryId]
  );
  return rows.map((row) => ({ widthMs: Number(row.width_s) * 1_000, fromMs: Number(row.from_ms) }));
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
