import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useLanguage } from './language';
import { RANGES } from './ranges';

/** Native radio buttons drawn as one bar: arrow keys, focus and names come from the browser. */
export function RangePicker({ rangeMs, onChange }: { rangeMs: number; onChange: (rangeMs: number) => void }) {
  const { say } = useLanguage();
  const styles = useStyles2(getStyles);
  return (
    <fieldset className={styles.bar}>
      <legend className={styles.hidden}>{say('page.range')}</legend>
      {RANGES.map((range) => (
        <label key={range.rangeMs} className={styles.choice}>
          <input
            type="radio"
            name="range"
            className={styles.hidden}
            aria-label={say(`page.ranges.${range.rangeMs}`)}
            checked={range.rangeMs === rangeMs}
            onChange={() => onChange(range.rangeMs)}
          />
          <span aria-hidden="true">{range.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    display: 'flex',
    minWidth: 0,
    margin: 0,
    padding: 2,
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 6,
    background: theme.colors.background.primary,
  }),
  choice: css({
    position: 'relative',
    padding: '0 12px',
    '@media (max-width: 420px)': { padding: '0 9px' },
    fontSize: 13,
    lineHeight: '30px',
    borderRadius: 4,
    cursor: 'pointer',
    color: theme.colors.text.secondary,
    '&:hover': { color: theme.colors.text.primary },
    '&:has(:checked)': { color: theme.colors.text.primary, fontWeight: 500, background: theme.colors.action.selected },
    '&:has(:focus-visible)': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
  }),
  hidden: css({
    position: 'absolute',
    width: 1,
    height: 1,
    margin: 0,
    padding: 0,
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
    border: 0,
    appearance: 'none',
  }),
});
