import { type RollupAnswer, type RollupRead, type RollupSeries, type SourceIdentity } from '../core/ports';
import { readTime } from './binaryArrays';
import { type Database, type Row } from './database';
import { findQueryId } from './queryRows';
import { timeText } from './sampleRows';
import { parseLabels, restoreLabels } from './seriesIdentity';

/** Rollups of a query, stored ones where its samples are gone or rolled up, computed ones elsewhere. */
export async function readRollup(
  database: Database,
  schema: string,
  source: SourceIdentity,
  { query, range, widthMs }: RollupRead,
  signal: AbortSignal
): Promise<RollupAnswer> {
  return database.transaction(
    async (tx) => {
      const queryId = await findQueryId(tx, schema, source, query);
      if (queryId === undefined) {
        return { series: [] };
      }
      const [state] = await tx.rows(
        `SELECT (extract(epoch FROM max(raw_from)) * 1000)::bigint AS raw_from FROM ${schema}.promkeep_rollup_state
         WHERE query_id = $1 AND isfinite(raw_from)`,
        [queryId]
      );
      const rows = await tx.rows(
        `SELECT r.series_id, r.metric_name, r.origin, r.labels,
           encode(string_agg(timestamptz_send(b.bucket) || float8send(b.min_value) || float8send(b.max_value) || float8send(b.sum_value)
             || float8send(b.sample_count) || float8send(b.last_value), ''::bytea ORDER BY b.bucket), 'hex') AS buckets
         FROM ${schema}.promkeep_series r
         CROSS JOIN LATERAL ${schema}.promkeep_series_rollup(r.query_id, r.series_id, interval '1 millisecond' * $2::bigint,
           $3::timestamptz, $4::timestamptz) b
         WHERE r.query_id = $1 GROUP BY r.series_id ORDER BY r.series_id`,
        [queryId, widthMs, timeText(range.fromMs), timeText(range.toMs)]
      );
      return { series: rows.map(toSeries), ...(state.raw_from === null ? {} : { rawFromMs: Number(state.raw_from) }) };
    },
    { signal, readOnly: true }
  );
}

/** A bucket is six numbers of eight bytes: time, min, max, sum, count, last. */
const BUCKET_BYTES = 48;

function toSeries(row: Row): RollupSeries {
  const bytes = Buffer.from(String(row.buckets), 'hex');
  const count = bytes.length / BUCKET_BYTES;
  const column = (place: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => bytes.readDoubleBE(i * BUCKET_BYTES + place * 8));
  return {
    labels: restoreLabels(String(row.metric_name), String(row.origin), parseLabels(row.labels)),
    timesMs: Float64Array.from({ length: count }, (_, i) => readTime(bytes, i * BUCKET_BYTES)),
    min: column(1),
    max: column(2),
    sum: column(3),
    count: column(4),
    last: column(5),
  };
}
