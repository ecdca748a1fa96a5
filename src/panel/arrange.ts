import { SEVERITY_ORDER, type Tile } from './tile';

export type SortOrder = 'given' | 'severity' | 'name';

export interface Arrangement {
  shown: Tile[];
  /** Left out because they are OK. */
  hiddenHealthy: number;
  /** Left out because of the limit. */
  more: number;
}

/** Which tiles are shown, in which order, and how many are not; nothing disappears without being counted. */
export function arrange(
  tiles: readonly Tile[],
  { sort, hideHealthy, limit }: { sort: SortOrder; hideHealthy: boolean; limit: number }
): Arrangement {
  const wanted = hideHealthy ? tiles.filter(({ state }) => state.severity !== 'ok') : [...tiles];
  const sorted = sort === 'given' ? wanted : [...wanted].sort(sort === 'name' ? byName : bySeverity);
  return {
    shown: sorted.slice(0, limit),
    hiddenHealthy: tiles.length - wanted.length,
    more: Math.max(0, sorted.length - limit),
  };
}

function byName(a: Tile, b: Tile): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

/** Equal severities keep their order (sort is stable). */
function bySeverity(a: Tile, b: Tile): number {
  return SEVERITY_ORDER.indexOf(a.state.severity) - SEVERITY_ORDER.indexOf(b.state.severity);
}
