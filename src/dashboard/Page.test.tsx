import { FieldType, type DataFrame } from '@grafana/data';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type ArchiveHistory, type ArchiveOverview } from '../contract/archivePage';
import { type HistoryRequest, NoAnswer, type PageApi, type StreamListener } from './live/api';
import { Page } from './Page';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 0);

/** jsdom lays nothing out, so nothing would ever come into view. */
class SeesEverything {
  constructor(private readonly tell: (entries: Array<{ target: Element; isIntersecting: boolean }>) => void) {}
  observe(target: Element) {
    this.tell([{ target, isIntersecting: true }]);
  }
  unobserve() {}
  disconnect() {}
}

beforeAll(() => {
  Object.assign(globalThis, { IntersectionObserver: SeesEverything });
});

beforeEach(() => {
  jest.useFakeTimers({ now: NOW_MS });
  window.localStorage.clear();
  window.history.replaceState(null, '', '/dashboard');
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

const soon = () => new Promise((resolve) => setTimeout(resolve));

/** A server whose answers the test decides. Its stream is blocked unless a test opens it. */
class ScriptedServer implements PageApi {
  frames: DataFrame[] | Error = [cpuFrame([10, 20], { lastSeenMs: NOW_MS })];
  readonly asked: number[] = [];
  archiveStatus: ArchiveOverview | 'off' | Error = 'off';
  historyAnswer: ArchiveHistory | Error = new Error('no history');
  readonly histories: HistoryRequest[] = [];
  hasStream = false;
  readonly streams: Array<{ rangeMs: number; listener: StreamListener; isOpen: boolean }> = [];

  openStream(rangeMs: number, listener: StreamListener) {
    if (!this.hasStream) {
      window.setTimeout(() => listener.onLost(false));
      return () => undefined;
    }
    const stream = { rangeMs, listener, isOpen: true };
    this.streams.push(stream);
    return () => void (stream.isOpen = false);
  }

  get stream() {
    return this.streams[this.streams.length - 1];
  }

  async summary(rangeMs: number) {
    this.asked.push(rangeMs);
    if (this.frames instanceof Error) {
      throw this.frames;
    }
    return { frames: this.frames, serverTimeMs: Date.now() };
  }

  async about() {
    await soon();
    return {
      prometheus: { application: 'Prometheus', version: '2.42.0', address: '127.0.0.1:9090' },
      archive: { address: 'db:5432/promkeep', source: 'default' },
    };
  }

  firing: Array<Record<string, string>> = [];

  async alerts() {
    await soon();
    return this.firing;
  }

  async metricNames() {
    return ['node_load1', 'node_load5', 'up'];
  }

  async archive() {
    if (this.archiveStatus instanceof Error) {
      throw this.archiveStatus;
    }
    return this.archiveStatus;
  }

  async history(request: HistoryRequest) {
    this.histories.push(request);
    if (this.historyAnswer instanceof Error) {
      throw this.historyAnswer;
    }
    return this.historyAnswer;
  }
}

async function open(server: ScriptedServer) {
  const user = userEvent.setup({ advanceTimers: jest.advanceTimersByTime });
  const page = render(<Page api={server} />);
  await pass(2);
  return { ...page, user };
}

const pass = (ms: number) => act(() => jest.advanceTimersByTimeAsync(ms));
const connection = () => screen.getByRole('status').textContent;
const tile = () => screen.getByTestId('promkeep-tile');

it('shows the tiles and says that they are live', async () => {
  await open(new ScriptedServer());
  expect(within(tile()).getByRole('heading', { level: 2 })).toHaveTextContent('CPU usage');
  expect(tile()).toHaveTextContent('20%');
  expect(connection()).toBe('Live');
});

it('lists the alerts that fire, while somebody knows', async () => {
  const server = new ScriptedServer();
  server.firing = [{ alertname: 'DiskFull', alertstate: 'firing', severity: 'critical', instance: 'web-1' }];
  await open(server);
  await pass(2);
  expect(screen.getByRole('heading', { name: '1 alert fires' })).toBeInTheDocument();
  expect(screen.getByTestId('promkeep-alert')).toHaveTextContent('DiskFull critical · instance=web-1');
  server.frames = new Error('Prometheus cannot be reached');
  await pass(5_000);
  expect(screen.queryByTestId('promkeep-alert')).toBeNull();
});

it('draws any PromQL and what is recorded, completes names, and keeps it in the address', async () => {
  const server = new ScriptedServer();
  const { user } = await open(server);
  const box = screen.getByRole('combobox', { name: 'PromQL or the name of a recorded query' });
  await user.type(box, 'sum(node_lo');
  const options = [...document.querySelectorAll('datalist option')].map((option) => option.getAttribute('value'));
  expect(options).toEqual(['sum(node_load1', 'sum(node_load5']);
  await user.type(box, 'ad1){Enter}');
  await pass(2);
  expect(server.histories.at(-1)).toMatchObject({ name: 'sum(node_load1)', expression: 'sum(node_load1)' });
  expect(new URLSearchParams(window.location.search).get('query')).toBe('sum(node_load1)');
  await user.clear(box);
  await user.type(box, 'cpu_usage{Enter}');
  await pass(2);
  expect(server.histories.at(-1)).toEqual({
    ...{ name: 'cpu_usage', points: 1000 },
    ...{ fromMs: expect.any(Number), toMs: expect.any(Number) },
  });
});

it('says which Prometheus and which archive it shows', async () => {
  await open(new ScriptedServer());
  expect(screen.getByTestId('promkeep-about')).toHaveTextContent(
    'Prometheus 2.42.0 at 127.0.0.1:9090 · archive at db:5432/promkeep, where it is “default”'
  );
});

it('asks every five seconds for the chosen range, and remembers it', async () => {
  const server = new ScriptedServer();
  const { user, unmount } = await open(server);
  await pass(5_000);
  expect(server.asked).toEqual([900_000, 900_000]);
  await user.click(screen.getByRole('radio', { name: '6 hours' }));
  await pass(2);
  expect(server.asked.at(-1)).toBe(6 * 3_600_000);
  expect(window.location.search).toBe('?last=6h');
  unmount();
  window.history.replaceState(null, '', '/dashboard');
  await open(server);
  expect(screen.getByRole('radio', { name: '6 hours' })).toBeChecked();
});

it('asks nothing while nobody looks', async () => {
  const server = new ScriptedServer();
  await open(server);
  const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  act(() => void document.dispatchEvent(new Event('visibilitychange')));
  await pass(60_000);
  expect(server.asked).toHaveLength(1);
  hidden.mockReturnValue(false);
  act(() => void document.dispatchEvent(new Event('visibilitychange')));
  await pass(2);
  expect(server.asked).toHaveLength(2);
});

it('says when nobody answers, and shows the last values as such, with their age, after a while', async () => {
  const server = new ScriptedServer();
  await open(server);
  server.frames = new Error('Prometheus cannot be reached');
  await pass(5_000);
  expect(connection()).toBe('No answer since 03:04:05; retrying. Prometheus cannot be reached');
  expect(tile()).toHaveTextContent('20%');
  expect(tile()).not.toHaveTextContent('ago');
  await pass(15_000);
  expect(connection()).toContain('since 03:04:05');
  expect(screen.getByText(/^The tiles show the last values known, \d\ds old\.$/)).toBeInTheDocument();
  expect(tile()).toHaveTextContent('20%');
  expect(tile()).toHaveTextContent(/2026-01-02 03:04:00, \d\ds ago/);
  expect(tile()).toHaveTextContent('not live');
  server.frames = [cpuFrame([10, 30])];
  await pass(5_000);
  expect(connection()).toBe('Live');
  expect(tile()).toHaveTextContent('30%');
});

it('says once what keeps Prometheus from answering, and since when the server knows it', async () => {
  const server = new ScriptedServer();
  server.hasStream = true;
  await open(server);
  act(() => server.stream.listener.onSummary(new NoAnswer('cannot reach 127.0.0.1:9090', 120_000)));
  expect(connection()).toBe('No answer since 03:02:00; retrying. cannot reach 127.0.0.1:9090');
  expect(screen.getAllByText(/cannot reach/)).toHaveLength(1);
  expect(screen.queryByText('Live')).toBeNull();
  expect(screen.queryByTestId('promkeep-tile')).toBeNull();
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

const OVERVIEW: ArchiveOverview = {
  timeMs: NOW_MS,
  samples: 12345,
  series: 4,
  bytes: 2048,
  leader: { name: 'other pid 1', isThis: false },
  queries: [
    {
      name: 'cpu_usage',
      displayName: 'CPU usage',
      expression: 'cpu',
      stepMs: 15_000,
      retention: '1y',
      paused: false,
      newestMs: NOW_MS - 60_000,
      lagMs: 15_000,
      coverage: 0.9,
      gaps: [{ fromMs: NOW_MS - 300_000, toMs: NOW_MS - 240_000, reason: 'source-down', outlook: 'retried' }],
      gapCount: 1,
    },
  ],
};

const HISTORY: ArchiveHistory = {
  name: 'cpu_usage',
  displayName: 'CPU usage',
  unit: 'percent',
  decimals: 1,
  fromMs: NOW_MS - 900_000,
  toMs: NOW_MS,
  stepMs: 60_000,
  bucketMs: 60_000,
  sampledMs: 60_000,
  series: [
    { labels: { cpu: '0' }, timesMs: [NOW_MS - 360_000, NOW_MS - 180_000, NOW_MS - 120_000], values: [10, 30, 20] },
  ],
  seriesCount: 1,
  gaps: OVERVIEW.queries[0].gaps,
  thresholds: [],
};

it('tells what the archive holds, who records it, and what it misses and why', async () => {
  const server = new ScriptedServer();
  server.archiveStatus = OVERVIEW;
  const { unmount } = await open(server);
  expect(screen.getByTestId('promkeep-archive')).toHaveTextContent(
    '12,345 samples in 4 series · 2.0 KiB on disk · recorded by other pid 1 · 1 gap'
  );
  const row = screen.getByText('cpu_usage', { selector: 'footer *' }).closest('li');
  expect(row).toHaveTextContent('every 15s · kept for 1y');
  expect(row).toHaveTextContent('90.00 % complete');
  expect(row).toHaveTextContent('newest 1m ago');
  expect(row).toHaveTextContent(
    '2026-01-02 02:59:00 to 2026-01-02 03:00:00: Prometheus did not answer; will be asked for again'
  );
  unmount();
  await open(new ScriptedServer());
  expect(screen.getByText('Off: values are shown and not kept')).toBeInTheDocument();
});

it('says why raw series are not collected', async () => {
  const server = new ScriptedServer();
  server.archiveStatus = { ...OVERVIEW, warning: 'The source reads recent data from others.' };
  const { unmount } = await open(server);
  expect(screen.getByTestId('promkeep-archive-warning')).toHaveTextContent('The source reads recent data from others.');
  unmount();
  server.archiveStatus = OVERVIEW;
  await open(server);
  expect(screen.queryByTestId('promkeep-archive-warning')).not.toBeInTheDocument();
});

it('keeps what it knew of the archive and says so when the database does not answer', async () => {
  const server = new ScriptedServer();
  server.archiveStatus = OVERVIEW;
  await open(server);
  server.archiveStatus = new Error('cannot reach the archive');
  await pass(15_000);
  expect(screen.getByTestId('promkeep-archive-failure')).toHaveTextContent(
    'The archive does not answer; retrying. cannot reach the archive'
  );
  expect(screen.getByTestId('promkeep-archive')).toHaveTextContent('12,345 samples');
});

describe('history', () => {
  async function openHistory(answer: ArchiveHistory | Error = HISTORY) {
    const server = new ScriptedServer();
    server.archiveStatus = OVERVIEW;
    server.historyAnswer = answer;
    const opened = await open(server);
    await pass(2);
    return { server, ...opened };
  }
  const chart = () => screen.getByRole('slider', { name: 'CPU usage over time' });

  it('is asked for over the range, as wide as it is drawn, and ends at the newest value', async () => {
    const { server } = await openHistory();
    expect(server.histories).toEqual([{ name: 'cpu_usage', fromMs: NOW_MS - 900_000, toMs: NOW_MS, points: 1000 }]);
    expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 03:02:00: 20.0%');
    expect(screen.getByTestId('promkeep-gap')).toBeInTheDocument();
  });

  it('is read by keyboard, gaps with their reason', async () => {
    const { user } = await openHistory();
    act(() => chart().focus());
    await user.keyboard('{ArrowLeft}');
    expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 03:01:00: 30.0%');
    expect(screen.getByTestId('promkeep-tooltip')).toHaveTextContent('30.0%');
    await user.keyboard('{ArrowLeft}');
    const reason = 'Missing: Prometheus did not answer; will be asked for again';
    expect(chart()).toHaveAttribute('aria-valuetext', `2026-01-02 02:59:00: ${reason}`);
    expect(screen.getByTestId('promkeep-tooltip')).toHaveTextContent(reason);
    await user.keyboard('{Home}');
    expect(chart()).toHaveAttribute('aria-valuetext', '2026-01-02 02:58:00: 10.0%');
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('promkeep-tooltip')).toBeNull();
  });

  it('can be had as a table', async () => {
    await openHistory();
    const details = screen.getByText('Values as a table').closest('details');
    // jsdom opens a <details>, but does not tell.
    act(() => {
      details?.setAttribute('open', '');
      details?.dispatchEvent(new Event('toggle'));
    });
    const rows = within(screen.getByRole('table')).getAllByRole('row');
    expect(rows.map((row) => row.textContent)).toEqual([
      'TimeCPU usage',
      '2026-01-02 03:02:0020.0%',
      '2026-01-02 03:01:0030.0%',
      '2026-01-02 02:59:00Missing: Prometheus did not answer; will be asked for again',
      '2026-01-02 02:58:0010.0%',
    ]);
  });

  it('is asked for again after a failure, at the next word about the archive', async () => {
    const { server } = await openHistory(new Error('cannot reach the archive'));
    expect(screen.getByText('cannot reach the archive')).toBeInTheDocument();
    server.historyAnswer = HISTORY;
    server.archiveStatus = { ...OVERVIEW, timeMs: NOW_MS + 15_000 };
    await pass(15_002);
    expect(chart()).toBeInTheDocument();
    expect(screen.queryByText('cannot reach the archive')).toBeNull();
  });

  it('of a piece of the past stands in the URL and is not asked for again', async () => {
    const { server, user } = await openHistory();
    await user.click(screen.getByRole('button', { name: 'Custom …' }));
    expect(screen.getByLabelText('From')).toHaveFocus();
    fireEvent.change(screen.getByLabelText('To'), { target: { value: '2025-01-01T00:00:00' } });
    await user.click(screen.getByRole('button', { name: 'Show' }));
    expect(screen.getByRole('alert')).toHaveTextContent('The end must lie after the beginning.');
    fireEvent.change(screen.getByLabelText('From'), { target: { value: '2024-12-31T00:00:00' } });
    await user.click(screen.getByRole('button', { name: 'Show' }));
    await pass(2);
    expect(server.histories.at(-1)).toMatchObject({ fromMs: Date.UTC(2024, 11, 31), toMs: Date.UTC(2025, 0, 1) });
    expect(window.location.search).toBe('?from=2024-12-31T00%3A00%3A00.000Z&to=2025-01-01T00%3A00%3A00.000Z');
    const asked = server.histories.length;
    server.archiveStatus = { ...OVERVIEW, timeMs: NOW_MS + 3_600_000 };
    await pass(60_000);
    expect(server.histories).toHaveLength(asked);
  });
});

describe('the stream', () => {
  async function openStream() {
    const server = new ScriptedServer();
    server.hasStream = true;
    const opened = await open(server);
    const tell = (...values: number[]) =>
      act(() => server.stream.listener.onSummary({ frames: [cpuFrame(values)], serverTimeMs: Date.now() }));
    return { server, tell, ...opened };
  }

  it('tells, and nothing else is asked', async () => {
    const { server, tell } = await openStream();
    expect(connection()).toBe('Connecting …');
    tell(10, 20);
    expect(connection()).toBe('Live');
    expect(tile()).toHaveTextContent('20%');
    act(() => server.stream.listener.onArchive(OVERVIEW));
    expect(screen.getByTestId('promkeep-archive')).toHaveTextContent('12,345 samples');
    await pass(9_000);
    act(() => server.stream.listener.onBeat());
    await pass(20_000);
    expect(server.asked).toEqual([]);
    expect(server.streams).toHaveLength(1);
  });

  it('is followed by asking when it brings nothing, and takes over again when it does', async () => {
    const { server, tell } = await openStream();
    await pass(8_000);
    expect(server.stream.isOpen).toBe(false);
    await pass(2);
    expect(tile()).toHaveTextContent('20%');
    await pass(60_000);
    expect(server.streams).toHaveLength(2);
    tell(10, 40);
    const asked = server.asked.length;
    await pass(10_000);
    expect(tile()).toHaveTextContent('40%');
    expect(server.asked).toHaveLength(asked);
  });

  it('may be cut without a word about it, unless it stays away', async () => {
    const { server, tell } = await openStream();
    tell(10, 20);
    act(() => server.stream.listener.onLost(true));
    await pass(2_000);
    expect(connection()).toBe('Live');
    await pass(1_100);
    expect(connection()).toBe('No answer since 03:04:03; retrying. The server cannot be reached');
    tell(10, 30);
    expect(connection()).toBe('Live');
  });

  it('is given up where every connection is refused', async () => {
    const { server, tell } = await openStream();
    tell(10, 20);
    for (let i = 0; i < 3; i++) {
      act(() => server.stream.listener.onLost(true));
    }
    expect(server.stream.isOpen).toBe(false);
    await pass(2);
    expect(server.asked).toHaveLength(1);
    expect(connection()).toBe('Live');
  });

  it('is opened anew after a long silence', async () => {
    const { server, tell } = await openStream();
    tell(10, 20);
    await pass(25_000);
    expect(connection()).toContain('The server cannot be reached');
    expect(server.streams.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  });

  it('is closed while nobody looks', async () => {
    const { server, tell } = await openStream();
    tell(10, 20);
    const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    expect(server.stream.isOpen).toBe(false);
    await pass(120_000);
    expect(server.streams).toHaveLength(1);
    hidden.mockReturnValue(false);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    expect(server.streams).toHaveLength(2);
  });
});
