import fc from 'fast-check';
import { alert, clock, dataQuery, editor, MemoryLogger, NOW_MS } from '../../../tests/fakes/callers';
import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { MemorySource } from '../../../tests/fakes/memorySource';
import { type AnswerDeps, answerQuery } from '../answer';
import { type CompareExpressions } from '../matching/matchDefinition';
import { type Caller, type DataQuery, type DataResponse } from '../ports/datasource';
import { PromkeepError } from '../model/errors';
import { sortByLabels } from './joinSeries';
import { type Definition } from '../ports/definitions';
import { type TimeRange } from '../model/timeRange';
import { type Labels } from '../model/series';

const STEP = 15_000;
const live = (): AbortSignal => new AbortController().signal;
const never = (): AbortSignal => live();
const RECORDED: Definition = { name: 'load', expression: 'load', stepMs: STEP, retention: '1y' };

/** Two series that come and go; one value at each time. */
const valuesAt = (timeMs: number): Array<{ labels: Labels; value: number }> => [
  ...(timeMs % 60_000 === 0 ? [] : [{ labels: { instance: 'b' }, value: timeMs / 1_000 }]),
  { labels: { instance: 'a' }, value: Math.sin(timeMs) },
];
const only = (instance: string) => (timeMs: number) =>
  valuesAt(timeMs).filter(({ labels }) => labels.instance === instance);

/** `load{instance="x"}` is `load` with one matcher more; nothing else is alike. */
const compare: CompareExpressions = (recorded, asked) => {
  if (recorded === asked) {
    return [];
  }
  const found = /^(.+)\{instance(=~?)"([^"]+)"\}$/.exec(asked);
  return found && found[1] === recorded
    ? [{ name: 'instance', operator: found[2] === '=' ? '=' : '=~', value: found[3] }]
    : undefined;
};

async function setUp(covered: TimeRange[], recorded: Definition = RECORDED) {
  const source = new MemorySource({
    load: { vector: valuesAt },
    'load{instance="a"}': { vector: only('a') },
    'rate(load[1m])': { vector: valuesAt },
  });
  const archive = new MemoryArchive();
  await archive.definitions.provision([recorded]);
  await record(archive, recorded, covered);
  const logger = new MemoryLogger();
  const deps: AnswerDeps = {
    source,
    summaryMetrics: [],
    scrapeInterval: '15s',
    ...{ applyFilters: (expr) => expr, allExemplars: false, findArchived: () => undefined },
    clock,
    logger,
    readBack: { archive, forwardsCredentials: false, compare, timeoutSignal: never },
    keep: { target: undefined, clock, version: async () => undefined, timeoutSignal: never },
  };
  const ask = (json: Record<string, unknown>, part: Partial<DataQuery> = {}, caller: Caller = editor) =>
    answerQuery(deps, dataQuery({ expr: 'load', range: true, intervalMs: STEP, ...json }, part), caller, live());
  return { source, archive, deps, ask };
}

async function record(archive: MemoryArchive, recorded: Definition, covered: TimeRange[]): Promise<void> {
  const source = new MemorySource({ load: { vector: valuesAt }, 'rate(load[5m])': { vector: valuesAt } });
  for (const range of covered) {
    const grid = { startMs: range.fromMs, endMs: range.toMs, stepMs: recorded.stepMs };
    const { series } = await source.queryRange({ expr: recorded.expression, ...grid }, { signal: live() });
    const provenance = { expression: recorded.expression, stepMs: recorded.stepMs, fetchedAtMs: NOW_MS, warnings: [] };
    await archive.samples.writeRange(
      {
        query: { kind: 'recorded', name: recorded.name },
        range,
        series,
        queryName: recorded.name,
        retention: '1y',
        provenance,
        covered: [range],
        gaps: [],
      },
      live()
    );
  }
}

