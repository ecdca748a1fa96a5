import { useMemo } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { type RecordedOverview } from '../../contract/archivePage';
import { standOut } from '../../panel/tile/severityColor';
import { smallText } from '../../panel/tile/styles';
import { useInView } from '../../panel/tile/useInView';
import { metricName } from '../../panel/words/words';
import { type PageApi } from '../live/api';
import { chartText } from '../chart/chartText';
import { HistoryChart } from './HistoryChart';
import { HistoryTable } from './HistoryTable';
import { gapText } from './gapText';
import { useLanguage } from '../language';
import { type PageRange } from './timeRange';
import { useHistory } from './useHistory';
import { useWidth } from '../chart/useWidth';

interface Props {
  api: PageApi;
  query: RecordedOverview;
  range: PageRange;
  serverTimeMs: number;
  cursorMs: number | undefined;
  onCursor: (timeMs: number | undefined) => void;
}

const HEIGHT_PX = 168;
const MOST_LEGEND = 6;

/** The history of one recorded query: chart, legend, what is missing, and the values as a table. */
export function HistoryCard({ api, query, range, serverTimeMs, cursorMs, onCursor }: Props) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const { say } = useLanguage();
  const [card, widthPx] = useWidth<HTMLDivElement>();
  // Charts far below cost nothing until they are scrolled to.
  const isSeen = useInView(card);
  const { newestMs, name } = query;
  const points = isSeen ? widthPx : 0;
  const displayName = metricName(say, name, query.displayName);
  const { history: read, failure } = useHistory(api, { name, range, points, serverTimeMs, newestMs });
  const history = useMemo(() => read && { ...read, displayName }, [read, displayName]);
  const text = useMemo(() => history && chartText(history, say), [history, say]);
  const colors = useMemo(() => seriesColors(theme), [theme]);
  return (
    <li className={styles.card}>
      <div className={styles.head}>
        <h3 className={styles.title}>{displayName}</h3>
        <span className={styles.name}>
          {[displayName === name ? '' : name, text?.unit].filter(Boolean).join(' · ')}
        </span>
      </div>
      <div ref={card} className={styles.body} data-stale={failure !== undefined}>
        {history && text && widthPx > 0 ? (
          <HistoryChart
            history={history}
            text={text}
            colors={colors}
            widthPx={widthPx}
            heightPx={HEIGHT_PX}
            cursorMs={cursorMs}
            onCursor={onCursor}
          />
        ) : (
          <p className={styles.note}>{failure ?? say('page.history.loading')}</p>
        )}
      </div>
      {history && failure !== undefined && <p className={styles.failure}>{failure}</p>}
      {history && text && (
        <>
          <Legend names={text.names} colors={colors} seriesCount={history.seriesCount} />
          {history.series.length === 0 && <p className={styles.note}>{say('page.history.empty')}</p>}
          {history.gaps.length > 0 && (
            <p className={styles.note}>
              {say('page.history.gaps', { count: history.gaps.length, number: history.gaps.length })}{' '}
              {gapText(history.gaps[0], say)}
            </p>
          )}
          {history.series.length > 0 && <HistoryTable history={history} text={text} />}
        </>
      )}
    </li>
  );
}

function Legend({ names, colors, seriesCount }: { names: string[]; colors: readonly string[]; seriesCount: number }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const hidden = seriesCount - Math.min(names.length, MOST_LEGEND);
  if (names.length < 2) {
    return null;
  }
  return (
    <ul className={styles.legend}>
      {names.slice(0, MOST_LEGEND).map((name, i) => (
        <li key={i}>
          <svg width="12" height="4" aria-hidden="true" focusable="false">
            <rect width="12" height="4" rx="2" fill={colors[i]} />
          </svg>
          {name}
        </li>
      ))}
      {hidden > 0 && <li>{say('page.history.more', { number: hidden })}</li>}
    </ul>
  );
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
  }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', gap: '0 8px', marginBottom: 4 }),
  title: css({ margin: 0, fontSize: 14, lineHeight: '22px', fontWeight: 500, overflowWrap: 'anywhere' }),
  name: css({ fontSize: 12, color: theme.colors.text.secondary, overflowWrap: 'anywhere' }),
  body: css({ minHeight: HEIGHT_PX, '&[data-stale="true"] svg': { opacity: 0.5 } }),
  note: css({ ...smallText(theme), overflowWrap: 'anywhere' }),
  failure: css({ ...smallText(theme), color: theme.colors.error.text, overflowWrap: 'anywhere' }),
  legend: css({
    ...smallText(theme),
    display: 'flex',
    flexWrap: 'wrap',
    gap: '0 14px',
    margin: '2px 0',
    padding: 0,
    listStyle: 'none',
    li: { display: 'inline-flex', alignItems: 'center', gap: 6, overflowWrap: 'anywhere' },
  }),
});
