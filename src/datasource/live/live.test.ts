import {
  type DataQueryResponse,
  dateTime,
  type LiveChannelAddress,
  LiveChannelConnectionState,
  type LiveChannelEvent,
  LiveChannelEventType,
  LoadingState,
} from '@grafana/data';
import { config, type GrafanaLiveSrv, setGrafanaLiveSrv } from '@grafana/runtime';
import { Observable, type Subscriber } from 'rxjs';
import {
  DATASOURCE_UID,
  installGrafanaHost,
  instanceSettings,
  queryRequest,
  seriesAnswer,
} from '../../../tests/fakes/grafanaHost';
import { DATASOURCE_PLUGIN_ID } from '../../contract/pluginIds';
import { livePath } from '../../contract/live';
import { type LivePacket } from './liveSeries';
import { PromkeepDatasource } from '../promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery } from '../query/promkeepPromQuery';

const STEP_MS = 60_000;
const LABELS = '{job="node"}';
const { Connected, Connecting, Disconnected } = LiveChannelConnectionState;

/** Grafana's Live service with one channel that the test drives. */
class LiveServer {
  readonly addresses: LiveChannelAddress[] = [];
  private readonly listeners = new Set<Subscriber<LiveChannelEvent<LivePacket>>>();

  get joined(): number {
    return this.listeners.size;
  }

  install(): void {
    const service: Partial<GrafanaLiveSrv> = {
      getStream: <T>(address: LiveChannelAddress) => {
        this.addresses.push(address);
        return new Observable<LiveChannelEvent<LivePacket>>((listener) => {
          this.listeners.add(listener);
          return () => this.listeners.delete(listener);
        }) as unknown as Observable<LiveChannelEvent<T>>;
      },
    };
    setGrafanaLiveSrv(service as GrafanaLiveSrv);
  }

  state(state: LiveChannelConnectionState): void {
    this.send({ type: LiveChannelEventType.Status, id: 'x', timestamp: 0, state });
  }

  rows(...rows: Array<[labels: string, timeMs: number, value: number | null]>): void {
    const column = (i: 0 | 1 | 2) => rows.map((row) => row[i]);
    this.packet({ data: { values: [column(0), column(1), column(2)] } });
  }

  packet(message: LivePacket): void {
    this.send({ type: LiveChannelEventType.Message, message });
  }

  private send(event: LiveChannelEvent<LivePacket>): void {
    [...this.listeners].forEach((listener) => listener.next(event));
  }
}

let live: LiveServer;
let answers: DataQueryResponse[];
let done: boolean;

beforeEach(() => {
  live = new LiveServer();
  live.install();
  answers = [];
  done = false;
  config.liveEnabled = true;
  config.bootData.user = { ...config.bootData.user, orgId: 3 };
});

afterEach(() => {
  jest.useRealTimers();
});

function query(fields: Partial<PromkeepPromQuery> = {}): PromkeepPromQuery {
  const datasource = { type: DATASOURCE_PLUGIN_ID, uid: DATASOURCE_UID };
  return { refId: 'A', expr: 'up', range: true, interval: '1m', live: true, datasource, ...fields };
}

/** Points 0, 1, 2 min … of the series `job="node"`, up to what `newest` says at the time of the request. */
function ask(targets = [query()], jsonData: PromkeepOptions = {}, part: object = {}) {
  const state = { newest: 2 };
  const host = installGrafanaHost(
    ({ data }) =>
      seriesAnswer(
        data.queries[0].refId,
        Array.from({ length: state.newest + 1 }, (_, i) => i * STEP_MS),
        STEP_MS
      ),
    { job: 'node' }
  );
  const datasource = new PromkeepDatasource(instanceSettings(jsonData));
  const request = { ...queryRequest(targets, { fromMs: 0, toMs: 10 * STEP_MS }), ...part };
  const subscription = datasource.query(request).subscribe({
    next: (answer) => answers.push(answer),
    complete: () => (done = true),
  });
  return { host, state, subscription };
}

const last = (): DataQueryResponse => answers[answers.length - 1];
const timesOf = (answer = last()): number[] => Array.from(answer.data[0].fields[0].values, (t) => Number(t) / STEP_MS);
const noticesOf = (answer = last()): string[] =>
  (answer.data[0]?.meta?.notices ?? []).map(({ text }: { text: string }) => text);

