import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type TileAction } from '../data/tile';

interface Props {
  actions: readonly TileAction[];
  tileName: string;
  onAction: (action: TileAction) => void;
}

/** The tile's actions as buttons; nothing happens before the user has confirmed. */
export function TileActions({ actions, tileName, onAction }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.row}>
      {actions.map((one, i) => {
        const { title, action } = one;
        const { style } = action;
        const color = style?.backgroundColor && theme.visualization.getColorByName(style.backgroundColor);
        return (
          <button
            key={`${i} ${title}`}
            type="button"
            className={styles.button}
            style={color ? { background: color, color: theme.colors.getContrastText(color, 4.5) } : undefined}
            // The words that are seen come first (WCAG 2.5.3).
            aria-label={`${title}: ${tileName}`}
            onClick={() => onAction(one)}
          >
            {title}
          </button>
        );
      })}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  row: css({ display: 'flex', flexWrap: 'wrap', gap: 4, paddingTop: 4, maxHeight: 28, overflow: 'hidden' }),
  button: css({
    height: 24,
    margin: 0,
    padding: '0 8px',
    border: 0,
    borderRadius: theme.shape.radius.default,
    font: 'inherit',
    fontSize: 12,
    lineHeight: '24px',
    color: theme.colors.secondary.contrastText,
    background: theme.colors.secondary.main,
    cursor: 'pointer',
    '&:hover': { filter: 'brightness(1.1)' },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: -2 },
  }),
});
