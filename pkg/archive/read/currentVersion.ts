import { inTurns } from '../../core/model/inTurns';
import { compileMatchers } from '../../core/matching/matchLabels';
import { type GridRead } from '../../core/ports/history';
import { type Series } from '../../core/model/series';
import { type Row, type Transaction } from '../connect/database';
import { ofSource, type Session } from '../connect/session';
import { identityOf, RECORDED } from '../definitions/queryRows';
import { restoreLabels } from '../write/seriesIdentity';

export interface Current {
  queryId: number;
  /** No packed row of it reaches this time. */
  packedUntilMs: number;
}

/** A recorded query as it is thought to be recorded now. `undefined` when it is not. */
export async function findCurrent(
  session: Session,
  { name, expression, stepMs }: GridRead['query']
): Promise<Current | undefined> {
  const [row] = await session.rows(
    `SELECT q.query_id, ceil(extract(epoch FROM q.packed_until) * 1000)::bigint AS packed_until_ms
     FROM ${RECORDED}
     WHERE o.org_id = $1::bigint AND o.name = $2::text AND NOT q.raw AND q.identity = $3::bytea AND v.expression = $4::text AND v.step_ms = $5::bigint`,
    [...ofSource(session), identityOf({ kind: 'recorded', name }), expression, stepMs]
  );
  if (row === undefined) {
    return undefined;
  }
  const packedUntilMs = row.packed_until_ms === null ? -Infinity : Number(row.packed_until_ms);
  return { queryId: Number(row.query_id), packedUntilMs };
}

export interface SeriesRow {
  id: number;
  labels: Series['labels'];
}

/** A query's series that match as Prometheus matches, in the order in which they were first seen. Throws as `inTurns` does. */
export async function readMatching(
  tx: Transaction,
  queryId: number,
  matchers: GridRead['matchers'],
  signal: AbortSignal
): Promise<SeriesRow[]> {
  const equal = equalities(matchers);
  const rows = await tx.rows(
    `SELECT series_id, metric_name, origin, labels FROM promkeep_series
     WHERE query_id = $1::bigint${Object.keys(equal).length > 0 ? ' AND labels @> $2::jsonb' : ''} ORDER BY series_id`,
    Object.keys(equal).length > 0 ? [queryId, JSON.stringify(equal)] : [queryId]
  );
  const matching = (): ((row: Row) => SeriesRow[]) => {
    const keeps = compileMatchers(matchers);
    return (row) => {
      const labels = restoreLabels(row);
      return keeps(labels) ? [{ id: Number(row.series_id), labels }] : [];
    };
  };
  return inTurns(rows, matching, signal);
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
