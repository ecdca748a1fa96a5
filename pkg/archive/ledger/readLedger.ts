import { type LedgerEntry } from '../../core/ports/ledger';
import { type SourceIdentity } from '../../core/ports/archive';
import { type Transaction } from '../connect/database';
import { readCoverage, readGaps } from './ledgerRows';

/** More gaps than a person or a refill can look at; more would only fill memory. */
const GAP_LIMIT = 10_000;

/** The ledger of all recorded queries of a source, by name. */
export async function readLedger(tx: Transaction, schema: string, source: SourceIdentity): Promise<LedgerEntry[]> {
  const rows = await tx.rows(
    `SELECT q.query_id, q.source_id, q.name, q.retention, q.paused_at IS NOT NULL AS paused, v.expression, v.step_ms
     FROM ${schema}.promkeep_sources o
     JOIN ${schema}.promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'recorded' AND q.deleted_at IS NULL
     JOIN ${schema}.promkeep_query_versions v ON v.query_id = q.query_id AND v.version = q.current_version
     WHERE o.org_id = $1::bigint AND o.name = $2::text ORDER BY q.name COLLATE "C"`,
    [source.orgId, source.name]
  );
  if (rows.length === 0) {
    return [];
  }
  const gaps = await readGaps(tx, schema, Number(rows[0].source_id), GAP_LIMIT);
  const entries: LedgerEntry[] = [];
  for (const row of rows) {
    const queryId = Number(row.query_id);
    entries.push({
      name: String(row.name),
      expression: String(row.expression),
      stepMs: Number(row.step_ms),
      retention: String(row.retention),
      paused: row.paused === true,
      covered: await readCoverage(tx, schema, queryId),
      gaps: gaps.get(queryId) ?? [],
    });
  }
  return entries;
}
