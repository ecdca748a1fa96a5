import { act, fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type ArchiveHistory, type HistorySeries } from '../../contract/archivePage';
import { type HistoryRequest, type PageApi } from '../live/api';
import { HistorySection } from './HistorySection';
import { type Charted } from './HistoryCard';
import { ArchiveQuery } from './ArchiveQuery';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 0);
const RANGE = { kind: 'last' as const, rangeMs: 900_000 };

/** jsdom lays nothing out, so nothing would ever come into view. */
class SeesEverything {
  constructor(private readonly tell: (entries: Array<{ target: Element; isIntersecting: boolean }>) => void) {}
  observe(target: Element) {
    this.tell([{ target, isIntersecting: true }]);
  }
  unobserve() {}
  disconnect() {}
}

beforeEach(() => {
  Object.assign(globalThis, { IntersectionObserver: SeesEverything });
  jest.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(500);
});

const series = (datname: string, ...values: number[]): HistorySeries => ({
  labels: { datname, job: 'pg' },
  timesMs: values.map((_, i) => NOW_MS - (values.length - 1 - i) * 60_000),
  values,
});

const connections = (part: Partial<ArchiveHistory> = {}): ArchiveHistory => ({
  ...{ name: 'active_connections', displayName: 'Active connections', metricKey: 'active_connections' },
  ...{ expression: 'pg_stat_database_numbackends', aggregation: 'sum' as const, unit: 'short', decimals: 0 },
  ...{ fromMs: NOW_MS - 900_000, toMs: NOW_MS, stepMs: 60_000, bucketMs: 60_000, sampledMs: 60_000 },
  series: [series('b', 5, 6), series('a', 1, 2)],
  whole: { labels: {}, timesMs: series('', 6, 8).timesMs, values: [6, 8] },
  ...{ seriesCount: 2, matchCount: 2, gaps: [], archivedUntilMs: NOW_MS - 60_000, settleMs: 43_000 },
  thresholds: [{ value: 80, state: 'warning' }],
  ...part,
});

async function show(history: ArchiveHistory, charted: Partial<Charted> = {}, more: Charted[] = []) {
  const asked: HistoryRequest[] = [];
  const api = {
    history: async (request: HistoryRequest) => {
      asked.push(request);
      return { ...history, name: request.name };
    },
  } as Pick<PageApi, 'history'> as PageApi;
  const zoomed: unknown[] = [];
  const { name, displayName } = history;
  const queries = [{ name, displayName, ...charted }, ...more].map((one) => ({
    ...{ expression: '', stepMs: 1, retention: '1y', paused: false, lagMs: 0, gaps: [], gapCount: 0 },
    ...one,
  }));
  render(
    <HistorySection
      api={api}
      archive={{ overview: { timeMs: NOW_MS, samples: 1, series: 1, bytes: 1, queries } }}
      summary={{}}
      range={RANGE}
      onZoom={(range) => zoomed.push(range)}
      onZoomBack={() => zoomed.push('back')}
    />
  );
  await act(async () => undefined);
  return { asked, zoomed, user: userEvent.setup() };
}

const chart = (name = 'Active connections') => screen.getByRole('slider', { name: `${name} over time` });

it('draws the one value of the tile, says how it is made, and each series where that is wanted', async () => {
  const { user } = await show(connections());
  expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 03:04:00: 8');
  expect(screen.getByText('sum of 2 series')).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Active connections: draw each series' }));
  expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 03:04:00: b 6, a 2');
  await user.click(screen.getByRole('button', { name: 'a' }));
  expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 03:04:00: a 2');
  expect(screen.getByRole('button', { name: 'a' })).toHaveAttribute('aria-pressed', 'true');
  await user.keyboard('{Control>}');
  await user.click(screen.getByRole('button', { name: 'b' }));
  await user.keyboard('{/Control}');
  expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 03:04:00: b 6, a 2');
  await user.click(screen.getByRole('button', { name: 'a' }));
  await user.click(screen.getByRole('button', { name: 'a' }));
  expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 03:04:00: b 6, a 2');
});

it('says what it shows: expression, step, and why the archive ends before the tile', async () => {
  await show(connections());
  const facts = screen.getByText('What this shows').closest('details');
  for (const text of [
    'pg_stat_database_numbackends',
    'sum of 2 series, as in the tile',
    'One value every 1m',
    'The archive up to 2026-01-02 03:03:00, Prometheus for the rest: the archive takes values 43s after their time',
  ]) {
    expect(facts).toHaveTextContent(text);
  }
});

