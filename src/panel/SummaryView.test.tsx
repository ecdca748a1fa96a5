import { createTheme, ThemeContext, type DataFrame, type Field, type LinkModel } from '@grafana/data';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type ComponentProps } from 'react';
import { arrange } from './tile/arrange';
import { SummaryView } from './SummaryView';
import { END_MS, summaryFrame, timeFrame } from './data/testFrames';
import { toTiles } from './data/tiles';
import { ENGLISH } from './words/words';

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
  const icons = [...container.querySelectorAll('[data-severity] svg')];
  expect(new Set(icons.map(({ innerHTML }) => innerHTML)).size).toBe(3);
  icons.forEach((icon) => expect(icon).toHaveAttribute('aria-hidden', 'true'));
});

it('says the change in words, as a sign and as an arrow', () => {
  const earlier = summaryFrame({ values: [15], mark: { comparison: { offsetMs: 86_400_000 } } });
  const { container } = show([summaryFrame({ values: [20, 10] }), earlier]);
  expect(screen.getByText('Down by 5.0 pp against yesterday, when it was 15.0%')).toBeInTheDocument();
  expect(screen.getByText('−5.0 pp')).toBeInTheDocument();
  expect(container.querySelector('[data-direction="down"] svg')?.closest('[aria-hidden]')).toBeInTheDocument();
});

it('has a section with a heading for each value of a label', () => {
  const of = (instance: string) =>
    summaryFrame({ name: `CPU (${instance})`, values: [1], labels: { metric: 'cpu', instance } });
  show([of('a'), of('b'), summaryFrame({ name: 'All', values: [2] })], { groupBy: 'instance' });
  expect(screen.getAllByRole('heading', { level: 2 }).map(({ textContent }) => textContent)).toEqual([
    'a',
    'b',
    'Without instance',
  ]);
  expect(screen.getAllByRole('list')).toHaveLength(3);
  expect(screen.getAllByRole('heading', { level: 3 })).toHaveLength(3);
});

it('shows time, calculations, limits and labels on focus, and Escape closes them', async () => {
  const user = userEvent.setup();
  show([summaryFrame({ values: [20, 85], labels: { metric: 'cpu_usage', instance: 'web-1' } })]);
  await user.tab();
  const button = screen.getByRole('button', { name: 'Details of CPU usage' });
  expect(button).toHaveFocus();
  const tooltip = screen.getByRole('tooltip');
  expect(button).toHaveAccessibleDescription(/web-1/);
  for (const text of ['2026-01-02 03:04:00', '85.0% (Warning)', 'web-1', 'OK below 80%, Warning from 80%']) {
    expect(tooltip).toHaveTextContent(text);
  }
  await user.keyboard('{Escape}');
  expect(screen.queryByRole('tooltip')).toBeNull();
});

it('explains the limits once for all tiles that share them', () => {
  show([summaryFrame({ values: [20] }), summaryFrame({ name: 'Memory', values: [20] })], { showLegend: true });
  const legend = screen.getByRole('list', { name: 'Limits' });
  expect(legend).toHaveTextContent(/^OK below 80%Warning from 80%Critical from 90%$/);
});

it('copies the values shown as standard records, and says so', async () => {
  const user = userEvent.setup();
  show([summaryFrame({ values: [20] }), summaryFrame({ name: 'Memory', values: [] })], { exportSource: 'prometheus' });
  await user.click(screen.getByRole('button', { name: 'Copy as JSON' }));
  expect(await screen.findByText('1 value copied')).toBeInTheDocument();
  const records: unknown = JSON.parse(await navigator.clipboard.readText());
  expect(records).toMatchObject([{ metric_name: 'cpu_usage', metric_value: 20, source: 'prometheus' }]);
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

it('has no line for a single point', () => {
  const { container } = show([summaryFrame({ values: [3] })]);
  expect(container.querySelector('[role=img]')).toBeNull();
});

it('lets the keyboard scroll tiles that do not fit', () => {
  show(
    [1, 2, 3, 4, 5].map((value) => summaryFrame({ name: `m${value}`, values: [value] })),
    {
      widthPx: 220,
      heightPx: 150,
    }
  );
  expect(screen.getByRole('group', { name: 'Summary' })).toHaveAttribute('tabindex', '0');
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
