import { dateTimeFormat } from '@grafana/data';
import { type Tile } from '../../panel/data/tile';
import { type Say } from '../../panel/words/catalog';
import { durationText } from '../history/durationText';

/** Three missed answers: longer than a hiccup. */
export const STALE_AFTER_MS = 15_000;

/** When the newest answer was given, on the server's clock, and how long ago that is. */
export interface Age {
  answeredMs: number;
  ageMs: number;
}

/** The tiles when nobody has answered for a while: the last values as such, with their age, and no claim about how it is now. */
export function asLastKnown(tiles: readonly Tile[], { answeredMs, ageMs }: Age, say: Say): Tile[] {
  return tiles.map((tile) => {
    const { value, valueAtMs = answeredMs, state } = tile;
    if (!value) {
      return tile;
    }
    const age = durationText(Math.max(0, ageMs + answeredMs - valueAtMs));
    const word = say(state.word === undefined ? 'page.notLive' : 'page.was', { state: state.word ?? '' });
    return {
      ...tile,
      asOfMs: undefined,
      old: say('page.age', { time: dateTimeFormat(valueAtMs), age }),
      state: { severity: 'no-data', word },
    };
  });
}
