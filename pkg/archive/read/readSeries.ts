import { type ArchiveRead } from '../../core/ports/sampleStore';
import { type SourceIdentity } from '../../core/ports/archive';
import { type Series } from '../../core/model/series';
import { type Database } from '../connect/database';
import { findQueryId } from '../definitions/queryRows';
import { readSamples } from '../write/sampleRows';
import { parseLabels, restoreLabels } from '../write/seriesIdentity';

/** Archived samples of a query as Prometheus gave them, in the order in which the series were first seen. */
export async function readSeries(
  database: Database,
  schema: string,
  source: SourceIdentity,
  read: ArchiveRead,
  signal: AbortSignal
): Promise<Series[]> {
  return database.transaction(
    async (tx) => {
      const queryId = await findQueryId(tx, schema, source, read.query);
      if (queryId === undefined) {
        return [];
      }
      const samples = await readSamples(tx, schema, queryId, read.range);
      const rows = await tx.rows(
        `SELECT series_id, metric_name, origin, labels FROM ${schema}.promkeep_series
         WHERE series_id = ANY ($1::bigint[]) ORDER BY series_id`,
        [[...samples.keys()]]
      );
      return rows.flatMap((row) => {
        const found = samples.get(Number(row.series_id));
        const labels = restoreLabels(String(row.metric_name), String(row.origin), parseLabels(row.labels));
        return found === undefined ? [] : [{ labels, timesMs: found.timesMs, values: found.values }];
      });
    },
    { signal, readOnly: true }
  );
}
