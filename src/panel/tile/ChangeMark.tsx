import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type TileChange } from '../data/tile';
import { smallText, visuallyHidden } from './styles';

const SHAPES: Record<TileChange['direction'], string> = {
  up: 'M8 13V3M3.5 7.5 8 3l4.5 4.5',
  down: 'M8 3v10M3.5 8.5 8 13l4.5-4.5',
  same: 'M2.5 6h11M2.5 10h11',
};

/**
 * The change as arrow and signed number; screen readers hear the whole sentence. It has no colour: whether more is better
 * depends on the metric, and nobody said.
 */
export function ChangeMark({ change }: { change: TileChange }) {
  const styles = useStyles2(getStyles);
  return (
    <p className={styles.change} data-direction={change.direction}>
      <span className={visuallyHidden}>{change.spoken}</span>
      <span aria-hidden="true" className={styles.visible}>
        <svg className={styles.icon} viewBox="0 0 16 16" focusable="false">
          <path d={SHAPES[change.direction]} />
        </svg>
        <span className={styles.size}>{change.text}</span>
        <span>{change.against}</span>
      </span>
    </p>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  change: css({ ...smallText(theme), position: 'relative' }),
  visible: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: 5 }),
  icon: css({
    width: 12,
    height: 12,
    flex: 'none',
    fill: 'none',
    stroke: theme.colors.text.primary,
    strokeWidth: 2,
    strokeLinecap: 'round',
    strokeLinejoin: 'round',
  }),
  size: css({ fontWeight: 500, fontVariantNumeric: 'tabular-nums', color: theme.colors.text.primary }),
});