it('finds the others of many series', async () => {
  const many = { seriesCount: 157, matchCount: 157, whole: undefined };
  const { user, asked } = await show(connections(many));
  expect(screen.getByText('2 of 157, largest by last value')).toBeInTheDocument();
  await user.selectOptions(screen.getByRole('combobox', { name: /order of series/ }), 'by name');
  await user.type(screen.getByRole('searchbox'), 'pod');
  await act(() => new Promise((resolve) => setTimeout(resolve, 350)));
  expect(asked.at(-1)).toMatchObject({ pick: { filter: 'pod', order: 'name' } });
  const details = screen.getByText('All 157 series').closest('details');
  act(() => {
    details?.setAttribute('open', '');
    details?.dispatchEvent(new Event('toggle'));
  });
  await act(async () => undefined);
  expect(asked.at(-1)).toMatchObject({ withRows: true });
  const rows = within(screen.getByRole('table')).getAllByRole('row');
  expect(rows.map(({ textContent }) => textContent)).toEqual(['SeriesLastLowestHighest', 'b656', 'a212']);
});

it('says that there never was a series, and since when there are values', async () => {
  await show(connections({ series: [], whole: undefined, seriesCount: 0 }), { hasSeries: false });
  expect(screen.getByText('No series yet: this query has found none so far.')).toBeInTheDocument();
});

it('does not let half an hour pass for thirty days', async () => {
  await show(connections());
  expect(screen.getByText('Values since 2026-01-02 03:03:00')).toBeInTheDocument();
});

it('calls nothing complete that never was there, and what is so, since when', () => {
  const query = {
    ...{ name: 'x', displayName: 'x', expression: 'x', stepMs: 15_000, retention: '1y', paused: false },
    ...{ newestMs: NOW_MS, lagMs: 0, coverage: 1, gaps: [], gapCount: 0, firstMs: NOW_MS - 1_500_000 },
  };
  const { rerender } = render(<ArchiveQuery query={{ ...query, hasSeries: true }} serverTimeMs={NOW_MS} />);
  expect(screen.getByText('100 % complete since 2026-01-02 02:39:00')).toBeInTheDocument();
  rerender(<ArchiveQuery query={{ ...query, hasSeries: false }} serverTimeMs={NOW_MS} />);
  expect(screen.getByText('no series yet')).toBeInTheDocument();
  expect(screen.queryByText(/100 %/)).toBeNull();
});

describe('the pointer', () => {
  /** jsdom knows no `PointerEvent`. */
  const pointer = (target: Element, type: string, init: MouseEventInit & { pointerType: string }) => {
    const event = new MouseEvent(type, { bubbles: true, ...init });
    Object.defineProperty(event, 'pointerType', { value: init.pointerType });
    act(() => void fireEvent(target, event));
  };

  it('of a finger points at the same time in all charts, and goes on to the next one', async () => {
    await show(connections(), {}, [{ name: 'other', displayName: 'Other' }]);
    const [first, second] = screen.getAllByRole('slider');
    const cursors = () => [first, second].map((one) => one.querySelectorAll('circle').length);
    expect(cursors()).toEqual([0, 0]);
    act(() => first.focus());
    pointer(first, 'pointerdown', { clientX: 450, pointerType: 'touch' });
    pointer(first, 'pointerleave', { pointerType: 'touch' });
    expect(cursors()).toEqual([1, 1]);
    pointer(second, 'pointerdown', { clientX: 450, pointerType: 'touch' });
    act(() => second.focus());
    expect(cursors()).toEqual([1, 1]);
    expect(screen.getAllByTestId('promkeep-tooltip')).toHaveLength(1);
    act(() => second.blur());
    expect(cursors()).toEqual([0, 0]);
  });

  it('of a mouse zooms by dragging, not by a click, and back by a double click', async () => {
    const { zoomed } = await show(connections());
    const box = chart();
    box.setPointerCapture = () => undefined;
    const mouse = (type: string, clientX: number) => pointer(box, type, { clientX, button: 0, pointerType: 'mouse' });
    mouse('pointerdown', 100);
    mouse('pointerup', 101);
    expect(zoomed).toEqual([]);
    mouse('pointerdown', 492);
    mouse('pointermove', 266);
    expect(screen.getByTestId('promkeep-selection')).toBeInTheDocument();
    mouse('pointerup', 266);
    expect(zoomed).toEqual([{ fromMs: NOW_MS - 450_000, toMs: NOW_MS }]);
    act(() => void fireEvent.dblClick(box));
    expect(zoomed[1]).toBe('back');
  });
});
