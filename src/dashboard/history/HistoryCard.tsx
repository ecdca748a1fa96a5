import { useMemo, useRef, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type ArchiveHistory, type SeriesPick } from '../../contract/archivePage';
import { standOut } from '../../panel/tile/severityColor';
import { smallText } from '../../panel/tile/styles';
import { useInView } from '../../panel/tile/useInView';
import { metricName } from '../../panel/words/words';
import { type PageApi } from '../live/api';
import { failureText } from '../live/liveFeed';
import { chartText, type ChartText } from '../chart/chartText';
import { ChartFacts } from './ChartFacts';
import { sinceText } from './chartWords';
import { HistoryChart, type ChartControl } from './HistoryChart';
import { HistoryTable } from './HistoryTable';
import { gapText } from './gapText';
import { useLanguage } from '../language';
import { Legend } from './Legend';
import { SeriesPicker } from './SeriesPicker';
import { SeriesTable } from './SeriesTable';
import { shownSeries, type ChartView, type ShownSeries } from './shownSeries';
import { type PageRange } from './timeRange';
import { useHistory } from './useHistory';
import { useWidth } from '../chart/useWidth';
import { ViewSwitch } from './ViewSwitch';

/** What is drawn: a recorded query, or without an archive a metric. */
export interface Charted {
  name: string;
  displayName: string;
  metricKey?: string;
  /** Any PromQL that a reader typed; absent: what goes by the name. */
  typed?: string;
  newestMs?: number;
  /** Whether there ever was a series; absent: nobody knows. */
  hasSeries?: boolean;
}

interface Props {
  api: PageApi;
  charted: Charted;
  range: PageRange;
  serverTimeMs: number;
  control: ChartControl;
}

const HEIGHT_PX = 168;
const ALL: SeriesPick = { filter: '', order: 'largest' };
const NONE: ReadonlySet<number> = new Set();

/** One history: chart, legend, what is missing, and the values as a table. */
export function HistoryCard({ api, charted, range, serverTimeMs, control }: Props) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const { say } = useLanguage();
  const card = useRef<HTMLLIElement>(null);
  const [body, widthPx] = useWidth<HTMLDivElement>();
  const [view, setView] = useState<ChartView>('whole');
  const [pick, setPick] = useState(ALL);
  const [only, setOnly] = useState(NONE);
  const [withRows, setWithRows] = useState(false);
  // Charts far below cost nothing until they are scrolled to.
  const isSeen = useInView(card);
  const { newestMs, name } = charted;
  const displayName = metricName(say, charted.metricKey ?? name, charted.displayName);
  const wish = {
    name,
    expression: charted.typed,
    range,
    points: isSeen ? widthPx : 0,
    serverTimeMs,
    newestMs,
    pick,
    withRows,
  };
  const { history: read, failure: message } = useHistory(api, wish);
  const failure = message === undefined ? undefined : failureText(message, say);
  const history = useMemo(() => read && { ...read, displayName }, [read, displayName]);
  const colors = useMemo(() => seriesColors(theme), [theme]);
  const shown = useMemo(
    () => history && shownSeries(history, view, only, { colors, say }),
    [history, view, only, colors, say]
  );
  const text = useMemo(() => shown && chartText(shown.history, shown.names, say), [shown, say]);
  const change = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      // Places in the legend are those of other series by then.
      setOnly(NONE);
      set(value);
    };
  };
  return (
    <li ref={card} className={styles.card}>
      <div className={styles.head}>
        <h3 className={styles.title}>{displayName}</h3>
        <span className={styles.name}>{[text?.unit, shown?.words].filter(Boolean).join(' · ')}</span>
        {history?.whole && <ViewSwitch view={view} onChange={change(setView)} history={history} />}
      </div>
      <div ref={body} className={styles.body} data-stale={failure !== undefined}>
        {shown && text && widthPx > 0 ? (
          <HistoryChart shown={shown} text={text} widthPx={widthPx} heightPx={HEIGHT_PX} control={control} />
        ) : (
          <p className={styles.note}>{failure ?? say('page.history.loading')}</p>
        )}
      </div>
      {history && failure !== undefined && <p className={styles.failure}>{failure}</p>}
      {history && shown && text && (
        <>
          <Legend legend={shown.legend} only={only} onOnly={setOnly} />
          {shown.words === undefined && (history.seriesCount > history.series.length || pick !== ALL) && (
            <SeriesPicker pick={pick} onPick={change(setPick)} counts={countsOf(history)} name={displayName} />
          )}
          <Notes history={history} hasSeries={charted.hasSeries} />
          <Details history={history} shown={shown} text={text} onRows={setWithRows} />
        </>
      )}
    </li>
  );
}

interface DetailsProps {
  history: ArchiveHistory;
  shown: ShownSeries;
  text: ChartText;
  onRows: (isWanted: boolean) => void;
}

function Details({ history, shown, text, onRows }: DetailsProps) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.details}>
      {shown.history.series.length > 0 && <HistoryTable history={shown.history} text={text} />}
      {history.seriesCount > 1 && <SeriesTable history={history} text={text} onOpen={onRows} />}
      <ChartFacts history={history} whole={shown.words} />
    </div>
  );
}

function countsOf({ series, seriesCount, matchCount = seriesCount }: ArchiveHistory) {
  return { drawn: series.length, matching: matchCount, all: seriesCount };
}

function Notes({ history, hasSeries }: { history: ArchiveHistory; hasSeries: boolean | undefined }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const { series, gaps, seriesCount } = history;
  const empty = seriesCount === 0 && say(hasSeries === false ? 'page.history.never' : 'page.history.empty');
  const gap = gaps.length > 0 && [
    say('page.history.gaps', { count: gaps.length, number: gaps.length }),
    // What exactly went wrong stands in the archive's own list.
    gapText({ ...gaps[0], detail: undefined }, say),
  ];
  const since = series.length > 0 && sinceText(history, say);
  const notes = [empty, since, gap && gap.join(' ')].filter(Boolean);
  return notes.map((note, i) => (
    <p key={i} className={styles.note}>
      {note}
    </p>
  ));
}

/** Graphics need 3:1 against their background. */
function seriesColors(theme: GrafanaTheme2): string[] {
  const { palette, getColorByName } = theme.visualization;
  return Array.from({ length: 20 }, (_, i) => standOut(getColorByName(palette[i % palette.length]), theme));
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    minWidth: 0,
    padding: '10px 12px',
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: 6,
    background: theme.colors.background.primary,
    breakInside: 'avoid',
  }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', gap: '0 8px', marginBottom: 4 }),
  title: css({ margin: 0, fontSize: 14, lineHeight: '22px', fontWeight: 500, overflowWrap: 'anywhere' }),
  name: css({ fontSize: 12, color: theme.colors.text.secondary, overflowWrap: 'anywhere' }),
  body: css({ minHeight: HEIGHT_PX, '&[data-stale="true"] svg': { opacity: 0.5 } }),
  details: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 16px',
    '> *': { minWidth: 0 },
    '> [open]': { flexBasis: '100%' },
  }),
  note: css({ ...smallText(theme), overflowWrap: 'anywhere' }),
  failure: css({ ...smallText(theme), color: theme.colors.error.text, overflowWrap: 'anywhere' }),
});
