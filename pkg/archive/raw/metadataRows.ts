import { type MetricMetadata } from '../../core/ports/rawSeries';
import { ofSource, type Session, SOURCE_ID } from '../connect/session';
import { makeSource } from '../definitions/queryRows';
import { LONE_SURROGATE } from '../write/seriesIdentity';
import { NAME_BYTES } from './rawIdentity';

/** See `RawStore.writeMetadata`. What PostgreSQL cannot hold is left out. Rows that were touched within the hour stay as they are. */
export async function writeMetadata(session: Session, metadata: readonly MetricMetadata[]): Promise<void> {
  await makeSource(session);
  const all = metadata.filter(isStorable);
  await session.run(
    `INSERT INTO promkeep_metadata AS m (source_id, metric, type, help, unit)
     SELECT DISTINCT ${SOURCE_ID}, n.metric, n.type, n.help, n.unit
     FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS n(metric, type, help, unit)
     ON CONFLICT (source_id, metric, digest) DO UPDATE SET last_seen = now() WHERE m.last_seen < now() - interval '1 hour'`,
    [
      ...ofSource(session),
      all.map(({ metric }) => metric),
      all.map(({ type }) => type),
      all.map(({ help }) => help),
      all.map(({ unit }) => unit),
    ]
  );
}

/** By metric, what was said last first. @param limit of metrics */
export async function readMetadata(
  session: Session,
  { metric, limit }: { metric?: string; limit?: number }
): Promise<MetricMetadata[]> {
  if (metric !== undefined && !isText(metric)) {
    return [];
  }
  const rows = await session.rows(
    `SELECT m.metric, m.type, m.help, m.unit FROM promkeep_metadata m
     WHERE m.source_id = ${SOURCE_ID} AND ($3::text IS NULL OR m.metric = $3::text)
       AND ($4::bigint IS NULL OR m.metric IN (
         SELECT DISTINCT o.metric FROM promkeep_metadata o WHERE o.source_id = ${SOURCE_ID} ORDER BY o.metric LIMIT $4::bigint))
     ORDER BY m.metric, m.last_seen DESC, m.digest`,
    [...ofSource(session), metric ?? null, metric === undefined ? (limit ?? null) : null]
  );
  return rows.map((row) => ({
    metric: String(row.metric),
    type: String(row.type),
    help: String(row.help),
    unit: String(row.unit),
  }));
}

function isStorable({ metric, type, help, unit }: MetricMetadata): boolean {
  return [metric, type, help, unit].every(isText) && Buffer.byteLength(metric) <= NAME_BYTES;
}

function isText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text);
}
