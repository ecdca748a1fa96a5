import { css } from '@emotion/css';
import { type GrafanaTheme2, type TimeZone } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type Arrangement } from './arrange';
import { GAP_PX, layOut } from './grid';
import { notesHeightPx } from './notesHeight';
import { TileCard } from './TileCard';
import { type HeadingLevel } from './TileName';
import { type Words } from './words';

interface Props extends Arrangement {
  widthPx: number;
  /** Absent: as high as the tiles need. */
  heightPx?: number;
  minTileWidthPx: number;
  headingLevel: HeadingLevel;
  words: Words;
  timeZone?: TimeZone;
}

const NOTE_PX = 22;

/** The tiles, in Grafana and on the page alike; knows theme and sizes, and nothing of queries. */
export function SummaryView({ shown, hiddenHealthy, more, widthPx, heightPx, minTileWidthPx, words, ...rest }: Props) {
  const styles = useStyles2(getStyles);
  const notes = [
    more > 0 ? words.more(more) : '',
    hiddenHealthy > 0 ? (shown.length > 0 ? words.healthyHidden(hiddenHealthy) : words.allHealthy(hiddenHealthy)) : '',
  ].filter(Boolean);
  const listPx = heightPx === undefined ? undefined : Math.max(0, heightPx - (notes.length > 0 ? NOTE_PX : 0));
  const notesPxAt = (tileWidthPx: number) => notesHeightPx(shown, tileWidthPx);
  const grid = layOut({ count: shown.length, widthPx, heightPx: listPx, minTileWidthPx, notesPxAt });
  const list = (
    <ul className={styles.list} style={{ gridTemplateColumns: `repeat(${grid.columns}, minmax(0, 1fr))` }}>
      {shown.map((tile) => (
        <TileCard key={tile.key} tile={tile} grid={grid} words={words} {...rest} />
      ))}
    </ul>
  );
  return (
    <div className={styles.view}>
      {shown.length > 0 && !grid.overflows && list}
      {shown.length > 0 && grid.overflows && (
        // Focusable, so that the keyboard can scroll it.
        <div className={styles.scroll} style={{ height: listPx }} role="region" aria-label={words.tiles} tabIndex={0}>
          {list}
        </div>
      )}
      {notes.length > 0 && <p className={styles.notes}>{notes.join(' · ')}</p>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  view: css({ color: theme.colors.text.primary, textAlign: 'left' }),
  scroll: css({
    overflowY: 'auto',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: -2 },
  }),
  list: css({ display: 'grid', gap: GAP_PX, margin: 0, padding: 0, listStyle: 'none' }),
  notes: css({ margin: 0, paddingTop: 4, fontSize: 12, lineHeight: '18px', color: theme.colors.text.secondary }),
});
