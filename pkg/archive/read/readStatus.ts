import { type ArchiveStatus } from '../../core/ports/archive';
import { type Transaction } from '../connect/database';
import { ofSource, type Session, SOURCE_ID } from '../connect/session';
import { readLease } from '../ledger/leaseRows';
import { readGaps } from '../ledger/ledgerRows';
import { readPending } from '../definitions/pendingDeletions';
import { readFailures } from '../upkeep/upkeepFailures';

/** Up to this size samples are counted, above it estimated: counting 100 M rows takes half a minute. */
const COUNT_LIMIT_BYTES = 256 * 1024 * 1024;
const GAP_LIMIT = 1_000;

/** What the archive holds of one source. `bytes` is the whole archive on disk; `samples` is an estimate above 256 MB. */
export async function readStatus(session: Session, schemaVersion: number): Promise<ArchiveStatus> {
  const bytes = await readBytes(session);
  const [row] = await session.rows(
    `SELECT current_setting('server_version') AS server,
       ${SOURCE_ID} AS source_id`,
    ofSource(session)
  );
  const pending = await readPending(session);
  const failures = await readFailures(session);
  const base = { schemaVersion, serverVersion: String(row.server), bytes, pending, failures };
  if (row.source_id === null) {
    return { ...base, samples: 0, series: 0, queries: [] };
  }
  const sourceId = Number(row.source_id);
  const lease = await readLease(session);
  return {
    ...base,
    ...(lease ? { lease } : {}),
    samples: await countSamples(session, sourceId, bytes),
    series: await countSeries(session, sourceId),
    queries: await readQueries(session, sourceId),
  };
}

async function readBytes(tx: Transaction): Promise<number> {
  const [row] = await tx.rows(
    `SELECT coalesce(sum(pg_total_relation_size(tree.relid)), 0) AS bytes
     FROM unnest(ARRAY['samples', 'packed', 'series', 'fetches', 'labels', 'raw_series', 'chunks', 'metadata']) AS root(name)
     CROSS JOIN LATERAL (
       SELECT relid FROM pg_partition_tree(('promkeep_' || root.name)::regclass)
       UNION SELECT ('promkeep_' || root.name)::regclass) AS tree`
  );
  return Number(row.bytes);
}

async function countSamples(tx: Transaction, sourceId: number, bytes: number): Promise<number> {
  const ofSource = (table: string, joined: string, series = 'promkeep_series'): string =>
    `FROM promkeep_queries q JOIN ${series} r ON r.query_id = q.query_id
     JOIN ${table} ${joined} ON ${joined}.series_id = r.series_id WHERE q.source_id = $1::bigint`;
  const fetched = `FROM promkeep_queries q JOIN promkeep_fetches f ON f.query_id = q.query_id
    WHERE q.source_id = $1::bigint`;
  const [row] = await tx.rows(
    bytes <= COUNT_LIMIT_BYTES
      ? `SELECT (SELECT count(*) ${ofSource('promkeep_samples', 's')})
           + (SELECT coalesce(sum(p.sample_count), 0) ${ofSource('promkeep_packed', 'p')})
           + (SELECT coalesce(sum(c.sample_count), 0) ${ofSource('promkeep_chunks', 'c', 'promkeep_raw_series')}) AS samples`
      : `SELECT coalesce(sum(f.inserted - f.withdrawn), 0) AS samples ${fetched}`,
    [sourceId]
  );
  return Number(row.samples);
}

async function countSeries(tx: Transaction, sourceId: number): Promise<number> {
  const [row] = await tx.rows(
    `SELECT count(*) AS series FROM (
       SELECT r.query_id FROM promkeep_series r UNION ALL SELECT r.query_id FROM promkeep_raw_series r) r
     JOIN promkeep_queries q ON q.query_id = r.query_id WHERE q.source_id = $1::bigint`,
    [sourceId]
  );
  return Number(row.series);
}

async function readQueries(tx: Transaction, sourceId: number): Promise<ArchiveStatus['queries']> {
  const gaps = await readGaps(tx, sourceId, GAP_LIMIT);
  // The newest sample of each series is one step down the primary key of the newest partition that has any. Of raw series, which
  // are many, it is the last time that was written.
  const rows = await tx.rows(
    `SELECT q.query_id, coalesce(q.name, q.source_text, '') AS name, q.kind, v.expression, coalesce(q.step_ms, 0) AS step_ms,
       (extract(epoch FROM CASE WHEN q.raw THEN (
         SELECT date_bin(q.step_ms * interval '1 ms', max(upper(f.fetched_range)), '2000-01-01Z') FROM promkeep_fetches f
         WHERE f.query_id = q.query_id)
         ELSE (SELECT max(greatest(
             (SELECT s.time FROM promkeep_samples s WHERE s.series_id = r.series_id ORDER BY s.time DESC LIMIT 1),
             (SELECT max(p.to_time) FROM promkeep_packed p WHERE p.series_id = r.series_id)))
         FROM promkeep_series r WHERE r.query_id = q.query_id) END) * 1000)::bigint AS newest_ms,
       coalesce((SELECT sum(extract(epoch FROM upper(part) - lower(part)) * 1000)::bigint
         FROM promkeep_coverage c, unnest(c.covered) AS part
         WHERE c.query_id = q.query_id AND c.version = q.current_version), 0) AS covered_ms
     FROM promkeep_queries q
     JOIN promkeep_query_versions v ON v.query_id = q.query_id AND v.version = q.current_version
     WHERE q.source_id = $1::bigint AND q.deleted_at IS NULL ORDER BY q.kind, q.name, q.query_id`,
    [sourceId]
  );
  return rows.map((row) => ({
    name: String(row.name),
    kind: row.kind === 'recorded' || row.kind === 'kept' ? row.kind : 'inserted',
    expression: String(row.expression),
    stepMs: Number(row.step_ms),
    ...(row.newest_ms === null ? {} : { newestMs: Number(row.newest_ms) }),
    coveredMs: Number(row.covered_ms),
    gaps: gaps.get(Number(row.query_id)) ?? [],
  }));
}
