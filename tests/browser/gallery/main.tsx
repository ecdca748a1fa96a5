import '../../../src/dashboard/early';
import '../../../src/dashboard/page.css';
import { createTheme, ThemeContext, type DataFrame } from '@grafana/data';
import { createRoot } from 'react-dom/client';
import { chooseLanguage } from '../../../src/dashboard/language';
import { arrange } from '../../../src/panel/tile/arrange';
import { SummaryView } from '../../../src/panel/SummaryView';
import { toTiles } from '../../../src/panel/data/tiles';
import { GROUPED, manyFrames, STATES } from './frames';

/** The panel's view in every state, for tests and screenshots: `?theme=dark&language=ko`; `?many=200` for nothing but tiles. */
const wanted = new URLSearchParams(window.location.search);
const theme = createTheme({ colors: { mode: wanted.get('theme') === 'dark' ? 'dark' : 'light' } });
const { say, locale } = chooseLanguage([wanted.get('language') ?? 'en']);
const widthPx = Number(wanted.get('width') ?? 1200);
const many = Number(wanted.get('many') ?? 0);

function Section({ name, frames, heightPx, groupBy }: SectionProps) {
  const tiles = toTiles(frames, { calculations: ['last', 'max', 'p95'], theme, words: say, timeZone: 'utc' });
  return (
    <section aria-label={name} style={{ margin: '16px 0', width: widthPx }}>
      <SummaryView
        {...arrange(tiles, { sort: 'given', hideHealthy: false, limit: 200 })}
        widthPx={widthPx}
        heightPx={heightPx}
        minTileWidthPx={200}
        headingLevel={2}
        words={say}
        timeZone="utc"
        groupBy={groupBy}
        showLegend
        exportSource="prometheus"
      />
    </section>
  );
}

function AllSections() {
  return (
    <>
      <Section name="states" frames={STATES} />
      <Section name="grouped" frames={GROUPED} heightPx={520} groupBy="instance" />
      <Section name="scrolling" frames={[...GROUPED, ...STATES]} heightPx={200} />
    </>
  );
}

interface SectionProps {
  name: string;
  frames: DataFrame[];
  heightPx?: number;
  groupBy?: string;
}

document.documentElement.lang = locale;
document.body.style.background = theme.colors.background.canvas;
document.body.style.padding = '0 16px';
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <ThemeContext.Provider value={theme}>
      <main>
        <h1 style={{ color: theme.colors.text.primary, fontSize: 18 }}>Gallery</h1>
        {many > 0 ? <Section name="many" frames={manyFrames(many)} heightPx={700} /> : <AllSections />}
      </main>
    </ThemeContext.Provider>
  );
}
