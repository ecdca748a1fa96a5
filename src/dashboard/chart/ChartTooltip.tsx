import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { ONE_LINE } from '../../panel/tile/styles';
import { type CursorReading } from './chartCursor';
import { type ChartText } from './chartText';
import { shorten } from './seriesNames';
import { useLanguage } from '../language';

interface Props {
  reading: CursorReading;
  text: ChartText;
  colors: readonly string[];
  title: string;
  /** Of the cursor within the chart. */
  leftPx: number;
  /** Of the chart. */
  widthPx: number;
}

const MOST_ROWS = 8;
const WIDTH_PX = 220;

/** The values at the cursor, on the side that has room. The slider says the same to screen readers. */
export function ChartTooltip({ reading, text, colors, title, leftPx, widthPx }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const rows = reading.values.flatMap((value, i) => (value ? [{ ...value, i }] : []));
  const left = leftPx + 12 + WIDTH_PX <= widthPx ? leftPx + 12 : Math.max(0, leftPx - 12 - WIDTH_PX);
  return (
    <div
      className={styles.tip}
      style={{ left, width: Math.min(WIDTH_PX, widthPx) }}
      aria-hidden="true"
      data-testid="promkeep-tooltip"
    >
      <div className={styles.time}>{title}</div>
      {rows.slice(0, MOST_ROWS).map(({ i, value, min, max }) => (
        <div key={i} className={styles.row}>
          <svg width="10" height="10" className={styles.swatch}>
            <rect width="10" height="10" rx="2" fill={colors[i]} />
          </svg>
          <span className={styles.name}>{shorten(text.names[i])}</span>
          <span className={styles.value}>
            {text.value(value)}
            {typeof min === 'number' && typeof max === 'number' && (
              <span className={styles.spread}>{` ${text.value(min)} – ${text.value(max)}`}</span>
            )}
          </span>
        </div>
      ))}
      {rows.length > MOST_ROWS && (
        <div className={styles.note}>{say('page.history.more', { number: rows.length - MOST_ROWS })}</div>
      )}
      {rows.length === 0 && <div className={styles.note}>{text.gap(reading) ?? say('page.history.none')}</div>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  tip: css({
    position: 'absolute',
    zIndex: 1,
    top: 8,
    boxSizing: 'border-box',
    padding: '6px 10px',
    fontSize: 12,
    lineHeight: '18px',
    pointerEvents: 'none',
    color: theme.colors.text.primary,
    background: theme.colors.background.elevated,
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 6,
    boxShadow: theme.shadows.z2,
  }),
  time: css({ color: theme.colors.text.secondary, fontVariantNumeric: 'tabular-nums' }),
  row: css({ display: 'flex', alignItems: 'baseline', gap: 6 }),
  swatch: css({ flex: 'none' }),
  name: css({ flex: 1, minWidth: 0, ...ONE_LINE }),
  value: css({ fontWeight: 500, textAlign: 'right', fontVariantNumeric: 'tabular-nums' }),
  spread: css({ display: 'block', fontWeight: 400, color: theme.colors.text.secondary }),
  note: css({ color: theme.colors.text.secondary }),
});
