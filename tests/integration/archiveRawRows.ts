import { type Client } from 'pg';
import { packChunks, packedSize } from '../../pkg/archive/raw/chunkRow';
import { type Chunk } from '../../pkg/core/model/rawSeries';

/** Raw series put into the tables by hand, as the archive itself writes them. */

/** The column `chunks` of a row of promkeep_chunks. */
export function chunkBytes(chunks: readonly Chunk[]): Buffer {
  const bytes = Buffer.alloc(packedSize(chunks));
  const row = { fromMs: chunks[0].minTimeMs, toMs: chunks[chunks.length - 1].maxTimeMs, sampleCount: 0, chunks };
  return bytes.subarray(0, packChunks(row, bytes, 0));
}

export interface RawDefinition {
  orgId: number;
  name: string;
}

/** Finds or makes the definition; gives its key. */
export async function addRawDefinition(client: Client, { orgId, name }: RawDefinition): Promise<number> {
  await client.query(`INSERT INTO promkeep_sources (org_id, name) VALUES ($1, 'default') ON CONFLICT DO NOTHING`, [
    orgId,
  ]);
  await client.query(
    `WITH made AS (
       INSERT INTO promkeep_queries (source_id, kind, identity, name, source_text, step_ms, phase_ms, retention, raw)
       SELECT source_id, 'recorded', sha256(convert_to($2, 'UTF8')), $2, 'prometheus', 60000, 0, 'forever', true
       FROM promkeep_sources WHERE org_id = $1 AND name = 'default' ON CONFLICT DO NOTHING RETURNING query_id)
     INSERT INTO promkeep_query_versions (query_id, version, expression, step_ms) SELECT query_id, 1, 'up', 60000 FROM made`,
    [orgId, name]
  );
  const { rows } = await client.query<{ id: string }>(
    `SELECT q.query_id AS id FROM promkeep_queries q JOIN promkeep_sources o USING (source_id) WHERE o.org_id = $1 AND q.name = $2`,
    [orgId, name]
  );
  return Number(rows[0].id);
}

/** One row a call: chunks of one day (UTC). */
export async function addRawRow(
  client: Client,
  queryId: number,
  labels: Record<string, string>,
  chunks: readonly Chunk[]
): Promise<void> {
  const pairs = Object.entries(labels).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const names = [pairs.map(([name]) => name), pairs.map(([, value]) => value)];
  await client.query(
    `INSERT INTO promkeep_labels (source_id, name, value) SELECT q.source_id, n.name, n.value
     FROM promkeep_queries q, unnest($2::text[], $3::text[]) AS n(name, value) WHERE q.query_id = $1 ON CONFLICT DO NOTHING`,
    [queryId, ...names]
  );
  await client.query(
    `INSERT INTO promkeep_raw_series (query_id, fingerprint, label_ids)
     SELECT $1, md5(array_to_string($2::text[] || $3::text[], ','))::uuid, coalesce(array_agg(l.label_id ORDER BY n.place), '{}')
     FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS n(name, value, place)
     JOIN promkeep_labels l ON l.name = n.name AND l.value = n.value
     WHERE l.source_id = (SELECT source_id FROM promkeep_queries WHERE query_id = $1) ON CONFLICT DO NOTHING`,
    [queryId, ...names]
  );
  const times = [new Date(chunks[0].minTimeMs), new Date(chunks[chunks.length - 1].maxTimeMs)];
  await client.query('SELECT promkeep_ensure_chunk_partition($1)', [times[0]]);
  await client.query(
    `INSERT INTO promkeep_chunks (series_id, from_time, to_time, sample_count, chunks)
     SELECT r.series_id, $4, $5, $6, $7 FROM promkeep_raw_series r
     WHERE r.query_id = $1 AND r.fingerprint = md5(array_to_string($2::text[] || $3::text[], ','))::uuid`,
    [queryId, ...names, ...times, chunks.length, chunkBytes(chunks)]
  );
}
