import { alert, clock, dataQuery, editor, MemoryLogger, NOW_MS } from '../../../tests/fakes/callers';
import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { MemorySource } from '../../../tests/fakes/memorySource';
import { type AnswerDeps, answerQuery } from '../answer';
import { type Caller, type DataQuery, type DataResponse } from '../ports/datasource';
import { PromkeepError } from '../model/errors';
import { type Definition } from '../ports/definitions';
import { type TimeRange } from '../model/timeRange';
import { type Labels } from '../model/series';

const STEP = 15_000;
const MINUTE = 60_000;
const FIVE = 5 * MINUTE;
const HOUR = 60 * MINUTE;
const RECORDED: Definition = { name: 'load', expression: 'load', stepMs: STEP, retention: '7d' };
const STORED = [{ widthMs: FIVE, fromMs: 0 }];

const live = (): AbortSignal => new AbortController().signal;
const value = (timeMs: number): number => ((timeMs / STEP) * 7_919) % 1_009;

/** `a` is there all the time, `b` only in the first half of each five minutes. */
const valuesAt = (timeMs: number): Array<{ labels: Labels; value: number }> => [
  { labels: { instance: 'a' }, value: value(timeMs) },
  ...(timeMs % FIVE > 0 && timeMs % FIVE <= 150_000 ? [{ labels: { instance: 'b' }, value: timeMs / 1_000 }] : []),
];

/** Minutes before `NOW_MS`, which is on the border of all buckets here. */
const ago = (from: number, to: number): TimeRange => ({ fromMs: NOW_MS - from * MINUTE, toMs: NOW_MS - to * MINUTE });

async function setUp(covered: TimeRange[], heldFrom = -Infinity) {
  const source = new MemorySource({
    load: { vector: (timeMs) => (timeMs < heldFrom ? [] : valuesAt(timeMs)) },
    other: { vector: valuesAt },
  });
  const archive = new MemoryArchive();
  await archive.definitions.provision([RECORDED]);
  const all = new MemorySource({ load: { vector: valuesAt } });
  for (const range of covered) {
    const grid = { startMs: range.fromMs, endMs: range.toMs, stepMs: STEP };
    const { series } = await all.queryRange({ expr: 'load', ...grid }, { signal: live() });
    const provenance = { expression: 'load', stepMs: STEP, fetchedAtMs: NOW_MS, warnings: [] };
    const query = { kind: 'recorded', name: 'load' } as const;
    const write = { query, range, series, queryName: 'load', retention: '7d', provenance, covered: [range], gaps: [] };
    await archive.samples.writeRange(write, live());
  }
  const deps: AnswerDeps = {
    source,
    summaryMetrics: [],
    scrapeInterval: '15s',
    ...{ applyFilters: (expr) => expr, allExemplars: false, findArchived: () => undefined },
    clock,
    logger: new MemoryLogger(),
    readBack: {
      archive,
      forwardsCredentials: false,
      compare: (recorded, asked) =>
        recorded === asked
          ? []
          : asked === `${recorded}{instance="a"}`
            ? [{ name: 'instance', operator: '=', value: 'a' }]
            : undefined,
      timeoutSignal: live,
    },
    keep: { target: undefined, clock, version: async () => undefined, timeoutSignal: live },
  };
  const ask = (
    json: Record<string, unknown>,
    range: TimeRange,
    part: Partial<DataQuery> = {},
    caller: Caller = editor
  ) =>
    answerQuery(
      deps,
      dataQuery({ expr: 'load', range: true, ...json }, { range, maxDataPoints: 11_000, ...part }),
      caller,
      live()
    );
  return { source, archive, ask };
}

function notices({ frames }: DataResponse): string[] {
  return frames.flatMap(({ meta }) => meta?.notices ?? []).map(({ text }) => text);
}

function origin({ frames }: DataResponse): unknown {
  return Object(frames[0]?.meta?.custom?.promkeep).readFrom;
}

/** Times and values by instance. */
function samples({ frames }: DataResponse): Record<string, Array<[number, number]>> {
  return Object.fromEntries(
    frames.flatMap(({ fields: [time, of] }) =>
      of === undefined
        ? []
        : [
            [
              of.labels?.instance ?? '',
              [...time.values.keys()].map((i) => [Number(time.values[i]), Number(of.values[i])]),
            ],
          ]
    )
  );
}

/** By hand: the values of `a` at the recorded times of a bucket. */
const inBucket = (endMs: number, widthMs: number): number[] =>
  Array.from({ length: widthMs / STEP }, (_, i) => value(endMs - widthMs + (i + 1) * STEP));
