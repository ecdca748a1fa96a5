import { memo } from 'react';
import { css, cx } from '@emotion/css';
import {
  colorManipulator,
  dateTimeFormat,
  formattedValueToString,
  type GrafanaTheme2,
  type TimeZone,
} from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { valueFontPx, type Grid } from './grid';
import { ChangeMark } from './ChangeMark';
import { SparklineBox } from './SparklineBox';
import { StateMark } from './StateMark';
import { smallText } from './styles';
import { type Tile, type TileAction } from '../data/tile';
import { TileActions } from './TileActions';
import { TileDetails } from './TileDetails';
import { TileName, type HeadingLevel } from './TileName';
import { type Words } from '../words/words';

interface Props {
  tile: Tile;
  grid: Grid;
  headingLevel: HeadingLevel;
  words: Words;
  timeZone?: TimeZone;
  /** Absent: the tile's actions are not offered. */
  onAction?: (action: TileAction) => void;
}

const BAR_PX = 4;
const BORDER_PX = 1;
/** From this height on a tile without data has room for the reason and the sparkline. */
const EXPLAINED_PX = 170;

/** One metric: name, state, value or the reason why there is none, and the way here. */
export const TileCard = memo(function TileCard({ tile, grid, headingLevel, words, timeZone, onAction }: Props) {
  const styles = useStyles2(getStyles);
  const { state, sparkline, extras, value } = tile;
  const fontPx = valueFontPx(grid, value ? formattedValueToString(value).length : words('noData').length);
  const hasSparkline = sparkline && grid.sparklinePx > 0 && (value || grid.isFree || grid.tileHeightPx > EXPLAINED_PX);
  return (
    <li
      className={styles.tile}
      style={{
        // Where the list scrolls anyway, no text needs to be cut off.
        [grid.isFree || grid.overflows ? 'minHeight' : 'height']: grid.tileHeightPx,
        // Of a known height, a tile off the screen needs neither layout nor paint; it stays in the accessibility tree.
        contentVisibility: grid.isFree ? undefined : 'auto',
        containIntrinsicHeight: grid.isFree ? undefined : `auto ${grid.tileHeightPx}px`,
        borderLeftColor: state.color,
        backgroundImage: tint(tile),
      }}
      data-testid="promkeep-tile"
    >
      <div className={cx(styles.head, grid.isNarrow && styles.stacked)}>
        <TileName tile={tile} level={headingLevel} />
        <StateMark state={state} />
        <TileDetails tile={tile} words={words} timeZone={timeZone} />
      </div>
      <div className={styles.body}>
        <Reading tile={tile} fontPx={fontPx} words={words} timeZone={timeZone} />
        {tile.change && <ChangeMark change={tile.change} />}
        {extras.length > 0 && (
          <dl className={styles.extras}>
            {extras.map(({ label, text }) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        )}
        {onAction && tile.actions && <TileActions actions={tile.actions} tileName={tile.name} onAction={onAction} />}
      </div>
      {hasSparkline && (
        <SparklineBox
          sparkline={sparkline}
          color={state.color}
          widthPx={Math.floor(grid.tileWidthPx - BAR_PX - BORDER_PX)}
          heightPx={grid.sparklinePx}
        />
      )}
    </li>
  );
});

type ReadingProps = Pick<Props, 'tile' | 'words' | 'timeZone'> & { fontPx: number };

function Reading({ tile, fontPx, words, timeZone }: ReadingProps) {
  const styles = useStyles2(getStyles);
  const { value, noData, asOfMs, old } = tile;
  if (value) {
    return (
      <>
        <p className={cx(styles.value, old !== undefined && styles.old)} style={{ fontSize: fontPx }}>
          {value.prefix && <span className={styles.unit}>{value.prefix}</span>}
          {value.text}
          {value.suffix && <span className={styles.unit}>{value.suffix}</span>}
        </p>
        {old !== undefined && <p className={styles.note}>{old}</p>}
        {asOfMs !== undefined && (
          <p className={styles.note}>{words('asOf', { time: dateTimeFormat(asOfMs, { timeZone }) })}</p>
        )}
      </>
    );
  }
  return (
    <>
      <p className={cx(styles.value, styles.absent)} style={{ fontSize: Math.max(18, fontPx * 0.6) }}>
        {noData?.headline ?? words('noData')}
      </p>
      {noData && (
        <p className={styles.note} title={noData.reason}>
          {noData.reason}
        </p>
      )}
      {noData?.lastSeenMs !== undefined && (
        <p className={styles.note}>{words('lastSeen', { time: dateTimeFormat(noData.lastSeenMs, { timeZone }) })}</p>
      )}
    </>
  );
}

/** What needs attention is faintly tinted, to be found on a wall screen; what is fine stays calm. */
function tint({ state }: Tile): string | undefined {
  if (!state.color || (state.severity !== 'warning' && state.severity !== 'critical')) {
    return undefined;
  }
  const wash = colorManipulator.alpha(state.color, state.severity === 'critical' ? 0.1 : 0.07);
  return `linear-gradient(${wash}, ${wash})`;
}

/** Everything is set here: on the page there is no reset of Grafana's to rely on. */
const getStyles = (theme: GrafanaTheme2) => ({
  tile: css({
    boxSizing: 'border-box',
    position: 'relative',
    // Each new canvas is measured as it is made; without this each of them lays out all tiles again.
    contain: 'layout paint style',
    display: 'flex',
    flexDirection: 'column',
    minWidth: 0,
    margin: 0,
    overflow: 'hidden',
    listStyle: 'none',
    color: theme.colors.text.primary,
    backgroundColor: theme.isDark ? theme.colors.background.secondary : theme.colors.background.primary,
    border: `${BORDER_PX}px solid ${theme.colors.border.weak}`,
    borderLeft: `${BAR_PX}px solid ${theme.colors.border.strong}`,
    borderRadius: 6,
    '@media (prefers-reduced-motion: no-preference)': { transition: 'border-left-color 300ms' },
  }),
  head: css({
    display: 'flex',
    alignItems: 'baseline',
    justifyContent: 'space-between',
    columnGap: 8,
    padding: '10px 8px 0 12px',
    '> :first-child': { flex: '1 1 auto' },
  }),
  stacked: css({
    flexDirection: 'column',
    alignItems: 'stretch',
    '> :first-child': { paddingRight: 18 },
    '> :last-child': { position: 'absolute', top: 10, right: 6 },
  }),
  body: css({ flex: '1 1 auto', minHeight: 0, padding: '2px 14px 8px 12px' }),
  value: css({
    margin: 0,
    fontWeight: 600,
    lineHeight: 1.2,
    letterSpacing: '-0.02em',
    fontVariantNumeric: 'tabular-nums',
    overflowWrap: 'anywhere',
  }),
  unit: css({
    fontSize: '0.6em',
    fontWeight: 500,
    letterSpacing: 0,
    color: theme.colors.text.secondary,
    margin: '0 0.08em',
  }),
  old: css({ fontWeight: 400, color: theme.colors.text.secondary }),
  absent: css({ color: theme.colors.text.secondary, fontWeight: 500 }),
  note: css({
    ...smallText(theme),
    display: '-webkit-box',
    WebkitBoxOrient: 'vertical',
    WebkitLineClamp: 3,
    overflow: 'hidden',
    overflowWrap: 'anywhere',
  }),
  extras: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 12px',
    margin: 0,
    fontSize: 12,
    lineHeight: '18px',
    '> div': { display: 'flex', gap: 4 },
    dt: { margin: 0, fontWeight: 400, color: theme.colors.text.secondary },
    dd: { margin: 0, fontWeight: 500 },
  }),
});
