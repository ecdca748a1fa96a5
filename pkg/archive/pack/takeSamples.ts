import { type Row, type Transaction } from '../connect/database';
import { microsOf, readFloat8Array, readInt64Array } from '../write/binaryArrays';
import { timeText } from '../write/sampleRows';
import { type PeriodRun } from './packedRow';
import { arrange, orderOf } from '../../core/model/mergeSamples';

/** Samples of some series of one query in one closed period. */
export interface ClosedPeriod {
  queryId: number;
  fromMs: number;
  untilMs: number;
  seriesIds: readonly number[];
}

/**
 * Takes samples out of the archive, a row a series for `readRun`. Writes that differ only in when they were made are represented
 * by the newest; inserted rows keep theirs.
 *
 * Nothing sorts here: an index gives the samples of a series in order, and so does a table in which they were written as they
 * fell due. Of a single series at most `limit` samples are taken, so that the memory this needs is bounded whatever somebody
 * has inserted before the batches were made.
 */
export function takeSamples(
  tx: Transaction,
  { seriesIds, fromMs, untilMs }: ClosedPeriod,
  limit: number
): Promise<Row[]> {
  return tx.rows(
    `WITH gone AS (
       DELETE FROM promkeep_samples s
       WHERE s.series_id = ANY ($1::bigint[]) AND s.time >= $2::timestamptz AND s.time < $3::timestamptz
         AND s.time < coalesce((
           SELECT o.time FROM promkeep_samples o
           WHERE cardinality($1::bigint[]) = 1 AND o.series_id = ($1::bigint[])[1]
             AND o.time >= $2::timestamptz AND o.time < $3::timestamptz
           ORDER BY o.time OFFSET $4::bigint LIMIT 1), 'infinity')
       RETURNING s.series_id, s.time, s.value, s.fetch_id),
     alike AS (
       SELECT f.fetch_id, CASE WHEN q.kind = 'inserted' THEN f.fetch_id ELSE max(f.fetch_id) OVER (
         PARTITION BY f.query_id, f.version, f.expression, f.prometheus_version, f.warnings) END AS newest
       FROM promkeep_fetches f JOIN promkeep_queries q ON q.query_id = f.query_id
       WHERE f.fetch_id IN (SELECT gone.fetch_id FROM gone))
     SELECT g.series_id, array_send(array_agg(g.time)) AS times, array_send(array_agg(g.value)) AS sample_values,
       array_send(array_agg(coalesce(a.newest, g.fetch_id))) AS fetch_ids
     FROM gone g LEFT JOIN alike a ON a.fetch_id = g.fetch_id GROUP BY g.series_id`,
    [seriesIds, timeText(fromMs), timeText(untilMs), limit]
  );
}

/** @param row one of `takeSamples` */
export function readRun(row: Row, startMs: number): PeriodRun {
  const offsetsUs = readInt64Array(toBuffer(row.times), microsOf(startMs));
  const { values, nulls } = readFloat8Array(toBuffer(row.sample_values));
  const fetchIds = readInt64Array(toBuffer(row.fetch_ids));
  const run = { seriesId: Number(row.series_id), startMs, offsetsUs, values, nulls, fetchIds };
  const order = orderOf(offsetsUs);
  return order === undefined
    ? run
    : {
        ...run,
        offsetsUs: arrange(offsetsUs, order),
        values: arrange(values, order),
        nulls: nulls && Uint8Array.from(order, (i) => nulls[i]),
        fetchIds: arrange(fetchIds, order),
      };
}

function toBuffer(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}
