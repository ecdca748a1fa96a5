import { type ArchiveRead } from '../../core/ports/sampleStore';
import { type Series } from '../../core/model/series';
import { type Session } from '../connect/session';
import { findQueryId } from '../definitions/queryRows';
import { readSamples } from '../write/sampleRows';
import { restoreLabels } from '../write/seriesIdentity';

/** Archived samples of a query as Prometheus gave them, in the order in which the series were first seen. */
export async function readSeries(session: Session, { query, range }: ArchiveRead): Promise<Series[]> {
  const queryId = await findQueryId(session, query);
  if (queryId === undefined) {
    return [];
  }
  const samples = await readSamples(session, queryId, range);
  const rows = await session.rows(
    `SELECT series_id, metric_name, origin, labels FROM promkeep_series
     WHERE series_id = ANY ($1::bigint[]) ORDER BY series_id`,
    [[...samples.keys()]]
  );
  return rows.flatMap((row) => {
    const found = samples.get(Number(row.series_id));
    const labels = restoreLabels(row);
    return found === undefined ? [] : [{ labels, timesMs: found.timesMs, values: found.values }];
  });
}
