import { FieldType, type DataFrame } from '@grafana/data';
import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type PageApi } from './api';
import { Page } from './Page';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 0);

beforeEach(() => {
  jest.useFakeTimers({ now: NOW_MS });
  window.localStorage.clear();
  // jsdom lays nothing out: every box has width 0, and without a width nothing is drawn.
  jest.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1000);
});

afterEach(() => {
  jest.useRealTimers();
});

function cpuFrame(values: number[], mark: Record<string, unknown> = {}): DataFrame {
  const times = values.map((_, i) => Date.now() - (values.length - 1 - i) * 15_000);
  const promkeep = {
    version: 1,
    kind: 'summary',
    metricKey: 'cpu_usage',
    aggregation: 'mean',
    calculation: 'last',
    ...mark,
  };
  return {
    name: 'cpu_usage',
    length: values.length,
    meta: { custom: { promkeep } },
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: times },
      { name: 'cpu', type: FieldType.number, config: { displayNameFromDS: 'CPU usage', unit: 'percent' }, values },
    ],
  };
}

/** A server whose answers the test decides. */
class ScriptedServer implements PageApi {
  frames: DataFrame[] | Error = [cpuFrame([10, 20], { lastSeenMs: NOW_MS })];
  readonly asked: number[] = [];
  archiveStatus: Awaited<ReturnType<PageApi['archive']>> = 'off';

  async summary(rangeMs: number) {
    this.asked.push(rangeMs);
    if (this.frames instanceof Error) {
      throw this.frames;
    }
    return { frames: this.frames, serverTimeMs: Date.now() };
  }

  async archive() {
    return this.archiveStatus;
  }
}

async function open(server: ScriptedServer) {
  const user = userEvent.setup({ advanceTimers: jest.advanceTimersByTime });
  const page = render(<Page api={server} />);
  await pass(1);
  return { ...page, user };
}

const pass = (ms: number) => act(() => jest.advanceTimersByTimeAsync(ms));
const connection = () => screen.getByRole('status').textContent;
const tile = () => screen.getByRole('listitem');

it('shows the tiles and says that they are live', async () => {
  await open(new ScriptedServer());
  expect(within(tile()).getByRole('heading', { level: 2 })).toHaveTextContent('CPU usage');
  expect(tile()).toHaveTextContent('20%');
  expect(connection()).toBe('Live');
});

it('asks every five seconds for the chosen range, and remembers it', async () => {
  const server = new ScriptedServer();
  const { user, unmount } = await open(server);
  await pass(5_000);
  expect(server.asked).toEqual([3_600_000, 3_600_000]);
  await user.click(screen.getByRole('radio', { name: '6 hours' }));
  await pass(1);
  expect(server.asked.at(-1)).toBe(6 * 3_600_000);
  unmount();
  await open(server);
  expect(screen.getByRole('radio', { name: '6 hours' })).toBeChecked();
});

it('says when nobody answers, keeps values through a hiccup and takes them back after a while', async () => {
  const server = new ScriptedServer();
  await open(server);
  server.frames = new Error('Prometheus cannot be reached');
  await pass(5_000);
  expect(connection()).toBe('No answer since 03:04:05; retrying. Prometheus cannot be reached');
  expect(tile()).toHaveTextContent('20%');
  await pass(15_000);
  expect(connection()).toContain('since 03:04:05');
  expect(tile()).toHaveTextContent('No data');
  expect(tile()).not.toHaveTextContent('20%');
  expect(tile()).toHaveTextContent('Last seen 2026-01-02 03:04:00');
  server.frames = [cpuFrame([10, 30])];
  await pass(5_000);
  expect(connection()).toBe('Live');
  expect(tile()).toHaveTextContent('30%');
});

it('knows from before when a failing query had data last', async () => {
  const server = new ScriptedServer();
  await open(server);
  server.frames = [cpuFrame([], { noDataReason: 'query failed: connection refused' })];
  await pass(5_000);
  await pass(5_000);
  expect(tile()).toHaveTextContent('Query failed: connection refused');
  expect(tile()).toHaveTextContent('Last seen 2026-01-02 03:04:00');
});

it('does not show what a browser says when a server is gone', async () => {
  const server = new ScriptedServer();
  server.frames = new TypeError('Failed to fetch');
  await open(server);
  expect(connection()).toContain('The server cannot be reached');
});

it('changes the theme, remembers it, and forgets it when the system has the same', async () => {
  const { user, unmount } = await open(new ScriptedServer());
  await user.click(screen.getByRole('switch', { name: 'Dark theme' }));
  expect(document.documentElement.style.colorScheme).toBe('dark');
  unmount();
  await open(new ScriptedServer());
  const toggle = screen.getByRole('switch', { name: 'Dark theme' });
  expect(toggle).toBeChecked();
  await user.click(toggle);
  expect(document.documentElement.style.colorScheme).toBe('light');
  expect(window.localStorage.getItem('promkeep.theme')).toBeNull();
});

it('tells what the archive holds and what it misses', async () => {
  const server = new ScriptedServer();
  server.archiveStatus = {
    samples: 12345,
    series: 4,
    newestMs: NOW_MS,
    gaps: [{ query: 'cpu', fromMs: NOW_MS - 60_000, toMs: NOW_MS, reason: 'Prometheus did not answer' }],
  };
  const { unmount } = await open(server);
  expect(screen.getByText('12,345 samples in 4 series · newest 2026-01-02 03:04:00')).toBeInTheDocument();
  expect(screen.getByText('1 gap')).toBeInTheDocument();
  expect(screen.getByText(/cpu: 2026-01-02 03:03:00 to .*, Prometheus did not answer/)).toBeInTheDocument();
  unmount();
  await open(new ScriptedServer());
  expect(screen.getByText('Off: values are shown and not kept')).toBeInTheDocument();
});
