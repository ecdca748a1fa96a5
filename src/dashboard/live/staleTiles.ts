import { type Tile } from '../../panel/data/tile';
import { type Words } from '../../panel/words/words';

/** Three missed answers: longer than a hiccup. */
export const STALE_AFTER_MS = 15_000;

/** The tiles as they are when nobody has answered for a while: what was, and no claim about what is. */
export function withoutAnswer(tiles: readonly Tile[], reason: string, lastSeenMs: number, words: Words): Tile[] {
  return tiles.map((tile) => ({
    ...tile,
    value: undefined,
    extras: [],
    asOfMs: undefined,
    state: { severity: 'no-data', word: words('states.no-data') },
    noData: { headline: words('noData'), reason, lastSeenMs: tile.noData?.lastSeenMs ?? lastSeenMs },
  }));
}
