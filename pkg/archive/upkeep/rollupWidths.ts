import { retentionMs } from '../../core/model/retention';
import { ROLLUP_WIDTHS } from './rollupRows';

/** How long rollups are kept: a class such as `1y`, `forever`, or `none` to store none of this width. */
export interface RollupRetention {
  fiveMinutes: string;
  hours: string;
}

export const ROLLUP_RETENTION: RollupRetention = { fiveMinutes: '1y', hours: 'forever' };

const DAY_MS = 86_400_000;

/** The widths that are stored, as two arrays to bind: seconds in a bucket, and days it is kept (`null`: forever). */
export function storedWidths({ fiveMinutes, hours }: RollupRetention): [number[], Array<number | null>] {
  const stored = [fiveMinutes, hours].flatMap((retention, i) => {
    const ms = retentionMs(retention);
    return retention === 'none' ? [] : [[ROLLUP_WIDTHS[i].widthS, ms === undefined ? null : ms / DAY_MS] as const];
  });
  return [stored.map(([widthS]) => widthS), stored.map(([, days]) => days)];
}

/** Seconds in a bucket of the widths that are not stored any more. */
export function unstoredWidths(retention: RollupRetention): number[] {
  const [stored] = storedWidths(retention);
  return ROLLUP_WIDTHS.map(({ widthS }) => widthS).filter((widthS) => !stored.includes(widthS));
}

/**
 * Raw series have no rollups. A width is stored for recorded queries whose samples go before rollups of that width would, and goes on where it was begun,
 * whatever class the query has now: a width that stood still would have nothing of what expires later. `q` is the query, `w` one
 * of the widths bound as two arrays.
 */
export const STORES_WIDTH = `q.kind = 'recorded' AND NOT q.raw AND (
     (w.days IS NULL OR w.days > promkeep_retention_days(q.retention)) AND promkeep_retention_days(q.retention) IS NOT NULL
     OR EXISTS (SELECT 1 FROM promkeep_rollup_state b WHERE b.query_id = q.query_id AND b.width_s = w.width_s))`;
