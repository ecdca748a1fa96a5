import { useState } from 'react';
import { css } from '@emotion/css';
import { dateTimeFormat, getFieldDisplayName, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { AdHocChart } from '../explore/AdHocChart';
import { readSummaryMark } from '../../panel/data/summaryMeta';
import { type Say } from '../../panel/words/catalog';
import { type PageApi } from '../live/api';
import { durationText } from './durationText';
import { HistoryCard, type Charted } from './HistoryCard';
import { type ChartControl } from './HistoryChart';
import { useLanguage } from '../language';
import { presetOf, type PageRange } from './timeRange';
import { type ArchiveState, type SummaryState } from '../live/useLive';

interface Props extends Pick<ChartControl, 'onZoom' | 'onZoomBack'> {
  api: PageApi;
  archive: ArchiveState;
  summary: SummaryState;
  range: PageRange;
}

/** Without an archive nothing tells of news: a chart is drawn anew as often as this. */
const REDRAW_MS = 15_000;

/** Histories as small charts side by side, all over the same time and pointing at the same moment. */
export function HistorySection({ api, archive: { overview }, summary, range, onZoom, onZoomBack }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [cursorMs, setCursorMs] = useState<number>();
  const all: Charted[] = overview === 'off' ? chartedOf(summary) : (overview?.queries ?? []);
  const isKnown = overview !== undefined && overview !== 'off';
  const serverTimeMs = isKnown ? overview.timeMs : summary.answer?.serverTimeMs;
  if (serverTimeMs === undefined) {
    return null;
  }
  const control = { cursorMs, onCursor: setCursorMs, onZoom, onZoomBack };
  return (
    <section className={styles.section} aria-labelledby="history">
      <h2 id="history" className={styles.title}>
        {say('page.history.title')} <span className={styles.range}>{rangeText(range, say)}</span>
        <span className={styles.hint}>{say('page.history.zoomHint')}</span>
      </h2>
      <AdHocChart api={api} known={all} range={range} serverTimeMs={serverTimeMs} control={control} />
      <ul className={styles.grid}>
        {all.map((charted) => (
          <HistoryCard
            key={charted.name}
            api={api}
            charted={charted}
            range={range}
            serverTimeMs={serverTimeMs}
            control={control}
          />
        ))}
      </ul>
    </section>
  );
}

/** Without an archive: the metrics of the tiles. */
function chartedOf({ answer }: SummaryState): Charted[] {
  const newestMs = Math.floor((answer?.serverTimeMs ?? 0) / REDRAW_MS) * REDRAW_MS;
  const names = new Map<string, string>();
  for (const frame of answer?.frames ?? []) {
    const mark = readSummaryMark(frame);
    const field = frame.fields.at(-1);
    if (typeof mark === 'object' && mark.comparisonOffsetMs === undefined && field) {
      names.set(mark.metricKey, getFieldDisplayName(field, frame));
    }
  }
  return [...names].map(([name, displayName]) => ({ name, displayName, newestMs }));
}

function rangeText(range: PageRange, say: Say): string {
  if (range.kind === 'fixed') {
    return `${dateTimeFormat(range.fromMs)} – ${dateTimeFormat(range.toMs)}`;
  }
  const preset = presetOf(range);
  return say('page.history.last', {
    range: preset ? say(`page.ranges.${preset.key}`) : durationText(range.rangeMs),
  });
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({ marginTop: 20 }),
  title: css({ margin: '0 0 8px', fontSize: 16, lineHeight: '24px', fontWeight: 500 }),
  range: css({ fontSize: 13, fontWeight: 400, color: theme.colors.text.secondary }),
  hint: css({
    marginLeft: 12,
    fontSize: 12,
    fontWeight: 400,
    color: theme.colors.text.secondary,
    '@media (hover: none), print': { display: 'none' },
  }),
  grid: css({
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 400px), 1fr))',
    gap: 8,
    margin: 0,
    padding: 0,
    listStyle: 'none',
    '@media print': { gridTemplateColumns: 'minmax(0, 1fr)' },
  }),
});
