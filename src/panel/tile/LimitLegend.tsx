import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { StateMark } from './StateMark';
import { ONE_LINE, smallText } from './styles';
import { type Tile } from '../data/tile';
import { type Words } from '../words/words';

/** More sets of limits than this would be a manual, not a legend; each tile's details have its own. */
const MOST_SETS = 3;
/** Average width of a character at 12 px. */
const CHARACTER_PX = 6.6;
/** Icon, its distance and the gap to the next. */
const MARK_PX = 38;
const NAMES_PX = 260;
const GAP_PX = 20;

/** From which value on which state holds, once for all tiles that share it. */
export function LimitLegend({ tiles, words }: { tiles: readonly Tile[]; words: Words }) {
  const styles = useStyles2(getStyles);
  const sets = limitSets(tiles);
  return (
    <ul className={styles.legend} aria-label={words('legend')}>
      {sets.slice(0, MOST_SETS).map(({ key, names, limits }) => (
        <li key={key} className={styles.set}>
          {sets.length > 1 && <span className={styles.names}>{names.join(', ')}:</span>}
          {limits.map(({ state, text }) => (
            <span key={text} className={styles.limit}>
              <StateMark state={{ ...state, word: state.word ? `${state.word} ${text}` : text }} />
            </span>
          ))}
        </li>
      ))}
      {sets.length > MOST_SETS && <li>{words('more', { count: sets.length - MOST_SETS })}</li>}
    </ul>
  );
}

/** Whether a legend would say anything. */
export function hasLimits(tiles: readonly Tile[]): boolean {
  return tiles.some(({ limits }) => limits.length > 0);
}

/** How many lines the legend takes, at most: its height is needed before it is drawn. */
export function legendLines(tiles: readonly Tile[], widthPx: number): number {
  const sets = limitSets(tiles).slice(0, MOST_SETS);
  const widths = sets.map(({ names, limits }) => {
    const namesPx = sets.length > 1 ? Math.min(NAMES_PX, names.join(', ').length * CHARACTER_PX) + GAP_PX : 0;
    const texts = limits.map(({ state, text }) => ((state.word?.length ?? 0) + text.length) * CHARACTER_PX);
    return texts.reduce((sum, textPx) => sum + textPx + MARK_PX, namesPx) + GAP_PX;
  });
  return Math.max(1, Math.ceil(widths.reduce((sum, one) => sum + one, 0) / Math.max(1, widthPx)));
}

function limitSets(tiles: readonly Tile[]) {
  const sets = new Map<string, { key: string; names: string[]; limits: Tile['limits'] }>();
  for (const { name, limits } of tiles) {
    const key = limits.map(({ state, text }) => `${state.severity} ${text}`).join(' ');
    if (key !== '') {
      const set = sets.get(key) ?? { key, names: [], limits };
      set.names.push(name);
      sets.set(key, set);
    }
  }
  return [...sets.values()];
}

const getStyles = (theme: GrafanaTheme2) => ({
  legend: css({
    ...smallText(theme),
    lineHeight: '20px',
    display: 'flex',
    flexWrap: 'wrap',
    gap: `0 ${GAP_PX}px`,
    padding: 0,
    listStyle: 'none',
  }),
  set: css({ display: 'flex', flexWrap: 'wrap', gap: '0 12px', margin: 0 }),
  names: css({ ...ONE_LINE, maxWidth: NAMES_PX }),
  limit: css({ display: 'inline-flex' }),
});
