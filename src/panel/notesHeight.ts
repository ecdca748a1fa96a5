import { type Tile } from './tile';

const LINE_PX = 18;
/** Average width of a character at 12 px. */
const CHARACTER_PX = 6.8;
const SIDE_PX = 34;
const GAP_CHARACTERS = 3;
/** A button is 24 px high, the least that WCAG 2.5.8 asks for, and has 4 px above it. */
const ACTION_LINES = 1.6;

/** Height of what the fullest tile shows besides name, state and value: group, links, further calculations, age. */
export function notesHeightPx(tiles: readonly Tile[], tileWidthPx: number): number {
  const perLine = Math.max(8, (tileWidthPx - SIDE_PX) / CHARACTER_PX);
  return tiles.reduce((most, tile) => Math.max(most, linesOf(tile, perLine) * LINE_PX), 0);
}

function linesOf(tile: Tile, perLine: number): number {
  const extras = tile.extras.reduce((sum, { label, text }) => sum + label.length + text.length + GAP_CHARACTERS, 0);
  return (
    Math.ceil((tile.group?.length ?? 0) / perLine) +
    (tile.linkCount > 1 ? 1 : 0) +
    (tile.actions?.length ? ACTION_LINES : 0) +
    Math.ceil(extras / perLine) +
    (tile.change ? Math.ceil((tile.change.text.length + tile.change.against.length + GAP_CHARACTERS) / perLine) : 0) +
    (tile.asOfMs === undefined ? 0 : 1)
  );
}
