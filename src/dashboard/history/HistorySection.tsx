import { useState } from 'react';
import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type PageApi } from '../live/api';
import { HistoryCard } from './HistoryCard';
import { useLanguage } from '../language';
import { presetOf, type PageRange } from './timeRange';
import { type ArchiveState } from '../live/useLive';

interface Props {
  api: PageApi;
  archive: ArchiveState;
  range: PageRange;
}

/** The recorded queries' history as small charts side by side, all over the same time and pointing at the same moment. */
export function HistorySection({ api, archive: { overview }, range }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [cursorMs, setCursorMs] = useState<number>();
  if (overview === undefined || overview === 'off' || overview.queries.length === 0) {
    return null;
  }
  return (
    <section className={styles.section} aria-labelledby="history">
      <h2 id="history" className={styles.title}>
        {say('page.history.title')} <span className={styles.range}>{rangeText(range, say)}</span>
      </h2>
      <ul className={styles.grid}>
        {overview.queries.map((query) => (
          <HistoryCard
            key={query.name}
            api={api}
            query={query}
            range={range}
            serverTimeMs={overview.timeMs}
            cursorMs={cursorMs}
            onCursor={setCursorMs}
          />
        ))}
      </ul>
    </section>
  );
}

function rangeText(range: PageRange, say: (key: string, values?: Record<string, string>) => string): string {
  return range.kind === 'fixed'
    ? `${dateTimeFormat(range.fromMs)} – ${dateTimeFormat(range.toMs)}`
    : say('page.history.last', { range: say(`page.ranges.${presetOf(range)?.key ?? ''}`) });
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({ marginTop: 20 }),
  title: css({ margin: '0 0 8px', fontSize: 16, lineHeight: '24px', fontWeight: 500 }),
  range: css({ fontSize: 13, fontWeight: 400, color: theme.colors.text.secondary }),
  grid: css({
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 400px), 1fr))',
    gap: 8,
    margin: 0,
    padding: 0,
    listStyle: 'none',
  }),
});