/** From and to, in steps before `NOW_MS`. */
const ago = (from: number, to: number): TimeRange => ({ fromMs: NOW_MS - from * STEP, toMs: NOW_MS - to * STEP });

function notices({ frames }: DataResponse): string[] {
  return frames.flatMap(({ meta }) => meta?.notices ?? []).map(({ text }) => text);
}

/** What is the same whatever the samples came from. */
function plain({ frames, ...rest }: DataResponse): unknown {
  return {
    ...rest,
    frames: frames.map(({ meta, ...frame }) => ({
      ...frame,
      type: meta?.type,
      executed: meta?.executedQueryString,
      resultType: meta?.custom?.resultType,
    })),
  };
}

describe('reading from both', () => {
  it('gives the frames Prometheus alone would give, and asks it for the younger part only', async () => {
    const { ask, source } = await setUp([ago(10, 2)]);
    const joined = await ask({ readFrom: 'both' });
    expect(source.asked).toMatchObject([{ startMs: NOW_MS - STEP, endMs: NOW_MS, stepMs: STEP }]);
    expect(plain(joined)).toEqual(plain(sorted(await ask({}))));
    expect(joined.frames[0].meta?.custom?.promkeep).toEqual({
      readFrom: { recordedQuery: 'load', archivedTimes: 3, liveTimes: 2, archivedUntilMs: NOW_MS - 2 * STEP },
    });
    expect(notices(joined)).toEqual([]);
  });

  it('does so for any coverage, step, grid and filter', async () => {
    const input = fc.record({
      cuts: fc.uniqueArray(fc.nat(60), { maxLength: 30 }),
      steps: fc.integer({ min: 1, max: 7 }),
      from: fc.nat(60),
      offset: fc.nat(STEP * 3),
      utcOffsetSec: fc.constantFrom(0, 3_600, -19_800, 20),
      instance: fc.constantFrom('', '{instance="a"}'),
      format: fc.constantFrom('series', 'standard'),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ cuts, steps, from, offset, utcOffsetSec, instance, format }) => {
        const times = cuts.sort((a, b) => b - a);
        const covered = Array.from({ length: Math.floor(times.length / 2) }, (_, i) =>
          ago(times[2 * i], times[2 * i + 1])
        );
        const { ask } = await setUp(covered);
        const range = { fromMs: NOW_MS - from * STEP - offset, toMs: NOW_MS - offset };
        const json = { expr: `load${instance}`, interval: `${steps * 15}s`, resultFormat: format };
        const joined = await ask({ ...json, readFrom: 'both', utcOffsetSec }, { range });
        const moved = Math.floor(utcOffsetSec / 15) * 15;
        const alone = await ask({ ...json, utcOffsetSec: moved }, { range });
        expect(plain(joined)).toEqual(plain(format === 'series' ? sorted(alone) : await sortedTable(alone)));
      }),
      { numRuns: 150 }
    );
  });

  // [A6]
  it('raises the step to a multiple of the recorded one, and says so', async () => {
    const { ask } = await setUp([ago(40, 2)]);
    const json = { interval: '20s', intervalMs: 20_000 };
    const range = { fromMs: NOW_MS - 600_000, toMs: NOW_MS };
    const joined = await ask({ ...json, readFrom: 'both' }, { range });
    expect(notices(joined)).toEqual(['Step raised from 20s to 30s: load is recorded every 15s.']);
    expect(plain(joined)).toEqual(plain(sorted(await ask({ interval: '30s', intervalMs: 30_000 }, { range }))));
  });

  it('asks Prometheus for a few ranges where there are many holes', async () => {
    const covered = Array.from({ length: 20 }, (_, i) => ago(40 - 2 * i, 40 - 2 * i));
    const { ask, source } = await setUp(covered);
    const range = { fromMs: NOW_MS - 40 * STEP, toMs: NOW_MS };
    const joined = await ask({ readFrom: 'both' }, { range });
    expect(source.asked.length).toBeLessThanOrEqual(8);
    expect(plain(joined)).toEqual(plain(sorted(await ask({}, { range }))));
  });

  it('shows what the archive has beside the error of Prometheus', async () => {
    const { ask, source } = await setUp([ago(10, 2)]);
    source.failure = new PromkeepError('SOURCE_UNREACHABLE', 'no route');
    const response = await ask({ readFrom: 'both' });
    expect(response).toMatchObject({ status: 502, error: 'no route' });
    expect(response.frames.map(({ fields }) => fields[0].values.length)).toEqual([3, 2]);
    const alone = await ask({ readFrom: 'both' }, { range: ago(1, 0) });
    expect(alone).toMatchObject({ status: 502, error: 'no route', frames: [] });
  });

  // [A7]
  it.each<[string, Record<string, unknown>, string]>([
    ['no recorded query matches', { expr: 'rate(load[1m])' }, 'no recorded query answers this expression'],
    ['the named one does not exist', { recordedQuery: 'lod' }, 'there is no recorded query "lod"; there are load.'],
    ['a filter is not understood', { expr: 'load{instance=~"(a)\\1"}' }, 'invalid escape sequence'],
  ])('goes to Prometheus alone where %s, with a notice', async (_, json, text) => {
    const { ask, source } = await setUp([ago(10, 2)]);
    const response = await ask({ ...json, readFrom: 'both' });
    expect(source.asked).toHaveLength(1);
    expect(notices(response).join()).toContain('Read from Prometheus alone: ');
    expect(notices(response).join()).toContain(text);
  });

  it('goes to Prometheus alone when the archive is down', async () => {
    const { ask, archive } = await setUp([ago(10, 2)]);
    archive.down = new PromkeepError('ARCHIVE_UNREACHABLE', 'The archive is away');
    const response = await ask({ readFrom: 'both' });
    expect(response.status).toBe(200);
    expect(notices(response)).toEqual(['Read from Prometheus alone: The archive is away']);
    expect(plain(response)).toEqual(plain(await ask({})));
  });

  it('says at which window a query is recorded when only that differs', async () => {
    const rate = { ...RECORDED, expression: 'rate(load[5m])' };
    const { ask } = await setUp([], rate);
    expect(notices(await ask({ expr: 'rate(load[1m])', readFrom: 'both' })).join()).toContain(
      'It differs in the window only: [5m] is recorded, [1m] asked for.'
    );
  });

  it('keeps nothing of an answer that is half archived', async () => {
    const { ask } = await setUp([ago(10, 2)]);
    expect(notices(await ask({ readFrom: 'both', keep: true }))).toEqual([
      'Not kept: only answers of Prometheus alone are kept.',
    ]);
  });
});

