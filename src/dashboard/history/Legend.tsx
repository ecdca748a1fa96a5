import { useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { shorten } from '../chart/seriesNames';
import { smallText } from '../../panel/tile/styles';
import { useLanguage } from '../language';
import { type ShownSeries } from './shownSeries';

interface Props {
  legend: ShownSeries['legend'];
  /** Places of the series that alone are drawn; none: all. */
  only: ReadonlySet<number>;
  onOnly: (only: ReadonlySet<number>) => void;
}

const MOST_AT_FIRST = 6;

/** The names of the lines. A click draws one alone, another click all of them again; with Ctrl, ⌘ or Shift several. */
export function Legend({ legend, only, onOnly }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [isWhole, setWhole] = useState(false);
  if (legend.length < 2) {
    return null;
  }
  const pick = (i: number, isMore: boolean) => {
    const next = isMore ? new Set(only) : new Set<number>();
    if (only.has(i) && (isMore || only.size === 1)) {
      next.delete(i);
    } else {
      next.add(i);
    }
    onOnly(next);
  };
  const listed = isWhole ? legend : legend.slice(0, MOST_AT_FIRST);
  return (
    <ul className={styles.legend}>
      {listed.map(({ name, color, isDrawn }, i) => (
        <li key={i}>
          <button
            type="button"
            className={styles.entry}
            title={name}
            aria-pressed={only.has(i)}
            data-drawn={isDrawn}
            onClick={({ ctrlKey, metaKey, shiftKey }) => pick(i, ctrlKey || metaKey || shiftKey)}
          >
            <svg width="12" height="4" aria-hidden="true" focusable="false">
              <rect width="12" height="4" rx="2" fill={color} />
            </svg>
            {shorten(name)}
          </button>
        </li>
      ))}
      {legend.length > listed.length && (
        <li>
          <button type="button" className={styles.entry} onClick={() => setWhole(true)}>
            {say('page.history.more', { number: legend.length - listed.length })}
          </button>
        </li>
      )}
    </ul>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  legend: css({
    ...smallText(theme),
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 6px',
    margin: '2px 0',
    padding: 0,
    listStyle: 'none',
    maxHeight: 148,
    overflowY: 'auto',
    '@media print': { maxHeight: 'none' },
    li: { minWidth: 0 },
  }),
  entry: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: 6,
    maxWidth: '100%',
    minHeight: 24,
    padding: '0 4px',
    font: 'inherit',
    textAlign: 'left',
    color: theme.colors.text.secondary,
    background: 'transparent',
    border: 0,
    borderRadius: 3,
    overflowWrap: 'anywhere',
    cursor: 'pointer',
    svg: { flex: 'none' },
    '&[data-drawn="false"]': { textDecoration: 'line-through', svg: { opacity: 0.3 } },
    '&[aria-pressed="true"]': { color: theme.colors.text.primary },
    '&:hover': { color: theme.colors.text.primary, background: theme.colors.action.hover },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}` },
  }),
});
