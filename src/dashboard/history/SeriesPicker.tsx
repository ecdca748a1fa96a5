import { useEffect, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { SERIES_ORDERS, type SeriesOrder, type SeriesPick } from '../../contract/archivePage';
import { smallText } from '../../panel/tile/styles';
import { useLanguage } from '../language';

interface Props {
  pick: SeriesPick;
  onPick: (pick: SeriesPick) => void;
  /** How many are drawn, of how many that match, of how many there are. */
  counts: { drawn: number; matching: number; all: number };
  /** Of the chart. */
  name: string;
}

/** Typing is over. */
const PAUSE_MS = 300;

/** Which of many series are drawn: how many there are, and how to find the others. */
export function SeriesPicker({ pick, onPick, counts, name }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [filter, setFilter] = useState(pick.filter);
  useEffect(() => {
    if (filter === pick.filter) {
      return;
    }
    const timer = window.setTimeout(() => onPick({ ...pick, filter }), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [filter, pick, onPick]);
  const { drawn, matching, all } = counts;
  return (
    <div className={styles.picker} role="group" aria-label={say('page.history.pickOf', { name })}>
      <span role="status">
        {say(pick.filter === '' ? 'page.history.drawn' : 'page.history.drawnOfMatching', {
          ...{ drawn, matching, all },
          order: say(`page.history.orders.${pick.order}`),
        })}
      </span>
      <input
        type="search"
        className={styles.field}
        value={filter}
        placeholder={say('page.history.filter')}
        aria-label={say('page.history.filterOf', { name })}
        onChange={({ target }) => setFilter(target.value)}
      />
      <select
        className={styles.field}
        value={pick.order}
        aria-label={say('page.history.orderOf', { name })}
        onChange={({ target }) => onPick({ ...pick, order: orderOf(target.value) })}
      >
        {SERIES_ORDERS.map((order) => (
          <option key={order} value={order}>
            {say(`page.history.orders.${order}`)}
          </option>
        ))}
      </select>
    </div>
  );
}

function orderOf(value: string): SeriesOrder {
  return SERIES_ORDERS.find((order) => order === value) ?? SERIES_ORDERS[0];
}

const getStyles = (theme: GrafanaTheme2) => ({
  picker: css({
    ...smallText(theme),
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px 8px',
    margin: '4px 0',
    '@media print': { 'input, select': { display: 'none' } },
  }),
  field: css({
    boxSizing: 'border-box',
    minWidth: 0,
    maxWidth: '100%',
    height: 26,
    padding: '0 6px',
    font: 'inherit',
    color: theme.colors.text.primary,
    background: theme.components.input.background,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRadius: 4,
    '&::placeholder': { color: theme.colors.text.secondary },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
  }),
});