describe('instant queries', () => {
  it('are answered by the archive inside of its coverage, at a recorded time', async () => {
    const { ask, source } = await setUp([ago(10, 2)]);
    const at = NOW_MS - 4 * STEP;
    const exact = await ask({ readFrom: 'both', instant: true, range: false }, { range: { fromMs: 0, toMs: at } });
    const between = await ask(
      { readFrom: 'both', instant: true, range: false },
      { range: { fromMs: 0, toMs: at + 7 } }
    );
    expect(source.asked).toEqual([]);
    expect(exact.frames.map(({ fields }) => [fields[0].values[0], fields[1].values[0]])).toEqual([[at, Math.sin(at)]]);
    expect(exact.frames[0].meta?.type).toBe('numeric-multi');
    expect(plain(between)).toEqual(plain(exact));
    expect(notices(exact)).toEqual([]);
    expect(notices(between)).toEqual([
      'The archive answers for 2025-12-31T23:59:00Z, the last time that is recorded before the asked one.',
    ]);
  });

  it('are answered by Prometheus from the end of coverage on', async () => {
    const { ask, source } = await setUp([ago(10, 2)]);
    const range = { fromMs: 0, toMs: NOW_MS - 2 * STEP + 1 };
    await ask({ readFrom: 'both', instant: true, range: false }, { range });
    expect(source.asked).toMatchObject([{ timeMs: range.toMs }]);
  });

  it('of the archive alone give its newest values, for alerts as well', async () => {
    const { ask, source } = await setUp([ago(10, 4)]);
    const response = await ask({ readFrom: 'archive', instant: true, range: false }, {}, alert);
    expect(source.asked).toEqual([]);
    expect(response.frames.map(({ fields }) => fields[0].values[0])).toEqual([NOW_MS - 4 * STEP]);
    expect(notices(response)).toEqual(['The newest values in the archive are of 2025-12-31T23:59:00Z.']);
  });

  it('of the archive alone give nothing when the newest is too old', async () => {
    const { ask } = await setUp([ago(40, 30)]);
    const response = await ask({ readFrom: 'archive', instant: true, range: false }, {}, alert);
    expect(response.frames.map(({ fields }) => fields)).toEqual([[]]);
    expect(notices(response).join()).toContain('nothing of 2026-01-01T00:00:00Z or shortly before');
  });
});