const endsOf = ({ fromMs, toMs }: TimeRange, widthMs: number): number[] =>
  Array.from({ length: (toMs - fromMs) / widthMs + 1 }, (_, i) => fromMs + i * widthMs);
const highest = (ends: number[], widthMs: number): Array<[number, number]> =>
  ends.map((endMs) => [endMs, Math.max(...inBucket(endMs, widthMs))]);

const TOLD = 'Rollups: each value is the highest of the values of load (every 15s) in the 5m up to its time.';

describe('an aggregate', () => {
  it.each([
    ['min', (all: number[]) => Math.min(...all)],
    ['max', (all: number[]) => Math.max(...all)],
    ['sum', (all: number[]) => all.reduce((sum, one) => sum + one, 0)],
    ['avg', (all: number[]) => all.reduce((sum, one) => sum + one, 0) / all.length],
    ['count', (all: number[]) => all.length],
    ['last', (all: number[]) => all[all.length - 1]],
  ])('%s is that of the recorded samples, from the archive and from Prometheus alike', async (aggregate, of) => {
    const { ask, source } = await setUp([ago(120, 33)]);
    const range = ago(60, 0);
    const response = await ask({ readFrom: 'both', aggregate, interval: '5m' }, range);
    expect(samples(response).a).toEqual(endsOf(range, FIVE).map((endMs) => [endMs, of(inBucket(endMs, FIVE))]));
    // The bucket in which coverage ends is asked for as a whole, at the recorded times.
    expect(source.asked).toMatchObject([{ startMs: ago(35, 0).fromMs + STEP, endMs: NOW_MS, stepMs: STEP }]);
    expect(origin(response)).toEqual({
      recordedQuery: 'load',
      archivedTimes: 6,
      liveTimes: 7,
      rolledUpTimes: 6,
      archivedUntilMs: ago(35, 0).fromMs,
    });
  });

  it('says what its values are', async () => {
    const { ask } = await setUp([ago(120, 0)]);
    expect(notices(await ask({ readFrom: 'archive', aggregate: 'max', interval: '5m' }, ago(60, 0)))).toEqual([TOLD]);
  });

  it('filters series, of the archive as of Prometheus', async () => {
    const { ask } = await setUp([ago(120, 0)]);
    const response = await ask(
      { readFrom: 'archive', aggregate: 'count', interval: '5m', expr: 'load{instance="a"}' },
      ago(60, 0)
    );
    expect(Object.keys(samples(response))).toEqual(['a']);
  });

  it('of the archive alone leaves out buckets that are not recorded as a whole, and names them', async () => {
    const { ask, source } = await setUp([ago(60, 42), ago(41, 12)]);
    const response = await ask({ readFrom: 'archive', aggregate: 'max', interval: '5m' }, ago(70, 0));
    // (45, 40] has a hole; (60, 55] lacks nothing, its first time is recorded; 12 minutes ago lies within (15, 10].
    const ends = [...endsOf(ago(55, 45), FIVE), ...endsOf(ago(35, 15), FIVE)];
    expect(samples(response).a).toEqual(highest(ends, FIVE));
    expect(source.asked).toEqual([]);
    expect(notices(response)).toEqual([
      TOLD,
      'The archive begins at 2025-12-31T23:00:00Z.',
      'The archive ends at 2025-12-31T23:45:00Z.',
      'Left out: a bucket in between that is not recorded as a whole: 2025-12-31T23:20:00Z.',
    ]);
  });

  it('raises the step to whole numbers of recorded ones', async () => {
    const { ask } = await setUp([ago(120, 0)]);
    const response = await ask({ readFrom: 'archive', aggregate: 'max', interval: '20s', intervalMs: 1 }, ago(5, 0));
    expect(notices(response)[0]).toBe('Step raised from 20s to 30s: load is recorded every 15s.');
    expect(samples(response).a).toEqual(highest(endsOf(ago(5, 0), 30_000), 30_000));
  });

  it('leaves out buckets that are not over, and those within which the values of Prometheus begin', async () => {
    const begin = ago(22, 0).fromMs;
    const { ask } = await setUp([], begin);
    const response = await ask({ readFrom: 'both', aggregate: 'max', interval: '5m' }, ago(40, -20));
    expect(samples(response).a).toEqual(highest(endsOf(ago(15, 0), FIVE), FIVE));
    expect(notices(response)).toEqual([
      TOLD,
      'Left out: buckets that end after 2026-01-01T00:00:00Z, since they are not over.',
      'Left out: the bucket that ends at 2025-12-31T23:40:00Z, within which the values of Prometheus begin.',
    ]);
  });

  it('asks Prometheus for no more values than it can give, the newest ones', async () => {
    const { ask, source } = await setUp([]);
    const days = 24 * 60;
    const response = await ask({ readFrom: 'both', aggregate: 'max', interval: '1h' }, ago(20 * days, 0));
    expect(source.asked.length).toBe(8);
    expect(samples(response).a).toHaveLength(Math.floor(88_000 / 240));
    expect(samples(response).a.at(-1)?.[0]).toBe(NOW_MS);
    expect(notices(response).join()).toContain('Choose a shorter range.');
  });

  it('shows what the archive has beside the error of Prometheus, and nothing but the error without it', async () => {
    const { ask, source } = await setUp([ago(120, 33)]);
    source.failure = new PromkeepError('SOURCE_UNREACHABLE', 'no route');
    const json = { readFrom: 'both', aggregate: 'max', interval: '5m' };
    const response = await ask(json, ago(60, 0));
    expect(response).toMatchObject({ status: 502, error: 'no route' });
    expect(samples(response).a).toEqual(highest(endsOf(ago(60, 35), FIVE), FIVE));
    const alone = await ask(json, ago(20, 0));
    expect(alone).toMatchObject({ status: 502, error: 'no route' });
    expect(samples(alone)).toEqual({});
  });

  it('is an error where no recorded query answers: plain values would be other numbers', async () => {
    const { ask, source } = await setUp([ago(120, 0)]);
    const response = await ask({ readFrom: 'both', aggregate: 'max', expr: 'other' }, ago(60, 0));
    expect(response.status).toBe(400);
    expect(response.error).toContain(
      'Cannot aggregate without the archive: no recorded query answers this expression.'
    );
    expect(source.asked).toEqual([]);
  });

  it('is nothing where Prometheus alone is read', async () => {
    const { ask } = await setUp([ago(120, 0)]);
    expect(samples(await ask({ aggregate: 'max', interval: '5m' }, ago(60, 0)))).toEqual(
      samples(await ask({ interval: '5m' }, ago(60, 0)))
    );
  });

  it('of an instant is the newest whole bucket, for alerts as well', async () => {
    const instant = { instant: true, range: false, aggregate: 'max', interval: '5m' };
    const { ask } = await setUp([ago(120, 12)]);
    const range = { fromMs: NOW_MS, toMs: NOW_MS + 7_000 };
    const both = await ask({ ...instant, readFrom: 'both' }, range, {}, alert);
    expect(samples(both).a).toEqual(highest([NOW_MS], FIVE));
    expect(notices(both)).toEqual([TOLD, 'The newest whole bucket ended at 2026-01-01T00:00:00Z.']);
    const older = await ask({ ...instant, readFrom: 'both' }, ago(60, 20));
    expect(samples(older).a).toEqual(highest([ago(20, 0).fromMs], FIVE));
    const alone = await ask({ ...instant, readFrom: 'archive' }, ago(60, 10), {}, alert);
    expect(samples(alone).a).toEqual(highest([ago(15, 0).fromMs], FIVE));
    const late = await ask({ ...instant, readFrom: 'archive' }, ago(60, 0), {}, alert);
    expect(samples(late)).toEqual({});
    expect(notices(late).join()).toContain('no whole bucket that ends at 2026-01-01T00:00:00Z or shortly before');
  });
});

