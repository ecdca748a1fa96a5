import { createTheme, ThemeContext, type DataFrame, type Field, type LinkModel } from '@grafana/data';
import { render, screen, within } from '@testing-library/react';
import { type ComponentProps } from 'react';
import { arrange } from './arrange';
import { SummaryView } from './SummaryView';
import { END_MS, summaryFrame, timeFrame } from './testFrames';
import { toTiles } from './tiles';
import { ENGLISH } from './words';

const theme = createTheme({ colors: { mode: 'light' } });

function show(frames: DataFrame[], more: Partial<ComponentProps<typeof SummaryView>> = {}) {
  const tiles = toTiles(frames, { calculations: ['last', 'max'], theme, words: ENGLISH, timeZone: 'utc' });
  return render(
    <ThemeContext.Provider value={theme}>
      <SummaryView
        {...arrange(tiles, { sort: 'given', hideHealthy: false, limit: 50 })}
        widthPx={900}
        minTileWidthPx={200}
        headingLevel={2}
        words={ENGLISH}
        timeZone="utc"
        {...more}
      />
    </ThemeContext.Provider>
  );
}

it('says name, value, unit, state and trend of each tile to everybody', () => {
  show([summaryFrame({ values: [20, 85] }), summaryFrame({ name: 'Memory', values: [50, 40] })]);
  const [cpu, memory] = within(screen.getByRole('list')).getAllByRole('listitem');
  expect(within(cpu).getByRole('heading', { level: 2 })).toHaveTextContent('CPU usage');
  expect(cpu).toHaveTextContent('85.0%');
  expect(cpu).toHaveTextContent('Warning');
  expect(cpu).toHaveTextContent('Max85.0%');
  expect(within(cpu).getByRole('img', { name: /^CPU usage: rising, last 85\.0%/ })).toBeInTheDocument();
  expect(memory).toHaveTextContent('40.0%');
  expect(memory).toHaveTextContent('OK');
});

it('draws a different shape for each state, hidden from screen readers', () => {
  const { container } = show([10, 85, 95].map((value) => summaryFrame({ name: `cpu ${value}`, values: [value] })));
  const icons = [...container.querySelectorAll('svg')];
  expect(new Set(icons.map(({ innerHTML }) => innerHTML)).size).toBe(3);
  icons.forEach((icon) => expect(icon).toHaveAttribute('aria-hidden', 'true'));
});

it('never colours the value', () => {
  show([summaryFrame({ values: [95] })]);
  expect(screen.getByText('95.0')).not.toHaveStyle({ color: 'red' });
  expect(screen.getByText('95.0').style.color).toBe('');
});

it('shows reason and last time in place of a value, and no digit 0', () => {
  show([summaryFrame({ values: [], mark: { noDataReason: 'The job is not running', lastSeenMs: END_MS } })]);
  const tile = screen.getByRole('listitem');
  expect(tile).toHaveTextContent('The job is not running');
  expect(tile).toHaveTextContent('Last seen 2026-01-02 03:04:00');
  expect(within(tile).queryByText(/^0/)).toBeNull();
  expect(within(tile).queryByRole('img')).toBeNull();
});

it('has no canvas for a single point', () => {
  const { container } = show([summaryFrame({ values: [3] })]);
  expect(container.querySelector('canvas')).toBeNull();
});

it('lets the keyboard scroll tiles that do not fit', () => {
  show(
    [1, 2, 3, 4, 5].map((value) => summaryFrame({ name: `m${value}`, values: [value] })),
    {
      widthPx: 220,
      heightPx: 150,
    }
  );
  expect(screen.getByRole('region', { name: 'Summary' })).toHaveAttribute('tabindex', '0');
});

it('counts tiles that are not shown', () => {
  show([summaryFrame({ values: [1] })], { more: 12, hiddenHealthy: 3 });
  expect(screen.getByText('12 more not shown · 3 healthy not shown')).toBeInTheDocument();
});

it('says so when everything is hidden because it is healthy', () => {
  show([], { shown: [], hiddenHealthy: 3 });
  expect(screen.getByText('All 3 values are OK')).toBeInTheDocument();
});

it('makes the name of a tile with one data link the link, and lists several', () => {
  const origin = timeFrame([{ values: [1] }]).fields[1];
  const link = (title: string): LinkModel<Field> => ({ title, href: `/${title}`, target: '_blank', origin });
  const withLinks = (titles: string[]) =>
    timeFrame([
      {
        name: titles.join('+'),
        values: [1],
        config: { links: titles.map((title) => ({ title, url: `/${title}` })) },
        getLinks: () => titles.map(link),
      },
    ]);
  show([withLinks(['one']), withLinks(['first', 'second'])]);
  expect(within(screen.getByRole('heading', { name: 'one' })).getByRole('link')).toHaveAttribute('href', '/one');
  expect(screen.getByRole('link', { name: 'second' })).toHaveAttribute('rel', 'noopener noreferrer');
});