describe('reading from the archive alone', () => {
  it('never asks Prometheus and shows gaps as gaps, named', async () => {
    const { ask, source, archive } = await setUp([ago(10, 8), ago(5, 2)]);
    await archive.ledger.noteGap('load', { ...ago(7, 6), reason: 'source-down' });
    const response = await ask({ readFrom: 'archive', exemplar: true }, { range: ago(9, 0) });
    expect(source.asked).toEqual([]);
    expect([...response.frames[0].fields[0].values]).toEqual([9, 8, 5, 4, 3, 2].map((steps) => NOW_MS - steps * STEP));
    expect(notices(response)).toEqual([
      'The archive has no exemplars.',
      'The archive ends at 2025-12-31T23:59:30Z.',
      'The archive lacks 2 of the times in between: 2025-12-31T23:58:15Z to 2025-12-31T23:58:30Z (Prometheus could not be reached).',
    ]);
  });

  it('says where it begins', async () => {
    const { ask } = await setUp([ago(5, 0)]);
    const response = await ask({ readFrom: 'archive' }, { range: ago(9, 0) });
    expect(notices(response)).toEqual(['The archive begins at 2025-12-31T23:58:45Z.']);
  });

  it('filters archived series', async () => {
    const { ask } = await setUp([ago(10, 0)]);
    const response = await ask({ readFrom: 'archive', expr: 'load{instance=~"a|c"}' });
    expect(response.frames.map(({ fields }) => fields[1].labels)).toEqual([{ instance: 'a' }]);
  });

  // [A7]
  it('reads a recorded query by its name', async () => {
    const { ask } = await setUp([ago(10, 0)]);
    const response = await ask({ readFrom: 'archive', expr: '', recordedQuery: 'load' });
    expect(plain(response)).toEqual(plain(await ask({ readFrom: 'archive' })));
  });

  // [A7]
  it('is an error that names the nearest recorded query where none answers', async () => {
    const { ask, source } = await setUp([ago(10, 0)]);
    expect(await ask({ readFrom: 'archive', expr: 'rate(load[1m])' })).toMatchObject({
      status: 400,
      error:
        'Cannot read from the archive: no recorded query answers this expression. The nearest is load: load (every 15s).',
    });
    expect(source.asked).toEqual([]);
  });

  it('never gives what was recorded under an older expression', async () => {
    const { ask, archive } = await setUp([ago(10, 0)]);
    await archive.definitions.provision([{ ...RECORDED, expression: 'load{instance="a"}' }]);
    const response = await ask({ readFrom: 'archive', expr: 'load{instance="a"}' });
    expect(response.frames.map(({ fields }) => fields)).toEqual([[]]);
    expect(notices(response)).toEqual(['The archive has nothing of this range.']);
  });

  it.each<[string, (deps: AnswerDeps) => AnswerDeps, Caller, string]>([
    [
      'there is no archive',
      (deps) => ({ ...deps, readBack: { ...deps.readBack, archive: undefined } }),
      editor,
      'no archive',
    ],
    [
      'the datasource forwards credentials',
      (deps) => ({ ...deps, readBack: { ...deps.readBack, forwardsCredentials: true } }),
      editor,
      "each user's own credentials",
    ],
    [
      'a credential came along',
      (deps) => deps,
      { ...editor, headers: { authorization: 'Bearer x' } },
      "each user's own credentials",
    ],
  ])('is refused where %s; both then reads Prometheus alone', async (_, change, caller, reason) => {
    const { deps, source } = await setUp([ago(10, 0)]);
    const ask = (readFrom: string): Promise<DataResponse> =>
      answerQuery(change(deps), dataQuery({ expr: 'load', readFrom }), caller, live());
    const refused = await ask('archive');
    expect(refused.error).toContain(reason);
    expect(source.asked).toEqual([]);
    expect(notices(await ask('both')).join()).toContain(reason);
    expect(source.asked).toHaveLength(1);
  });

  it('does not take an unknown place for another', async () => {
    const { ask } = await setUp([]);
    expect(await ask({ readFrom: 'postgres' })).toMatchObject({
      status: 400,
      error: '"readFrom" must be one of prometheus, archive, both, not "postgres".',
    });
  });
});

