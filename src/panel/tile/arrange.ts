import { SEVERITY_ORDER, type Tile } from '../data/tile';

export const SORT_ORDERS = ['given', 'severity', 'value', 'name'] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

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
  const sorted = sort === 'given' ? wanted : [...wanted].sort(COMPARE[sort]);
  return {
    shown: sorted.slice(0, limit),
    hiddenHealthy: tiles.length - wanted.length,
    more: Math.max(0, sorted.length - limit),
  };
}

const COMPARE = { name: byName, severity: bySeverity, value: byValue } as const;

/** One section of tiles; the only one has no name. */
export interface TileGroup {
  name?: string;
  tiles: Tile[];
}

/** The tiles by the value of a label, in order of appearance; those without it come last. No label: one section. */
export function groupTiles(tiles: readonly Tile[], label: string, nameOfOthers: string): TileGroup[] {
  if (label === '' || !tiles.some(({ labels }) => Object.hasOwn(labels, label))) {
    return [{ tiles: [...tiles] }];
  }
  const groups = new Map<string, Tile[]>();
  const others: Tile[] = [];
  for (const tile of tiles) {
    const value = Object.hasOwn(tile.labels, label) ? tile.labels[label] : '';
    if (value === '') {
      others.push(tile);
    } else {
      groups.set(value, [...(groups.get(value) ?? []), tile]);
    }
  }
  const named = [...groups].map(([name, members]) => ({ name, tiles: members }));
  return others.length > 0 ? [...named, { name: nameOfOthers, tiles: others }] : named;
}

/** Highest first, what has no value last. */
function byValue(a: Tile, b: Tile): number {
  const [x, y] = [a.value?.numeric ?? -Infinity, b.value?.numeric ?? -Infinity];
  return x === y ? 0 : y - x;
}

function byName(a: Tile, b: Tile): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

/** Equal severities keep their order (sort is stable). */
function bySeverity(a: Tile, b: Tile): number {
  return SEVERITY_ORDER.indexOf(a.state.severity) - SEVERITY_ORDER.indexOf(b.state.severity);
}
