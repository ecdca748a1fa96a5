import { livePath } from '../../../src/contract/live';
import { MemoryLogger } from '../../../tests/fakes/callers';
import { ScriptedSource } from '../../../tests/fakes/scriptedSource';
import { type StreamRequest } from '../ports/datasource';
import { PromkeepError } from '../model/errors';
import { type FramePacket } from '../frames/frameJson';
import { decideStream, type LiveDeps, runStream } from './liveQuery';
import { LiveSeats } from './liveSeats';

const START_MS = 1_700_000_000_000;
const ASK = { query: { expr: 'up', intervalMs: 5_000, maxDataPoints: 1_000, range: true }, rangeMs: 900_000 };

function requestOf(data: unknown, part: Partial<StreamRequest> = {}): StreamRequest {
  return { path: livePath(data, 1), data, caller: { orgId: 1, headers: { cookie: 'of the first one' } }, ...part };
}

/** A stream on a clock that only waiting moves; it is left after so many waits. */
async function run({
  source = new ScriptedSource(),
  waits = 3,
  request = requestOf(ASK),
  startMs = START_MS + 2_000,
  forwardsCredentials = false,
  onEmit = async (): Promise<void> => undefined,
  takesMs = 0,
}) {
  let nowMs = startMs;
  const controller = new AbortController();
  const waited: number[] = [];
  const packets: FramePacket[] = [];
  const logger = new MemoryLogger();
  const deps: LiveDeps = {
    source,
    clock: { nowMs: () => nowMs },
    logger,
    forwardsCredentials,
    seats: new LiveSeats(),
    ...{ scrapeInterval: '5s', allExemplars: false, applyFilters: (expr) => expr },
    async wait(ms) {
      waited.push(ms);
      nowMs += ms;
      if (waited.length >= waits) {
        controller.abort();
      }
    },
  };
  const emit = async (packet: FramePacket): Promise<void> => {
    packets.push(JSON.parse(JSON.stringify(packet)));
    nowMs += takesMs;
    await onEmit();
  };
  await runStream(deps, request, emit, controller.signal);
  return { packets, waited, source, logger };
}

const rowsOf = ({ data }: FramePacket): unknown[] =>
  data.values[0].map((_, i) => data.values.map((column) => column[i]));

describe('the packets of a stream', () => {
  // [P8]
  it('are one long frame with its schema, then rows alone, each grid time once', async () => {
    const { packets, waited } = await run({});
    expect(packets[0].schema?.fields.map(({ name, type, typeInfo }) => [name, type, typeInfo.frame])).toEqual([
      ['labels', 'string', 'string'],
      ['Time', 'time', 'time.Time'],
      ['Value', 'number', 'float64'],
    ]);
    expect(packets.slice(1).map(({ schema }) => schema)).toEqual([undefined, undefined]);
    expect(packets.map(rowsOf)).toEqual(
      [0, 5, 10].map((s) => [['{job="x"}', START_MS + s * 1_000, START_MS / 1_000 + s]])
    );
    expect(waited).toEqual([3_000, 5_000, 5_000]);
  });

  // [P8]
  it('name what JSON has no number for', async () => {
    const source = new ScriptedSource();
    source.answer = ({ startMs }) => ({
      series: [
        {
          labels: { a: '1' },
          timesMs: Float64Array.of(startMs, startMs, startMs, startMs),
          values: Float64Array.of(NaN, 1, Infinity, -Infinity),
        },
      ],
    });
    const { packets } = await run({ source, waits: 1 });
    expect(packets[0].data.values[2]).toEqual([null, 1, null, null]);
    expect(packets[0].data.entities?.[2]).toEqual({ NaN: [0], Inf: [2], NegInf: [3] });
  });

  it('are left out while there is nothing new', async () => {
    const source = new ScriptedSource();
    source.answer = ({ startMs }) => (startMs === START_MS + 5_000 ? { series: [] } : undefined);
    const { packets } = await run({ source });
    expect(packets.flatMap(rowsOf)).toHaveLength(2);
    expect(packets).toHaveLength(2);
  });
});

describe('how often Prometheus is asked', () => {
  it('never is more than once a second, and then gets every point of a finer step at once', async () => {
    const ask = { query: { ...ASK.query, interval: '250ms' }, rangeMs: 100_000 };
    const { source, waited } = await run({ request: requestOf(ask), startMs: START_MS });
    expect(waited).toEqual([1_000, 1_000, 1_000]);
    expect(source.asked.map(({ startMs, endMs, stepMs }) => [startMs - START_MS, endMs - START_MS, stepMs])).toEqual([
      [0, 0, 250],
      [250, 1_000, 250],
      [1_250, 2_000, 250],
    ]);
  });

  it('waits for a slow channel and then asks for all that came meanwhile', async () => {
    const { source } = await run({ startMs: START_MS, takesMs: 12_000, waits: 2 });
    expect(source.asked.map(({ startMs, endMs }) => [startMs - START_MS, endMs - START_MS])).toEqual([
      [0, 0],
      [5_000, 15_000],
    ]);
  });

  it('never asks for more than a viewer sees, however long Prometheus was away', async () => {
    const ask = { ...ASK, rangeMs: 20_000 };
    const { source } = await run({ request: requestOf(ask), startMs: START_MS, takesMs: 3_600_000, waits: 2 });
    expect(source.asked[1].endMs - source.asked[1].startMs).toBeLessThanOrEqual(20_000);
  });

  it('replaces the macros by the step and range of the ask', async () => {
    const ask = { ...ASK, query: { ...ASK.query, expr: 'rate(x[$__rate_interval]) + $__range_s' } };
    const { source } = await run({ request: requestOf(ask), waits: 1 });
    expect(source.asked[0].expr).toBe('rate(x[20s]) + 900');
  });

  it('is told nothing of who subscribed first', async () => {
    const source = new ScriptedSource();
    const headers: unknown[] = [];
    const queryRange = source.queryRange.bind(source);
    source.queryRange = (query, ...options: unknown[]) => {
      headers.push(Object.keys(options[0] as object));
      return queryRange(query);
    };
    await run({ source, waits: 1 });
    expect(headers).toEqual([['signal']]);
  });
});

