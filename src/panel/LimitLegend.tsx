import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { StateMark } from './StateMark';
import { type Tile } from './tile';
import { type Words } from './words';

/** More sets of limits than this would be a manual, not a legend; each tile's details have its own. */
const MOST_SETS = 3;

/** From which value on which state holds, once for all tiles that share it. */
export function LimitLegend({ tiles, words }: { tiles: readonly Tile[]; words: Words }) {
  const styles = useStyles2(getStyles);
  const sets = limitSets(tiles);
  return (
    <ul className={styles.legend} aria-label={words.legend}>
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
      {sets.length > MOST_SETS && <li>{words.more(sets.length - MOST_SETS)}</li>}
    </ul>
  );
}

/** Whether a legend would say anything. */
export function hasLimits(tiles: readonly Tile[]): boolean {
  return tiles.some(({ limits }) => limits.length > 0);
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
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 20px',
    margin: 0,
    padding: 0,
    listStyle: 'none',
    fontSize: 12,
    lineHeight: '20px',
    color: theme.colors.text.secondary,
  }),
  set: css({ display: 'flex', flexWrap: 'wrap', gap: '0 12px', margin: 0 }),
  names: css({ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', maxWidth: 260 }),
  limit: css({ display: 'inline-flex' }),
});
