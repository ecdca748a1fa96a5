import { type Tile } from '../data/tile';

const LINE_PX = 18;
/** Average width of a character at 12 px. */
const CHARACTER_PX = 6.4;
const SIDE_PX = 34;
const GAP_CHARACTERS = 2;
const LINK_CHARACTERS = 14;
/** A button is 24 px high, the least that WCAG 2.5.8 asks for, and has 4 px above it. */
const ACTION_LINES = 1.6;

/** Height of what the fullest tile shows besides name, state and value: group, links, further calculations, age. */
export function notesHeightPx(tiles: readonly Tile[], tileWidthPx: number): number {
  const perLine = Math.max(8, (tileWidthPx - SIDE_PX) / CHARACTER_PX);
  return tiles.reduce((most, tile) => Math.max(most, linesOf(tile, perLine) * LINE_PX), 0);
}

function linesOf(tile: Tile, perLine: number): number {
  const extras = tile.extras.map(({ label, text }) => label.length + 1 + text.length);
  const change = tile.change ? [tile.change.text.length, tile.change.against.length] : [];
  // The titles of links are known only when they are made, which is too dear here.
  const links = tile.linkCount > 1 ? new Array<number>(tile.linkCount).fill(LINK_CHARACTERS) : [];
  return (
    Math.ceil((tile.group?.length ?? 0) / perLine) +
    wrappedLines(links, perLine) +
    (tile.actions?.length ? ACTION_LINES : 0) +
    wrappedLines(extras, perLine) +
    wrappedLines(change, perLine) +
    (tile.asOfMs === undefined && tile.old === undefined ? 0 : 1)
  );
}

/** Lines that texts of these lengths take when none is broken: two of 60 % of the width take two. */
function wrappedLines(lengths: readonly number[], perLine: number): number {
  let lines = 0;
  let left = 0;
  for (const length of lengths) {
    if (length > left) {
      lines++;
      left = perLine;
    }
    left -= length + GAP_CHARACTERS;
  }
  return lines;
}