describe('trouble', () => {
  const noticesOf = (packets: FramePacket[]): unknown[] =>
    packets.map(({ schema }) => schema && (schema.meta?.notices?.map(({ text }) => text) ?? []));

  it('that may pass is told once, tried again and taken back, and nothing is missing afterwards', async () => {
    const source = new ScriptedSource();
    const down = new PromkeepError('SOURCE_UNREACHABLE', 'nobody answers');
    source.answer = ({ endMs }) => {
      if (endMs > START_MS && endMs < START_MS + 15_000) {
        throw down;
      }
      return undefined;
    };
    const { packets } = await run({ source, startMs: START_MS, waits: 4 });
    expect(noticesOf(packets)).toEqual([[], ['Live is waiting: nobody answers'], []]);
    expect(rowsOf(packets[2]).map((row) => (row as number[])[1] - START_MS)).toEqual([5_000, 10_000, 15_000]);
  });

  it('is tried again within 15 s even if the step is a day', async () => {
    const source = new ScriptedSource();
    source.down = new PromkeepError('SOURCE_TIMEOUT', 'too slow');
    const ask = { ...ASK, query: { ...ASK.query, interval: '1d' } };
    expect((await run({ source, request: requestOf(ask), waits: 2 })).waited).toEqual([15_000, 15_000]);
  });

  it.each([
    ['bad PromQL', () => Promise.reject(new PromkeepError('SOURCE_REFUSED', 'parse error')), 'Live ended: parse error'],
    [
      'too many series',
      async () => ({ resultType: 'matrix' as const, series: manySeries(501), warnings: [], infos: [] }),
      'Live ended: the query has 501 series, and a channel carries at most 500.',
    ],
  ])('that cannot pass ends the stream: %s', async (_, queryRange, text) => {
    const source = Object.assign(new ScriptedSource(), { queryRange });
    const { packets, waited } = await run({ source });
    expect(noticesOf(packets)).toEqual([[text]]);
    expect(waited).toEqual([]);
  });

  it('of our own making fails the stream, so that Grafana starts it anew', async () => {
    const source = new ScriptedSource();
    source.down = new PromkeepError('INTERNAL', 'a bug');
    await expect(run({ source })).rejects.toThrow('a bug');
  });

  it('is no trouble when the last subscriber left', async () => {
    const source = new ScriptedSource();
    let asked = 0;
    source.queryRange = async () => {
      asked++;
      throw new PromkeepError('QUERY_CANCELLED', 'cancelled');
    };
    const controller = new AbortController();
    controller.abort();
    const deps: LiveDeps = {
      source,
      clock: { nowMs: () => START_MS },
      logger: new MemoryLogger(),
      forwardsCredentials: false,
      seats: new LiveSeats(),
      ...{ scrapeInterval: '', allExemplars: false, applyFilters: (expr) => expr },
      wait: async () => undefined,
    };
    await runStream(deps, requestOf(ASK), async () => undefined, controller.signal);
    expect(asked).toBe(0);
  });
});

describe('who may join', () => {
  const open = { forwardsCredentials: false, seats: new LiveSeats() };

  it('is who asks for what the channel shows: they get the schema at once', () => {
    const decision = decideStream(open, requestOf(ASK));
    expect(decision.kind).toBe('open');
    expect(decision.kind === 'open' && decision.first.schema?.fields).toHaveLength(3);
  });

  it.each([
    ['with another query', requestOf(ASK, { path: livePath({ ...ASK, rangeMs: 1 }, 1) })],
    ['of another organisation', requestOf(ASK, { caller: { orgId: 2, headers: {} } })],
    ['without a query', requestOf(ASK, { data: undefined })],
    ['of an invented channel', requestOf(ASK, { path: 'live/x' })],
  ])('is nobody %s', (_, request) => {
    expect(decideStream(open, request)).toEqual({ kind: 'unknown' });
  });

  it.each([
    ['no object', 'up', 'must be an object'],
    ['no query', { rangeMs: 1 }, 'must be an object'],
    ['no range', { ...ASK, rangeMs: 0 }, 'needs a time range'],
    ['a summary', { ...ASK, query: { ...ASK.query, queryType: 'summary' } }, 'Only range queries'],
    ['standard records', { ...ASK, query: { ...ASK.query, resultFormat: 'standard' } }, 'Only range queries'],
    ['an instant query', { ...ASK, query: { expr: 'up', instant: true } }, 'Only range queries'],
  ])('is refused with a reason for %s', (_, data, text) => {
    expect(decideStream(open, requestOf(data))).toEqual({ kind: 'refused', reason: expect.stringContaining(text) });
  });

  it('is nobody where each user has credentials of their own, also when that is new', async () => {
    const reason = expect.stringContaining("each user's own credentials");
    expect(decideStream({ forwardsCredentials: true, seats: new LiveSeats() }, requestOf(ASK))).toEqual({
      kind: 'refused',
      reason,
    });
    const { packets, source } = await run({ forwardsCredentials: true });
    expect(packets.map(({ schema }) => schema?.meta?.notices?.[0].text)).toEqual([reason]);
    expect(source.asked).toEqual([]);
  });
});

function manySeries(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    labels: { i: String(i) },
    timesMs: Float64Array.of(START_MS),
    values: Float64Array.of(i),
  }));
}
