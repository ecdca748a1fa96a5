import { useEffect, useMemo } from 'react';
import { css } from '@emotion/css';
import { createTheme, dateTime, ThemeContext, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { arrange } from '../panel/tile/arrange';
import { SummaryView } from '../panel/SummaryView';
import { toTiles } from '../panel/data/tiles';
import { AboutLine } from './live/AboutLine';
import { type PageApi } from './live/api';
import { ArchiveSection } from './history/ArchiveSection';
import { FiringAlerts } from './live/FiringAlerts';
import { ConnectionLine } from './live/ConnectionLine';
import { HistorySection } from './history/HistorySection';
import { useLanguage, type Language } from './language';
import { Logo } from './Logo';
import { RangePicker } from './history/RangePicker';
import { asLastKnown, STALE_AFTER_MS } from './live/staleTiles';
import { usePrinting, useThemeMode } from './themeMode';
import { ThemeSwitch } from './ThemeSwitch';
import { tileRangeMs, useRange } from './history/timeRange';
import { useLive, type SummaryState } from './live/useLive';
import { useWidth } from './chart/useWidth';

const MIN_TILE_WIDTH_PX = 240;
/** Two tiles beside each other on a phone: four values without scrolling. */
const PHONE = { widthPx: 480, minTileWidthPx: 150 };

/** The stand-alone page: the panel's own view, fed by the server the page came from. */
export function Page({ api }: { api: PageApi }) {
  const [mode, setMode] = useThemeMode();
  // Paper is white.
  const shownMode = usePrinting() ? 'light' : mode;
  const theme = useMemo(() => createTheme({ colors: { mode: shownMode } }), [shownMode]);
  useEffect(() => {
    document.documentElement.style.colorScheme = shownMode;
    document.body.style.background = theme.colors.background.canvas;
  }, [shownMode, theme]);
  return (
    <ThemeContext.Provider value={theme}>
      <Content api={api} theme={theme} themeSwitch={<ThemeSwitch mode={mode} onChange={setMode} />} />
    </ThemeContext.Provider>
  );
}

function Content({ api, theme, themeSwitch }: { api: PageApi; theme: GrafanaTheme2; themeSwitch: React.ReactNode }) {
  const styles = useStyles2(getStyles);
  const language = useLanguage();
  const { range, choose, zoom, back, fault } = useRange();
  const { summary, archive } = useLive(api, tileRangeMs(range));
  const [main, widthPx] = useWidth<HTMLElement>();
  const tiles = useMemo(() => tilesOf(summary, theme, language), [summary, theme, language]);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <h1 className={styles.title}>
          <Logo />
          Promkeep
        </h1>
        <div className={styles.controls}>
          <RangePicker range={range} onChange={choose} onBack={back} />
          {themeSwitch}
        </div>
      </header>
      <main ref={main} className={styles.main}>
        <AboutLine api={api} isAnswering={summary.answer !== undefined && !summary.failure} />
        {fault && (
          <p className={styles.fault} role="alert">
            {language.say(`page.faults.${fault.key}`, { text: fault.text })}
          </p>
        )}
        <ConnectionLine summary={summary} />
        <FiringAlerts api={api} serverTimeMs={summary.failure ? undefined : summary.answer?.serverTimeMs} />
        {widthPx > 0 && summary.answer && (
          <SummaryView
            {...arrange(tiles, { sort: 'given', hideHealthy: false, limit: 200 })}
            widthPx={widthPx}
            minTileWidthPx={widthPx < PHONE.widthPx ? PHONE.minTileWidthPx : MIN_TILE_WIDTH_PX}
            headingLevel={2}
            words={language.say}
            exportSource="prometheus"
          />
        )}
        {summary.answer && tiles.length === 0 && <p>{language.say('page.noMetrics')}</p>}
        <HistorySection
          api={api}
          archive={archive}
          summary={summary}
          range={range}
          onZoom={zoom}
          onZoomBack={() => back?.()}
        />
      </main>
      <ArchiveSection archive={archive} />
    </div>
  );
}

function tilesOf({ answer, failure }: SummaryState, theme: GrafanaTheme2, { say }: Language) {
  if (!answer) {
    return [];
  }
  const [from, to] = [dateTime(answer.serverTimeMs - answer.rangeMs), dateTime(answer.serverTimeMs)];
  const timeRange: TimeRange = { from, to, raw: { from, to } };
  const tiles = toTiles(answer.frames, { calculations: ['last'], changeSince: '1h', words: say, theme, timeRange });
  const ageMs = failure ? failure.lastMs - answer.receivedAtMs : 0;
  return ageMs > STALE_AFTER_MS ? asLastKnown(tiles, { answeredMs: answer.serverTimeMs, ageMs }, say) : tiles;
}

const getStyles = (theme: GrafanaTheme2) => ({
  page: css({
    boxSizing: 'border-box',
    maxWidth: 1440,
    minHeight: '100vh',
    margin: '0 auto',
    padding: '20px 16px 24px',
    color: theme.colors.text.primary,
  }),
  header: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    justifyContent: 'space-between',
    gap: '12px 24px',
  }),
  title: css({
    display: 'flex',
    alignItems: 'center',
    gap: 10,
    margin: 0,
    fontSize: 22,
    lineHeight: '32px',
    fontWeight: 600,
    letterSpacing: '-0.01em',
  }),
  controls: css({
    '@media print': { display: 'none' },
    position: 'relative',
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '8px 12px',
  }),
  fault: css({ margin: '12px 0 0', fontSize: 13, color: theme.colors.error.text, overflowWrap: 'anywhere' }),
  main: css({ minHeight: 208 }),
});