describe('several recorded queries that answer', () => {
  it('prefers the one that covers more, then the one whose step is nearer', async () => {
    const { ask, archive } = await setUp([ago(10, 0)]);
    const coarse = { ...RECORDED, name: 'load_coarse', stepMs: 60_000 };
    await archive.definitions.provision([RECORDED, coarse]);
    await record(archive, coarse, [{ fromMs: NOW_MS - 6_000_000, toMs: NOW_MS }]);
    const origin = async (range: TimeRange, interval: string): Promise<unknown> => {
      const { frames } = await ask({ readFrom: 'archive', interval, intervalMs: 0 }, { range });
      return frames[0].meta?.custom?.promkeep;
    };
    expect(await origin(ago(8, 0), '15s')).toMatchObject({ readFrom: { recordedQuery: 'load' } });
    expect(await origin(ago(300, 0), '1m')).toMatchObject({ readFrom: { recordedQuery: 'load_coarse' } });
  });
});

/** The fake answers in the order in which series appear, a real Prometheus in that of their labels. */
function sorted(response: DataResponse): DataResponse {
  const order = sortByLabels(
    response.frames.map(({ fields }, i) => ({
      labels: fields[1]?.labels,
      timesMs: Float64Array.of(i),
      values: new Float64Array(1),
    }))
  ).map(({ timesMs }) => timesMs[0]);
  const frames = order.map((i) => response.frames[i]);
  const meta = { ...response.frames[0].meta };
  return {
    ...response,
    frames: frames.map((frame, i) => ({
      ...frame,
      meta: i === 0 ? meta : { type: frame.meta?.type, custom: { resultType: frame.meta?.custom?.resultType } },
    })),
  };
}

/** A table has its rows in the order of the series. */
async function sortedTable(response: DataResponse): Promise<DataResponse> {
  const [frame] = response.frames;
  const labels = frame.fields.find(({ name }) => name === 'labels')?.values ?? [];
  const order = [...labels.keys()].sort((a, b) => (labels[a] < labels[b] ? -1 : labels[a] > labels[b] ? 1 : a - b));
  const fields = frame.fields.map((field) =>
    field.type === 'string'
      ? { ...field, values: order.map((i) => field.values[i]) }
      : { ...field, values: Float64Array.from(order, (i) => field.values[i]) }
  );
  return { ...response, frames: [{ ...frame, fields } as typeof frame] };
}
