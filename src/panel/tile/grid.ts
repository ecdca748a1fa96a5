/** Space between tiles. */
export const GAP_PX = 8;
/** The heading of a section, with the space around it beyond a gap between rows. */
export const GROUP_HEADING_PX = 28;
/** Below this width the state stands under the name instead of beside it. */
const NARROW_PX = 230;
const PADDING_PX = 20;
const LINE_PX = 20;
const VALUE_LINE_HEIGHT = 1.2;
const LEAST_VALUE_PX = 20;
const LEAST_VALUE_LINE_PX = LEAST_VALUE_PX * VALUE_LINE_HEIGHT;
/** Tiles that scroll anyway need not be the smallest. */
const SCROLLED_VALUE_LINE_PX = 34;
const SCROLLED_SPARKLINE_PX = 36;
const MOST_VALUE_PX = 88;
const LEAST_SPARKLINE_PX = 28;
/** Where nothing limits the height, as on the page; a single column, as on a phone, shows more tiles at a glance. */
const FREE_TILE_PX = 164;
const FREE_SINGLE_TILE_PX = 136;
/** Width to height at which a tile looks best. */
const GOOD_SHAPE = 1.9;
/** Widest digits of the fonts in use (DejaVu Sans Bold), in em; Inter's have 0.64. */
const DIGIT_EM = 0.7;

export interface Grid {
  columns: number;
  tileWidthPx: number;
  tileHeightPx: number;
  /** Tiles may be higher than `tileHeightPx` if their texts need it. */
  isFree: boolean;
  /** The tiles do not fit: the list scrolls. */
  overflows: boolean;
  isNarrow: boolean;
  /** Font size of the value that the height allows. */
  valuePx: number;
  /** 0: no room for sparklines. */
  sparklinePx: number;
}

export interface Box {
  count: number;
  /** Sizes of the sections, each under a heading; absent: one section without. */
  groupCounts?: readonly number[];
  widthPx: number;
  /** Absent: as high as needed. */
  heightPx?: number;
  minTileWidthPx: number;
  /** Height of the texts below the value, at most, in a tile of a width. */
  notesPxAt?: (tileWidthPx: number) => number;
}

/** Columns and tile size that use the space best: large, well-shaped tiles; sparklines go before scrolling comes. */
export function layOut(box: Box): Grid {
  const count = Math.max(1, box.count);
  const mostColumns = Math.max(1, Math.floor((box.widthPx + GAP_PX) / (box.minTileWidthPx + GAP_PX)));
  const columns = balancedColumns(count, mostColumns);
  if (box.heightPx === undefined) {
    const freePx = columns === 1 && count > 1 ? FREE_SINGLE_TILE_PX : FREE_TILE_PX;
    return { ...gridOf(box, columns, freePx, false), isFree: true };
  }
  const fitting = bestFit(box, count, mostColumns, LEAST_SPARKLINE_PX) ?? bestFit(box, count, mostColumns, 0);
  return fitting ?? gridOf(box, columns, textPx(box, columns) + SCROLLED_VALUE_LINE_PX + SCROLLED_SPARKLINE_PX, true);
}

/** Font size of one value: a long text in one tile does not make the others small. */
export function valueFontPx({ valuePx, tileWidthPx }: Grid, textLength: number): number {
  const byWidth = (tileWidthPx - 34) / (Math.max(3, textLength) * DIGIT_EM);
  return Math.round(Math.max(14, Math.min(valuePx, byWidth)));
}

function bestFit(box: Box, count: number, mostColumns: number, sparklinePx: number): Grid | undefined {
  let best: Grid | undefined;
  let bestSize = 0;
  for (let columns = 1; columns <= Math.min(mostColumns, count); columns++) {
    const rows = rowsOf(box, count, columns);
    const headingsPx = (box.groupCounts?.length ?? 0) * GROUP_HEADING_PX;
    const tileHeightPx = Math.floor(((box.heightPx ?? 0) - headingsPx - GAP_PX * (rows - 1)) / rows);
    const fits = tileHeightPx >= textPx(box, columns) + LEAST_VALUE_LINE_PX + sparklinePx;
    const used = count / (rows * columns);
    const size = Math.min(widthOf(box, columns) / GOOD_SHAPE, tileHeightPx) * used;
    if (fits && size > bestSize) {
      best = gridOf(box, columns, tileHeightPx, false);
      bestSize = size;
    }
  }
  return best;
}

/** Each section begins a row. */
function rowsOf({ groupCounts = [] }: Box, count: number, columns: number): number {
  const counts = groupCounts.length > 0 ? groupCounts : [count];
  return counts.reduce((rows, one) => rows + Math.ceil(one / columns), 0);
}

/** No lonely tile in the last row: 4 tiles where 3 would fit make 2 + 2. */
function balancedColumns(count: number, mostColumns: number): number {
  const rows = Math.ceil(count / Math.min(count, mostColumns));
  return Math.ceil(count / rows);
}

function gridOf(box: Box, columns: number, tileHeightPx: number, overflows: boolean): Grid {
  const tileWidthPx = widthOf(box, columns);
  const forValuePx = tileHeightPx - textPx(box, columns);
  const spare = forValuePx - LEAST_VALUE_LINE_PX;
  const sparklinePx =
    spare < LEAST_SPARKLINE_PX ? 0 : Math.round(Math.min(spare, Math.max(LEAST_SPARKLINE_PX, tileHeightPx * 0.3)));
  const valuePx = Math.min((forValuePx - sparklinePx) / VALUE_LINE_HEIGHT, tileHeightPx * 0.28);
  return {
    columns,
    tileWidthPx,
    tileHeightPx,
    isFree: false,
    overflows,
    isNarrow: tileWidthPx < NARROW_PX,
    valuePx: Math.min(MOST_VALUE_PX, Math.max(LEAST_VALUE_PX, valuePx)),
    sparklinePx,
  };
}

function widthOf({ widthPx }: Box, columns: number): number {
  return Math.max(0, (widthPx - GAP_PX * (columns - 1)) / columns);
}

/** Everything in a tile but value and sparkline. */
function textPx(box: Box, columns: number): number {
  const tileWidthPx = widthOf(box, columns);
  return PADDING_PX + LINE_PX * (tileWidthPx < NARROW_PX ? 2 : 1) + (box.notesPxAt?.(tileWidthPx) ?? 0);
}