describe('a live query', () => {
  it('opens a channel named by the hash of the final query and the organisation', () => {
    ask([query({ expr: 'up{job="$job"}', keep: true, legendFormat: 'x' })]);
    const [address] = live.addresses;
    expect(address).toMatchObject({ scope: 'ds', stream: DATASOURCE_UID, namespace: DATASOURCE_UID });
    expect(address.path).toBe(livePath(address.data, 3));
    expect(address.data).toEqual({
      query: {
        expr: 'up{job="node"}',
        interval: '1m',
        utcOffsetSec: 0,
        range: true,
        intervalMs: 15_000,
        maxDataPoints: 1000,
      },
      rangeMs: 10 * STEP_MS,
    });
  });

  it('asks for the ordinary answer once the channel is open, so that no point falls between', () => {
    const { host } = ask();
    expect(host.queryBodies()).toHaveLength(0);
    live.state(Connected);
    expect(host.queryBodies()).toHaveLength(1);
    expect(host.queryBodies()[0].queries).toHaveLength(1);
    expect([timesOf(), last().state, last().key]).toEqual([[0, 1, 2], LoadingState.Streaming, 'live-A']);
  });

  it('adds what is newer, once, in the frames of the ordinary answer', () => {
    ask();
    live.state(Connected);
    const before = last().data[0];
    live.rows([LABELS, 2 * STEP_MS, 9], [LABELS, 3 * STEP_MS, 7]);
    expect(timesOf()).toEqual([0, 1, 2, 3]);
    expect(Array.from(last().data[0].fields[1].values).at(-1)).toBe(7);
    expect({ ...last().data[0], fields: [], length: 0 }).toEqual({ ...before, fields: [], length: 0 });
    expect(before.fields[0].values).toHaveLength(3);
  });

  it('reads the floats that JSON lacks', () => {
    ask();
    live.state(Connected);
    const values = [[LABELS, LABELS], [3 * STEP_MS, 4 * STEP_MS], [null, null]]; // prettier-ignore
    live.packet({ data: { values, entities: [null, null, { NaN: [0], NegInf: [1] }] } });
    expect(Array.from(last().data[0].fields[1].values).slice(3)).toEqual([NaN, -Infinity]);
  });

  it('lets the oldest points go as the range moves on', () => {
    ask();
    live.state(Connected);
    live.rows([LABELS, 11 * STEP_MS, 1]);
    expect(timesOf()).toEqual([1, 2, 11]);
  });

  it('asks anew for a series it does not know, and not again when the answer has none', () => {
    const { host } = ask();
    live.state(Connected);
    live.rows(['{job="new"}', 3 * STEP_MS, 1], [LABELS, 3 * STEP_MS, 1]);
    expect(host.queryBodies()).toHaveLength(2);
    expect(timesOf()).toEqual([0, 1, 2, 3]);
    live.rows(['{job="new"}', 4 * STEP_MS, 1]);
    expect(host.queryBodies()).toHaveLength(2);
  });

  it('asks anew after a break of the connection, in which points were missed', () => {
    const { state } = ask();
    live.state(Connected);
    live.state(Connecting);
    state.newest = 5;
    live.state(Connected);
    expect(timesOf()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('shows the notices of the channel until they are taken back', () => {
    ask();
    live.state(Connected);
    const fields = { meta: { notices: [{ severity: 'warning' as const, text: 'Live is waiting: gone' }] } };
    live.packet({ schema: fields, data: { values: [[], [], []] } });
    expect(noticesOf()).toEqual(['Live is waiting: gone']);
    live.packet({ schema: {}, data: { values: [[LABELS], [3 * STEP_MS], [1]] } });
    expect(noticesOf()).toEqual([]);
  });

  it('leaves the channel with its last viewer', () => {
    const { subscription } = ask();
    live.state(Connected);
    expect(live.joined).toBe(1);
    subscription.unsubscribe();
    expect(live.joined).toBe(0);
  });

  it('goes beside queries that are not live', () => {
    const { host } = ask([query(), query({ refId: 'B', live: false })]);
    live.state(Connected);
    expect(host.queryBodies().map(({ queries }) => queries.map(({ refId }) => refId))).toEqual([['B'], ['A']]);
    expect(answers.map(({ key }) => key)).toEqual([undefined, 'live-A']);
  });

  it('is every query in the live mode of Explore, as a range query', () => {
    const { host } = ask([query({ live: false, instant: true })], {}, { liveStreaming: true, app: 'explore' });
    live.state(Connected);
    expect(host.queryBodies()[0].queries).toMatchObject([{ refId: 'A', range: true, instant: false }]);
  });
});

describe('when it cannot be live, the ordinary answer comes with a notice', () => {
  it.each([
    ['the users have credentials of their own (OAuth)', query(), { oauthPassThru: true }, {}, 'credentials'],
    ['the users have credentials of their own (cookies)', query(), { keepCookies: ['a'] }, {}, 'credentials'],
    ['the query is an instant one', query({ range: false, instant: true }), {}, {}, 'only range queries'],
    ['the query is a table', query({ format: 'table' }), {}, {}, 'only range queries'],
    ['the query is a summary', query({ queryType: 'summary' }), {}, {}, 'only range queries'],
    [
      'the time range is past',
      query(),
      {},
      { range: { from: dateTime(0), to: dateTime(600_000), raw: { from: '0', to: '600000' } } },
      'does not end now',
    ],
  ])('because %s', (_, target, jsonData, part, text) => {
    ask([target], jsonData as PromkeepOptions, part);
    expect([live.joined, answers.length, done]).toEqual([0, 1, true]);
    expect(noticesOf()).toEqual([expect.stringContaining(text)]);
  });

  it('because Live is switched off', () => {
    config.liveEnabled = false;
    ask();
    expect(noticesOf()).toEqual([expect.stringContaining('switched off')]);
  });

  it('because the backend refuses the subscriber', () => {
    ask();
    live.state(Disconnected);
    expect([timesOf(), noticesOf(), last().state]).toEqual([
      [0, 1, 2],
      [expect.stringContaining('refused')],
      LoadingState.Done,
    ]);
  });

  it('because the WebSocket does not connect, until it does', () => {
    jest.useFakeTimers();
    ask();
    jest.advanceTimersByTime(3_000);
    expect(noticesOf()).toEqual([expect.stringContaining('not connected')]);
    live.state(Connected);
    expect([noticesOf(), last().state]).toEqual([[], LoadingState.Streaming]);
  });

  it('because there are too many series', () => {
    const [{ schema, data }] = seriesAnswer('A', [0], STEP_MS).results.A.frames;
    const [time, value] = schema.fields;
    const frames = Array.from({ length: 501 }, (_, i) => ({
      schema: { ...schema, fields: [time, { ...value, labels: { job: String(i) } }] },
      data,
    }));
    const answer = { results: { A: { status: 200, frames } } };
    installGrafanaHost(() => answer);
    const datasource = new PromkeepDatasource(instanceSettings());
    datasource.query(queryRequest([query()])).subscribe((one) => answers.push(one));
    live.state(Connected);
    expect(noticesOf()).toEqual(['Live is off: the query has 501 series, and a channel carries at most 500.']);
    expect([live.joined, last().state]).toEqual([0, LoadingState.Done]);
  });

  it('with its instant part and all, which a channel cannot go on with', () => {
    const { host } = ask([query({ instant: true })]);
    live.state(Disconnected);
    expect(host.queryBodies()[0].queries.map(({ refId, instant }) => [refId, instant])).toEqual([
      ['A', false],
      ['A-Instant', true],
    ]);
  });

  it('and an error of the query is an error, and the channel is left', () => {
    installGrafanaHost(() => ({ results: { A: { status: 400, error: 'parse error', frames: [] } } }));
    const datasource = new PromkeepDatasource(instanceSettings());
    datasource.query(queryRequest([query()])).subscribe((one) => answers.push(one));
    live.state(Connected);
    expect([last().errors?.[0].message ?? last().error?.message, live.joined]).toEqual(['parse error', 0]);
  });
});

it('never reaches a request whose queries the server computes together', () => {
  const expression: PromkeepPromQuery = { refId: 'B', expr: '', datasource: { type: '__expr__', uid: '__expr__' } };
  const { host } = ask([query(), expression]);
  expect(live.addresses).toEqual([]);
  expect(host.queryBodies()[0].queries).toHaveLength(2);
});
