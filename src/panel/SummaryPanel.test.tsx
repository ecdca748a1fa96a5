import {
  createTheme,
  dateTime,
  EventBusSrv,
  LoadingState,
  standardEditorsRegistry,
  ThemeContext,
  type PanelData,
  type PanelProps,
} from '@grafana/data';
import { render, screen } from '@testing-library/react';
import { plugin } from './module';
import { DEFAULT_OPTIONS, type SummaryPanelOptions } from './data/options';
import { END_MS, summaryFrame, timeFrame } from './data/testFrames';
import { SummaryPanel } from './SummaryPanel';

const theme = createTheme({ colors: { mode: 'dark' } });
const [from, to] = [dateTime(END_MS - 3_600_000), dateTime(END_MS)];
const timeRange = { from, to, raw: { from, to } };

function show(data: Partial<PanelData>, options: Partial<SummaryPanelOptions> = {}) {
  const props: PanelProps<SummaryPanelOptions> = {
    id: 1,
    title: '',
    width: 800,
    height: 300,
    transparent: false,
    renderCounter: 0,
    timeRange,
    timeZone: 'utc',
    data: { state: LoadingState.Done, series: [], timeRange, ...data },
    options: { ...DEFAULT_OPTIONS, ...options },
    fieldConfig: { defaults: {}, overrides: [] },
    eventBus: new EventBusSrv(),
    replaceVariables: (text) => text,
    onOptionsChange: () => undefined,
    onFieldConfigChange: () => undefined,
    onChangeTimeRange: () => undefined,
  };
  return render(
    <ThemeContext.Provider value={theme}>
      <SummaryPanel {...props} />
    </ThemeContext.Provider>
  );
}

it('shows any numeric frames', () => {
  show({ series: [timeFrame([{ name: 'a', values: [1, 2] }]), summaryFrame({ values: [3] })] });
  expect(screen.getAllByRole('listitem')).toHaveLength(2);
});

it('keeps the tiles while new data is loading or the query fails', () => {
  const series = [summaryFrame({ values: [3] })];
  const { unmount } = show({ series, state: LoadingState.Loading });
  expect(screen.getByText('3.0')).toBeInTheDocument();
  unmount();
  show({ series, state: LoadingState.Error, errors: [{ message: 'refused' }] });
  expect(screen.getByText('3.0')).toBeInTheDocument();
});

it('says that it is loading, what went wrong, and that there is nothing', () => {
  const loading = show({ state: LoadingState.Loading });
  expect(screen.getByRole('status')).toHaveTextContent('Loading');
  loading.unmount();
  const failed = show({ state: LoadingState.Error, errors: [{ message: 'parse error: unexpected end of input' }] });
  expect(screen.getByRole('alert')).toHaveTextContent('parse error: unexpected end of input');
  failed.unmount();
  const { container } = show({ series: [] });
  expect(container).toHaveTextContent('Unable to render data');
});

it('survives options of other versions', () => {
  show(
    { series: [summaryFrame({ values: [3] })] },
    JSON.parse('{"calculations":["nonsense"],"minTileWidthPx":"wide","maxTiles":-1}')
  );
  expect(screen.getByText('3.0')).toBeInTheDocument();
});

it('applies order, limit and hiding', () => {
  const series = [
    summaryFrame({ name: 'a', values: [1] }),
    summaryFrame({ name: 'b', values: [85] }),
    summaryFrame({ name: 'c', values: [95] }),
  ];
  show({ series }, { sort: 'severity', hideHealthy: true, maxTiles: 1 });
  expect(screen.getByRole('heading')).toHaveTextContent('c');
  expect(screen.getByText('1 more not shown · 1 healthy not shown')).toBeInTheDocument();
});

it('is a panel with defaults that need no touching', () => {
  // Grafana fills this registry at start; without it no option can be built.
  const editors = ['multi-select', 'select', 'text', 'radio', 'boolean', 'slider', 'number'];
  standardEditorsRegistry.setInit(() => editors.map((id) => ({ id, name: id, editor: () => null })));
  expect(plugin.panel).toBe(SummaryPanel);
  expect(plugin.defaults).toEqual(DEFAULT_OPTIONS);
});
