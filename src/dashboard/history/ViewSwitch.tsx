import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveHistory } from '../../contract/archivePage';
import { useLanguage } from '../language';
import { type ChartView } from './shownSeries';

interface Props {
  view: ChartView;
  onChange: (view: ChartView) => void;
  history: ArchiveHistory;
}

/** From the one value of the tile to its series, and back. */
export function ViewSwitch({ view, onChange, history: { displayName } }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const isEach = view === 'each';
  return (
    <button
      type="button"
      className={styles.button}
      aria-pressed={isEach}
      aria-label={say('page.history.eachOf', { name: displayName })}
      onClick={() => onChange(isEach ? 'whole' : 'each')}
    >
      {say('page.history.eachSeries')}
    </button>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  button: css({
    height: 22,
    marginLeft: 'auto',
    padding: '0 8px',
    font: 'inherit',
    fontSize: 12,
    color: theme.colors.text.secondary,
    background: 'transparent',
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 4,
    cursor: 'pointer',
    '&[aria-pressed="true"]': { color: theme.colors.text.primary, background: theme.colors.action.selected },
    '&:hover': { color: theme.colors.text.primary },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
    '@media print': { display: 'none' },
  }),
});
