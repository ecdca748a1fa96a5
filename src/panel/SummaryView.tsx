import { css } from '@emotion/css';
import { type GrafanaTheme2, type TimeZone } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { groupTiles, type Arrangement, type TileGroup } from './tile/arrange';
import { ExportBar } from './ExportBar';
import { GAP_PX, GROUP_HEADING_PX, layOut, type Grid } from './tile/grid';
import { hasLimits, legendLines, LimitLegend } from './tile/LimitLegend';
import { notesHeightPx } from './tile/notesHeight';
import { ONE_LINE, smallText } from './tile/styles';
import { type TileAction } from './data/tile';
import { TileCard } from './tile/TileCard';
import { type HeadingLevel } from './tile/TileName';
import { type Words } from './words/words';

interface Props extends Arrangement {
  widthPx: number;
  /** Absent: as high as the tiles need. */
  heightPx?: number;
  minTileWidthPx: number;
  /** Of the tiles; below the headings of sections, if there are any. */
  headingLevel: 2 | 3 | 4;
  words: Words;
  timeZone?: TimeZone;
  /** A label; absent or empty: one section. */
  groupBy?: string;
  showLegend?: boolean;
  /** Where the values come from; absent: they cannot be exported. */
  exportSource?: string;
  /** Absent: the tiles' actions are not offered. Should keep its identity, or every tile is drawn anew. */
  onAction?: (action: TileAction) => void;
}

const NOTE_PX = 22;

/** The tiles, in Grafana and on the page alike; knows theme and sizes, and nothing of queries. */
export function SummaryView(props: Props) {
  const { shown, hiddenHealthy, more, widthPx, heightPx, minTileWidthPx, words, groupBy = '' } = props;
  const styles = useStyles2(getStyles);
  const notes = [
    more > 0 ? words('more', { count: more }) : '',
    hiddenHealthy > 0 ? words(shown.length > 0 ? 'healthyHidden' : 'allHealthy', { count: hiddenHealthy }) : '',
  ].filter(Boolean);
  const hasLegend = props.showLegend === true && hasLimits(shown);
  const hasExport = props.exportSource !== undefined && shown.length > 0;
  const lines = [notes.length > 0, hasExport].filter(Boolean).length + (hasLegend ? legendLines(shown, widthPx) : 0);
  const listPx = heightPx === undefined ? undefined : Math.max(0, heightPx - lines * NOTE_PX);
  const groups = groupTiles(shown, groupBy, words('noGroup', { label: groupBy }));
  const grid = layOut({
    count: shown.length,
    groupCounts: groups.some(({ name }) => name !== undefined) ? groups.map(({ tiles }) => tiles.length) : undefined,
    widthPx,
    heightPx: listPx,
    minTileWidthPx,
    notesPxAt: (tileWidthPx: number) => notesHeightPx(shown, tileWidthPx),
  });
  const sections = <Sections {...props} groups={groups} grid={grid} />;
  return (
    <div className={styles.view}>
      {shown.length > 0 && !grid.overflows && sections}
      {shown.length > 0 && grid.overflows && (
        // Focusable, so that the keyboard can scroll it.
        <div className={styles.scroll} style={{ height: listPx }} role="group" aria-label={words('tiles')} tabIndex={0}>
          {sections}
        </div>
      )}
      {notes.length > 0 && (
        <p className={styles.notes} role="status">
          {notes.join(' · ')}
        </p>
      )}
      {hasLegend && <LimitLegend tiles={shown} words={words} />}
      {hasExport && <ExportBar tiles={shown} source={props.exportSource ?? ''} words={words} />}
    </div>
  );
}

type SectionsProps = Pick<Props, 'headingLevel' | 'words' | 'timeZone' | 'onAction'> & {
  groups: TileGroup[];
  grid: Grid;
};

function Sections({ groups, grid, headingLevel, words, timeZone, onAction }: SectionsProps) {
  const styles = useStyles2(getStyles);
  const Heading = `h${headingLevel}` as const;
  const levelIn = ({ name }: TileGroup): HeadingLevel =>
    LEVEL_BELOW[name === undefined ? headingLevel - 1 : headingLevel];
  return groups.map((group) => (
    <div key={group.name ?? ''}>
      {group.name !== undefined && <Heading className={styles.heading}>{group.name}</Heading>}
      <ul className={styles.list} style={{ gridTemplateColumns: `repeat(${grid.columns}, minmax(0, 1fr))` }}>
        {group.tiles.map((tile) => (
          <TileCard
            key={tile.key}
            tile={tile}
            grid={grid}
            words={words}
            headingLevel={levelIn(group)}
            timeZone={timeZone}
            onAction={onAction}
          />
        ))}
      </ul>
    </div>
  ));
}

const LEVEL_BELOW: Readonly<Record<number, HeadingLevel>> = { 1: 2, 2: 3, 3: 4, 4: 5 };

const getStyles = (theme: GrafanaTheme2) => ({
  view: css({ color: theme.colors.text.primary, textAlign: 'left' }),
  scroll: css({
    overflowY: 'auto',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: -2 },
  }),
  list: css({ display: 'grid', gap: GAP_PX, margin: 0, padding: 0, listStyle: 'none' }),
  heading: css({
    height: GROUP_HEADING_PX - GAP_PX,
    margin: 0,
    paddingTop: GAP_PX,
    fontSize: 13,
    lineHeight: '20px',
    fontWeight: 500,
    boxSizing: 'content-box',
    ...ONE_LINE,
    color: theme.colors.text.secondary,
  }),
  notes: css({ ...smallText(theme), paddingTop: 4 }),
});
