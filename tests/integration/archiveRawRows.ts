import { type Client } from 'pg';
import { type Chunk, type ChunkEncoding } from '../../pkg/core/model/rawSeries';

/** Raw series put into the tables by hand, as the archive itself writes them. */

const CODES: Record<ChunkEncoding, number> = { xor: 1, histogram: 2, floatHistogram: 3 };

/** The column `chunks` of a row of promkeep_chunks that begins at `fromMs`. */
export function chunkBytes(chunks: readonly Chunk[], fromMs = chunks[0].minTimeMs): Buffer {
  let lastMs = fromMs;
  return Buffer.concat(
    chunks.flatMap(({ encoding, minTimeMs, maxTimeMs, data }) => {
      const head = [minTimeMs - lastMs, maxTimeMs - minTimeMs, data.length].flatMap(uvarint);
      lastMs = maxTimeMs;
      return [Buffer.from([CODES[encoding], ...head]), data];
    })
  );
}

function uvarint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...uvarint(Math.floor(value / 128))];
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
  const week = Math.floor((times[0].getTime() - MONDAY) / WEEK_MS);
  const [low, high] = [week, week + 1].map((n) => new Date(MONDAY + n * WEEK_MS).toISOString());
  await client.query(`SELECT promkeep_make_partition($1, 'promkeep_chunks', $2)`, [
    `promkeep_chunks_${low.slice(0, 10).replaceAll('-', '')}`,
    `FOR VALUES FROM ('${low}') TO ('${high}')`,
  ]);
  await client.query(
    `INSERT INTO promkeep_chunks (series_id, from_time, to_time, sample_count, chunks)
     SELECT r.series_id, $4, $5, $6, $7 FROM promkeep_raw_series r
     WHERE r.query_id = $1 AND r.fingerprint = md5(array_to_string($2::text[] || $3::text[], ','))::uuid`,
    [queryId, ...names, ...times, chunks.length, chunkBytes(chunks)]
  );
}

const WEEK_MS = 7 * 86_400_000;
/** 2026-01-05T00:00:00Z. */
const MONDAY = 1_767_571_200_000;
