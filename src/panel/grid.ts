/** Space between tiles. */
export const GAP_PX = 8;
/** The least height at which name, value, state and sparkline stand without crowding. */
export const ROOMY_TILE_HEIGHT_PX = 112;
/** The least height at which name, value and state can be read. */
export const COMPACT_TILE_HEIGHT_PX = 72;
/** Where nothing limits the height, as on the page. */
export const FREE_TILE_HEIGHT_PX = 164;
/** The same in a single column, as on a phone: more tiles at a glance. */
export const FREE_SINGLE_TILE_HEIGHT_PX = 136;
/** Width to height at which a tile looks best. */
const GOOD_SHAPE = 1.9;

export interface Grid {
  columns: number;
  tileWidthPx: number;
  tileHeightPx: number;
  /** The tiles do not fit: the list scrolls. */
  overflows: boolean;
  density: 'roomy' | 'compact';
}

interface Box {
  count: number;
  widthPx: number;
  /** Absent: as high as needed. */
  heightPx?: number;
  minTileWidthPx: number;
}

/** Columns and tile size that use the space best: largest well-shaped tiles, no scrolling if it can be avoided. */
export function layOut(box: Box): Grid {
  const count = Math.max(1, box.count);
  const mostColumns = Math.max(1, Math.floor((box.widthPx + GAP_PX) / (box.minTileWidthPx + GAP_PX)));
  const balanced = balancedColumns(count, mostColumns);
  if (box.heightPx === undefined) {
    const freePx = balanced === 1 && count > 1 ? FREE_SINGLE_TILE_HEIGHT_PX : FREE_TILE_HEIGHT_PX;
    return gridOf(box.widthPx, balanced, freePx, false);
  }
  for (const leastHeightPx of [ROOMY_TILE_HEIGHT_PX, COMPACT_TILE_HEIGHT_PX]) {
    const best = bestFit(count, mostColumns, box.widthPx, box.heightPx, leastHeightPx);
    if (best) {
      return best;
    }
  }
  return gridOf(box.widthPx, balanced, ROOMY_TILE_HEIGHT_PX, true);
}

function bestFit(
  count: number,
  mostColumns: number,
  widthPx: number,
  heightPx: number,
  leastHeightPx: number
): Grid | undefined {
  let best: Grid | undefined;
  let bestSize = 0;
  for (let columns = 1; columns <= Math.min(mostColumns, count); columns++) {
    const rows = Math.ceil(count / columns);
    const tileHeightPx = Math.floor((heightPx - GAP_PX * (rows - 1)) / rows);
    const grid = gridOf(widthPx, columns, tileHeightPx, false);
    const used = count / (rows * columns);
    const size = Math.min(grid.tileWidthPx / GOOD_SHAPE, tileHeightPx) * used;
    if (tileHeightPx >= leastHeightPx && size > bestSize) {
      [best, bestSize] = [grid, size];
    }
  }
  return best;
}

/** No lonely tile in the last row: 5 tiles where 4 would fit make 3 + 2. */
function balancedColumns(count: number, mostColumns: number): number {
  const rows = Math.ceil(count / Math.min(count, mostColumns));
  return Math.ceil(count / rows);
}

function gridOf(widthPx: number, columns: number, tileHeightPx: number, overflows: boolean): Grid {
  return {
    columns,
    tileWidthPx: Math.max(0, (widthPx - GAP_PX * (columns - 1)) / columns),
    tileHeightPx,
    overflows,
    density: tileHeightPx >= ROOMY_TILE_HEIGHT_PX ? 'roomy' : 'compact',
  };
}

/** Font size of the value: as large as the longest of them allows. A digit is about 0.6 em wide. */
export function valueFontPx(grid: Grid, longestText: number): number {
  const byHeight = grid.tileHeightPx * (grid.density === 'roomy' ? 0.26 : 0.36);
  const byWidth = (grid.tileWidthPx - 40) / (Math.max(4, longestText) * 0.6);
  return Math.round(Math.min(72, Math.max(18, Math.min(byHeight, byWidth))));
}