describe('samples that have expired', () => {
  const expiredAt = ago(60, 0).fromMs;
  const range = ago(90, 30);

  it('are filled in by the last values of stored rollups, at a step on which both lie', async () => {
    const { ask, archive } = await setUp([ago(180, 0)]);
    archive.ledger.expire('load', expiredAt, STORED);
    const response = await ask({ readFrom: 'archive', interval: '15s' }, range);
    expect(samples(response).a).toEqual(endsOf(range, FIVE).map((timeMs) => [timeMs, value(timeMs)]));
    // `b` is gone at the end of each bucket; what is left of it is its last value within the bucket.
    expect(samples(response).b).toEqual(
      endsOf(ago(90, 60), FIVE).map((timeMs) => [timeMs, (timeMs - 150_000) / 1_000])
    );
    expect(notices(response)).toEqual([
      'Step raised from 15s to 5m: samples of load have expired and are left as 5m rollups.',
      'Values up to 2025-12-31T23:00:00Z are the last ones of 5m rollups: the samples of load have expired.',
    ]);
    expect(origin(response)).toMatchObject({ archivedTimes: 13, rolledUpTimes: 7, liveTimes: 0 });
  });

  // [A10]
  it('change nothing for a range that has samples throughout', async () => {
    const { ask, archive } = await setUp([ago(180, 0)]);
    const before = await ask({ readFrom: 'archive', interval: '15s' }, ago(59, 30));
    archive.ledger.expire('load', expiredAt, STORED);
    expect(await ask({ readFrom: 'archive', interval: '15s' }, ago(59, 30))).toEqual(before);
  });

  it('are asked of Prometheus while it still has them', async () => {
    const { ask, archive, source } = await setUp([ago(180, 0)]);
    archive.ledger.expire('load', expiredAt, STORED);
    const response = await ask({ readFrom: 'both', interval: '15s' }, range);
    expect(samples(response)).toEqual(samples(await ask({ interval: '15s' }, range)));
    expect(notices(response)).toEqual([]);
    expect(source.asked[0]).toMatchObject({ timeMs: range.fromMs });
  });

  it('are those of Prometheus as far back as it has them, and rollups before', async () => {
    const { ask, archive } = await setUp([ago(180, 0)], ago(72, 0).fromMs);
    archive.ledger.expire('load', expiredAt, STORED);
    const response = await ask({ readFrom: 'both', interval: '15s' }, range);
    expect(samples(response).a).toEqual(endsOf(range, FIVE).map((timeMs) => [timeMs, value(timeMs)]));
    expect(samples(response).b.map(([timeMs]) => timeMs)).toEqual(endsOf(ago(90, 75), FIVE));
    expect(origin(response)).toMatchObject({ rolledUpTimes: 4, liveTimes: 3 });
    expect(notices(response).join()).toContain('Values up to 2025-12-31T22:45:00Z are the last ones of 5m rollups');
  });

  it('are filled in beside the error of Prometheus', async () => {
    const { ask, archive, source } = await setUp([ago(180, 0)]);
    archive.ledger.expire('load', expiredAt, STORED);
    source.failure = new PromkeepError('SOURCE_UNREACHABLE', 'no route');
    const response = await ask({ readFrom: 'both', interval: '15s' }, range);
    expect(response).toMatchObject({ status: 502, error: 'no route' });
    expect(samples(response).a).toHaveLength(13);
  });

  it('are not made up where rollups do not cover the whole bucket, or there are none', async () => {
    const holed = await setUp([ago(180, 83), ago(82, 0)]);
    holed.archive.ledger.expire('load', expiredAt, STORED);
    const response = await holed.ask({ readFrom: 'archive', interval: '5m' }, range);
    expect(samples(response).a.map(([timeMs]) => timeMs)).toEqual([
      ...endsOf(ago(90, 85), FIVE),
      ...endsOf(ago(75, 30), FIVE),
    ]);
    expect(notices(response).join()).toContain('The archive lacks 1 of the times in between: 2025-12-31T22:40:00Z');
    const none = await setUp([ago(180, 0)]);
    none.archive.ledger.expire('load', expiredAt, []);
    const rest = await none.ask({ readFrom: 'archive', interval: '15s' }, range);
    expect(samples(rest).a[0][0]).toBe(expiredAt + STEP);
    expect(notices(rest).join()).toContain('The archive begins at 2025-12-31T23:00:15Z.');
  });

  it('answer instants with the bucket that ended before', async () => {
    const { ask, archive } = await setUp([ago(180, 0)], NOW_MS);
    archive.ledger.expire('load', expiredAt, STORED);
    const at = { fromMs: 0, toMs: ago(62, 0).fromMs };
    for (const readFrom of ['archive', 'both']) {
      const response = await ask({ readFrom, instant: true, range: false }, at);
      expect(samples(response).a).toEqual([[ago(65, 0).fromMs, value(ago(65, 0).fromMs)]]);
      expect(notices(response).join()).toContain('are the last ones of 5m rollups');
    }
  });

  it('are counted in whole rollups by an aggregate', async () => {
    const { ask, archive } = await setUp([ago(600, 0)]);
    archive.ledger.expire('load', expiredAt, [...STORED, { widthMs: HOUR, fromMs: 0 }]);
    const short = await ask({ readFrom: 'both', aggregate: 'max', interval: '1m' }, range);
    expect(notices(short)[0]).toBe(
      'Step raised from 1m to 5m: samples of load have expired and are left as 5m rollups.'
    );
    expect(samples(short).a).toEqual(highest(endsOf(range, FIVE), FIVE));
    const long = await ask({ readFrom: 'both', aggregate: 'max', interval: '150m' }, ago(480, 0));
    expect(notices(long)[0]).toContain('to 3h: samples of load have expired and are left as 1h rollups.');
    expect(samples(long).a.at(-1)).toEqual(highest([NOW_MS], 3 * HOUR)[0]);
  });
});
