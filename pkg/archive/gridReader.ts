import { splitGrid } from '../core/archiveGrid';
import { PromkeepError } from '../core/errors';
import { filterTimes } from '../core/joinSeries';
import { compileMatchers } from '../core/matchLabels';
import { type GridRead, type GridSamples, type SourceIdentity, type TimeGrid, type TimeRange } from '../core/ports';
import { type Series } from '../core/series';
import { int8Array } from './binaryArrays';
import { type Database, type Transaction } from './database';
import { gridSamples } from './gridSamples';
import { readCoverage, readGapsWithin } from './ledgerRows';
import { identityOf } from './queryRows';
import { parseLabels, restoreLabels } from './seriesIdentity';

/** More gaps than a notice can name. */
const GAP_LIMIT = 100;
/** 16 bytes each here, and as much again as frames. */
const MAX_SAMPLES = 20_000_000;

/**
 * The samples of a recorded query at the covered times of a grid. All statements see one state of the database, so that samples
 * and coverage belong together while an archiver writes.
 *
 * Only covered times are read: writing a covered range replaces everything in it, so what lies there is of the current version
 * and of a whole answer. Samples beside it may be of an older expression, of a partial answer, or expired.
 */
export function readGrid(
  database: Database,
  schema: string,
  source: SourceIdentity,
  { query, grid, matchers }: GridRead,
  signal: AbortSignal
): Promise<GridSamples | undefined> {
  const keeps = compileMatchers(matchers);
  return database.transaction(
    async (tx) => {
      const found = await findCurrent(tx, schema, source, query);
      if (!found) {
        return undefined;
      }
      const { inside, outside } = splitGrid(grid, await readCoverage(tx, schema, found.queryId));
      const gaps = outside.length > 0 ? await readGapsWithin(tx, schema, found.queryId, grid, GAP_LIMIT) : [];
      if (inside.length === 0) {
        return { covered: inside, gaps, series: [] };
      }
      const series = (await readSeriesRows(tx, schema, found.queryId, equalities(matchers))).filter(({ labels }) =>
        keeps(labels)
      );
      const hull = { ...grid, startMs: inside[0].fromMs, endMs: inside[inside.length - 1].toMs };
      refuseTooMany(series.length, hull);
      const samples = await gridSamples(tx, schema, int8Array(series.map(({ id }) => id)), hull, found.packedUntilMs);
      const filled = series.flatMap(({ id, labels }): Series[] => {
        const of = samples.get(id);
        const kept = of && onlyAt({ labels, timesMs: of.timesMs, values: of.values }, inside);
        return kept && kept.timesMs.length > 0 ? [kept] : [];
      });
      return { covered: inside, gaps, series: filled };
    },
    { signal, readOnly: true, snapshot: true }
  );
}

async function findCurrent(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  { name, expression, stepMs }: GridRead['query']
): Promise<{ queryId: number; packedUntilMs: number } | undefined> {
  const [row] = await tx.rows(
    `SELECT q.query_id, ceil(extract(epoch FROM q.packed_until) * 1000)::bigint AS packed_until_ms
     FROM ${schema}.promkeep_sources o
     JOIN ${schema}.promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'recorded' AND q.identity = $3 AND q.deleted_at IS NULL
     JOIN ${schema}.promkeep_query_versions v ON v.query_id = q.query_id AND v.version = q.current_version
     WHERE o.org_id = $1 AND o.name = $2 AND v.expression = $4 AND v.step_ms = $5`,
    [source.orgId, source.name, identityOf({ kind: 'recorded', name }), expression, stepMs]
  );
  if (row === undefined) {
    return undefined;
  }
  const packedUntilMs = row.packed_until_ms === null ? -Infinity : Number(row.packed_until_ms);
  return { queryId: Number(row.query_id), packedUntilMs };
}

interface SeriesRow {
  id: number;
  labels: Series['labels'];
}

async function readSeriesRows(
  tx: Transaction,
  schema: string,
  queryId: number,
  equal: Readonly<Record<string, string>>
): Promise<SeriesRow[]> {
  const rows = await tx.rows(
    `SELECT series_id, metric_name, origin, labels FROM ${schema}.promkeep_series
     WHERE query_id = $1${Object.keys(equal).length > 0 ? ' AND labels @> $2::jsonb' : ''} ORDER BY series_id`,
    Object.keys(equal).length > 0 ? [queryId, JSON.stringify(equal)] : [queryId]
  );
  return rows.map((row) => ({
    id: Number(row.series_id),
    labels: restoreLabels(String(row.metric_name), String(row.origin), parseLabels(row.labels)),
  }));
}

/**
 * What the database may filter by itself: labels that must have a value. Regular expressions stay here, since PostgreSQL
 * reads other ones; a NUL, which it cannot read at all, matches nothing that is stored.
 */
function equalities(matchers: GridRead['matchers']): Record<string, string> {
  const plain = matchers.filter(
    ({ name, operator, value }) => operator === '=' && value !== '' && name !== '__name__' && !value.includes('\0')
  );
  return Object.fromEntries(plain.map(({ name, value }) => [name, value]));
}

function onlyAt(series: Series, covered: readonly TimeRange[]): Series {
  return covered.length === 1
    ? series
    : filterTimes(series, (timeMs) => covered.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs));
}

function refuseTooMany(series: number, { startMs, endMs, stepMs }: TimeGrid): void {
  const times = (endMs - startMs) / stepMs + 1;
  if (series * times > MAX_SAMPLES) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The archive would have to read ${series} series at ${times} times, more than ${MAX_SAMPLES} samples; ` +
        'narrow the query, the range or the step.'
    );
  }
}
