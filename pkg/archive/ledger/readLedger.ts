import { type LedgerEntry } from '../../core/ports/ledger';
import { ofSource, type Session } from '../connect/session';
import { RECORDED } from '../definitions/queryRows';
import { readCoverage, readGaps } from './ledgerRows';

/** More gaps than a person or a refill can look at; more would only fill memory. */
const GAP_LIMIT = 10_000;

/** The ledger of all recorded queries of a source, by name. */
export async function readLedger(session: Session): Promise<LedgerEntry[]> {
  const rows = await session.rows(
    `SELECT q.query_id, q.source_id, q.name, q.retention, q.paused_at IS NOT NULL AS paused, v.expression, v.step_ms, q.raw
     FROM ${RECORDED}
     WHERE o.org_id = $1::bigint AND o.name = $2::text ORDER BY q.name COLLATE "C"`,
    ofSource(session)
  );
  if (rows.length === 0) {
    return [];
  }
  const gaps = await readGaps(session, Number(rows[0].source_id), GAP_LIMIT);
  const entries: LedgerEntry[] = [];
  for (const row of rows) {
    const queryId = Number(row.query_id);
    entries.push({
      name: String(row.name),
      expression: String(row.expression),
      stepMs: Number(row.step_ms),
      ...(row.raw === true ? { raw: true } : {}),
      retention: String(row.retention),
      paused: row.paused === true,
      covered: await readCoverage(session, queryId),
      gaps: gaps.get(queryId) ?? [],
    });
  }
  return entries;
}
