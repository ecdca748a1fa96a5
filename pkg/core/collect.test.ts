import { MemoryArchive } from '../../tests/fakes/memoryArchive';
import { ramp, ScriptedSource } from '../../tests/fakes/scriptedSource';
import { collectNext } from './collect';
import { openProgress, type CollectDeps, type CollectProgress, type CollectStep } from './collect/progress';
import { COLLECT_DEFAULTS, defaultSettleMs } from './collect/fetchRange';
import { refillNext, REFILL_DEFAULTS } from './collect/refill';
import { PromkeepError } from './model/errors';
import { MemoryBudget } from './memory/memoryBudget';
import { type Definition } from './ports/definitions';

const QUERY: Definition = { name: 'load', expression: 'node_load1', stepMs: 15_000, retention: '30d' };
/** 2026-01-01T00:00:00Z, on every grid used here. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

function setUp(settings: Partial<CollectDeps['settings']> = {}) {
  const source = new ScriptedSource();
  const archive = new MemoryArchive();
  archive.ledger.define(QUERY);
  const clock = { ms: EPOCH_MS, nowMs: () => clock.ms };
  const deps: CollectDeps = {
    source,
    samples: archive.samples,
    ledger: archive.ledger,
    clock,
    settings: { ...COLLECT_DEFAULTS, settleMs: 43_000, ...settings },
    sourceVersion: async () => '2.42.0',
  };
  return { source, archive, clock, deps };
}

const signal = new AbortController().signal;

async function runAll(deps: CollectDeps, progress: CollectProgress): Promise<CollectStep[]> {
  const steps: CollectStep[] = [];
  for (let next = progress; steps.length < 200;) {
    const step = await collectNext(deps, QUERY, next, signal);
    steps.push(step);
    next = step.progress;
    if (!step.more) {
      return steps;
    }
  }
  throw new Error('no end in sight');
}

describe('when a query is due', () => {
  // [A6]
  it('starts a new query at the newest settled grid time and asks for nothing younger', async () => {
    const { deps, archive } = setUp();
    const steps = await runAll(deps, await openProgress(deps, QUERY, undefined));
    // now − 43 s is 23:59:17; the grid time before it is 23:59:15
    expect(archive.samples.writes.map(({ range }) => range)).toEqual([
      { fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS - 45_000 },
    ]);
    expect(steps.at(-1)?.more).toBe(false);
  });

  it('begins earlier by the backfill', async () => {
    const { deps, archive } = setUp({ backfillMs: 3_600_000 });
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes[0].range).toEqual({ fromMs: EPOCH_MS - 45_000 - 3_600_000, toMs: EPOCH_MS - 45_000 });
  });

  it('writes nothing over what was recorded before an Editor gave it another expression, however far a backfill goes', async () => {
    const { deps, archive } = setUp({ backfillMs: 3_600_000 });
    await runAll(deps, await openProgress(deps, { ...QUERY, version: 2 }, undefined));
    expect(archive.samples.writes[0].range).toEqual({ fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS - 45_000 });
  });

  it('does nothing until the next grid time has settled', async () => {
    const { deps, source, clock } = setUp();
    const [first] = await runAll(deps, await openProgress(deps, QUERY, undefined));
    source.asked.length = 0;
    clock.ms += 12_000;
    expect((await collectNext(deps, QUERY, first.progress, signal)).range).toBeUndefined();
    expect(source.asked).toEqual([]);
    clock.ms += 1_000;
    expect((await collectNext(deps, QUERY, first.progress, signal)).range).toEqual({
      fromMs: EPOCH_MS - 30_000,
      toMs: EPOCH_MS - 30_000,
    });
  });

  it('goes on after a restart where the ledger ends, without asking for a time twice', async () => {
    const { deps, archive, clock } = setUp();
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    clock.ms += 600_000;
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes.map(({ range }) => range.fromMs)).toEqual([EPOCH_MS - 45_000, EPOCH_MS - 30_000]);
    expect(archive.samples.count()).toBe(41);
    expect(await archive.ledger.coverage('load')).toEqual([{ fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS + 555_000 }]);
  });

  it('starts at the first noted gap when nothing was ever covered', async () => {
    const { deps } = setUp();
    const progress = await openProgress(deps, QUERY, EPOCH_MS - 900_000);
    expect(progress).toMatchObject({ frontierMs: EPOCH_MS - 915_000, historyStartMs: EPOCH_MS - 900_000 });
  });

  it('notes no gap for the time before the source first held data: the history begins there', async () => {
    const { deps, source, archive } = setUp({ backfillMs: 60_000 });
    const firstDataMs = EPOCH_MS - 75_000;
    source.answer = (query) => ({ series: [ramp(query, (t) => t >= firstDataMs)] });
    const steps = await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes[0].gaps).toEqual([]);
    expect(archive.samples.writes[0].covered).toEqual([{ fromMs: firstDataMs, toMs: EPOCH_MS - 45_000 }]);
    expect(steps.at(-1)?.progress).toMatchObject({ begun: true, historyStartMs: firstDataMs });
  });

  it('waits with the history while the source holds no data at all', async () => {
    const { deps, source, archive, clock } = setUp();
    source.answer = () => ({ series: [] });
    const [empty] = await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(empty.progress).toMatchObject({ begun: false, historyStartMs: EPOCH_MS - 30_000 });
    source.answer = (query) => ({ series: [ramp(query, () => true)] });
    clock.ms += 15_000;
    const [first] = await runAll(deps, empty.progress);
    expect(first.progress).toMatchObject({ begun: true, historyStartMs: EPOCH_MS - 30_000 });
  });

  it('notes the gap of a source that was down at the first start', async () => {
    const { deps, source } = setUp();
    source.answer = () => {
      throw new PromkeepError('SOURCE_UNREACHABLE', 'down');
    };
    const step = await collectNext(deps, QUERY, await openProgress(deps, QUERY, undefined), signal);
    expect(step).toMatchObject({ progress: { begun: true }, failure: { reason: 'source-down' } });
  });

  it('asks for at most maxPoints at once', async () => {
    const { deps, archive } = setUp({ backfillMs: 15_000 * 24, maxPoints: 10 });
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes.map(({ series }) => series[0].timesMs.length)).toEqual([10, 10, 5]);
  });

  // [A6]
  it('settles after 2.2 scrapes and a timeout', () => {
    expect(defaultSettleMs(15_000, 10_000)).toBe(43_000);
  });
});

describe('what counts as covered', () => {
  it('is nothing before the first time that the source holds itself, and nothing is stored of it', async () => {
    const { deps, archive } = setUp({ backfillMs: 120_000 });
    const heldFromMs = EPOCH_MS - 90_000;
    const own = { ...deps, heldFromMs: async () => heldFromMs };
    await runAll(own, await openProgress(own, QUERY, undefined));
    expect(await archive.ledger.coverage('load')).toEqual([{ fromMs: heldFromMs, toMs: EPOCH_MS - 45_000 }]);
    const times = archive.samples.writes.flatMap(({ series }) => series.flatMap(({ timesMs }) => [...timesMs]));
    expect(Math.min(...times)).toBe(heldFromMs);
  });

  // [A5]
  it('leaves out the times at which the probe found no data, and says so', async () => {
    const { deps, source, archive } = setUp({ backfillMs: 60_000 });
    const emptyAt = EPOCH_MS - 75_000;
    source.answer = (query) =>
      query.expr === 'count(up)' ? { series: [ramp(query, (t) => t !== emptyAt)] } : undefined;
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes[0].covered).toEqual([
      { fromMs: EPOCH_MS - 105_000, toMs: EPOCH_MS - 90_000 },
      { fromMs: EPOCH_MS - 60_000, toMs: EPOCH_MS - 45_000 },
    ]);
    expect(archive.samples.writes[0].gaps).toEqual([{ fromMs: emptyAt, toMs: emptyAt, reason: 'source-had-no-data' }]);
  });

  it('covers times at which the query had no series while the source had data', async () => {
    const { deps, source, archive } = setUp();
    source.answer = (query) => (query.expr === 'count(up)' ? undefined : { series: [] });
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes[0]).toMatchObject({
      series: [],
      covered: [archive.samples.writes[0].range],
      gaps: [],
    });
  });

  // [A5]
  it('stores an answer with storage warnings but keeps the range open', async () => {
    const { deps, source, archive } = setUp();
    source.answer = () => ({ warnings: ['remote read failed'] });
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes[0].covered).toEqual([]);
    expect(archive.samples.writes[0].gaps).toMatchObject([
      { reason: 'partial-answer', detail: 'remote read failed; remote read failed' },
    ]);
    expect(archive.samples.count()).toBe(1);
    expect(archive.samples.writes[0].provenance.warnings).toEqual(['remote read failed']);
  });

  it('takes remarks of the PromQL engine as what they are', async () => {
    const { deps, source, archive } = setUp();
    source.answer = () => ({ warnings: ['PromQL warning: quantile value should be between 0 and 1, got 2'] });
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes[0].covered).toEqual([archive.samples.writes[0].range]);
  });

  it('carries the provenance', async () => {
    const { deps, archive } = setUp();
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.writes[0].provenance).toEqual({
      expression: 'node_load1',
      stepMs: 15_000,
      fetchedAtMs: EPOCH_MS,
      prometheusVersion: '2.42.0',
      warnings: [],
    });
  });
});

describe('when something fails', () => {
  it('notes a gap while the source is down and does not move on', async () => {
    const { deps, source, archive, clock } = setUp();
    const opened = await openProgress(deps, QUERY, undefined);
    source.down = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
    clock.ms += 30_000;
    const step = await collectNext(deps, QUERY, opened, signal);
    expect(step).toMatchObject({ more: false, failure: { reason: 'source-down', transient: true } });
    expect(archive.ledger.gaps.get('load')).toEqual([
      { fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS - 15_000, reason: 'source-down', detail: 'connection refused' },
    ]);
    source.down = undefined;
    await runAll(deps, step.progress);
    expect(await archive.ledger.coverage('load')).toEqual([{ fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS - 15_000 }]);
  });

  it('catches up from the ledger after the archive was down', async () => {
    const { deps, archive, clock } = setUp();
    const [first] = await runAll(deps, await openProgress(deps, QUERY, undefined));
    archive.down = new PromkeepError('ARCHIVE_UNREACHABLE', 'no database');
    clock.ms += 60_000;
    const failed = await collectNext(deps, QUERY, first.progress, signal);
    expect(failed.failure).toMatchObject({ reason: 'archive-down', transient: true });
    archive.down = undefined;
    clock.ms += 60_000;
    await runAll(deps, failed.progress);
    expect(archive.samples.count()).toBe(9);
  });

  it('halves a request that was too large and grows again', async () => {
    const { deps, source, archive } = setUp({ backfillMs: 15_000 * 39 });
    source.answer = (query) => {
      if ((query.endMs - query.startMs) / query.stepMs >= 12) {
        throw new PromkeepError('SOURCE_RESPONSE_TOO_LARGE', 'too large');
      }
      return undefined;
    };
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.count()).toBe(40);
    expect(await archive.ledger.coverage('load')).toHaveLength(1);
    expect(archive.ledger.gaps.get('load')).toEqual([]);
  });

  it('leaves a small gap around the times at which the query cannot be evaluated', async () => {
    const { deps, source, archive } = setUp({ backfillMs: 15_000 * 99 });
    const badMs = EPOCH_MS - 45_000 - 15_000 * 50;
    source.answer = ({ expr, startMs, endMs }) => {
      if (expr !== 'count(up)' && startMs <= badMs && badMs <= endMs) {
        throw new PromkeepError('SOURCE_REFUSED', 'many-to-many matching not allowed', { status: 422 });
      }
      return undefined;
    };
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(archive.samples.count()).toBe(99);
    expect(archive.ledger.gaps.get('load')).toEqual([
      { fromMs: badMs, toMs: badMs, reason: 'query-failed', detail: 'many-to-many matching not allowed' },
    ]);
  });

  it('gives up a query that always fails after a handful of requests, and covers nothing', async () => {
    const { deps, source, archive } = setUp({ backfillMs: 15_000 * 5_000 });
    source.down = new PromkeepError('SOURCE_REFUSED', 'parse error', { status: 400 });
    const steps = await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(steps.length).toBeLessThan(60);
    expect(steps.at(-1)?.failure?.error.message).toBe('parse error');
    expect(await archive.ledger.coverage('load')).toEqual([]);
    const points = (archive.ledger.gaps.get('load') ?? []).reduce(
      (sum, gap) => sum + (gap.toMs - gap.fromMs) / 15_000 + 1,
      0
    );
    expect(points).toBe(5_001);
  });

  // [A14]
  it('refuses strings and native histograms in words', async () => {
    const { deps, source } = setUp();
    const opened = await openProgress(deps, QUERY, undefined);
    source.answer = () => ({ resultType: 'string', series: [], text: { timeMs: EPOCH_MS, value: 'x' } });
    const text = await collectNext(deps, QUERY, opened, signal);
    expect(text.failure?.error).toMatchObject({ code: 'QUERY_INVALID', message: expect.stringContaining('string') });
    source.answer = (query) => ({ series: [{ ...ramp(query), histograms: oneHistogram() }] });
    const histogram = await collectNext(deps, QUERY, opened, signal);
    expect(histogram.failure?.error.message).toContain('native histograms');
  });

  it('leaves a gap that names the limit where a query has too many series, and fills it once the limit is raised', async () => {
    const seriesLimit = { max: 2, setting: 'archive.max_series' };
    const { deps, source, archive, clock } = setUp({ seriesLimit });
    source.answer = (query) => (query.expr === 'node_load1' ? { series: [ramp(query), ramp(query), ramp(query)] } : {});
    const steps = await runAll(deps, await openProgress(deps, QUERY, undefined));
    const at = { fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS - 45_000 };
    const detail =
      'The recorded query load returns more than 2 series, the limit that archive.max_series sets: aggregate, add matchers, or raise it.';
    expect(archive.ledger.gaps.get('load')).toEqual([{ ...at, reason: 'query-failed', detail }]);
    expect(steps.at(-1)?.failure).toMatchObject({ error: { code: 'LIMIT_EXCEEDED' }, transient: false });
    clock.ms += 15_000;
    const raised = { ...deps, settings: { ...deps.settings, seriesLimit: { ...seriesLimit, max: 3 } } };
    const [after] = await runAll(raised, steps[steps.length - 1].progress);
    expect(after.write?.coveredPoints).toBe(1);
    const refill = { ...raised, refill: REFILL_DEFAULTS };
    expect((await refillNext(refill, QUERY, { progress: after.progress, memory: new Map() }, signal)).range).toEqual(
      at
    );
    expect(await archive.ledger.coverage('load')).toEqual([{ ...at, toMs: at.toMs + 15_000 }]);
  });

  it('asks again, and gives up nothing, where others hold the memory just now', async () => {
    const { deps, source, archive, clock } = setUp();
    source.answer = () => {
      throw new PromkeepError('LIMIT_EXCEEDED', 'There is no room in memory', { status: 429 });
    };
    const [full] = await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(full.failure).toMatchObject({ error: { message: 'There is no room in memory' }, transient: true });
    source.answer = () => ({});
    clock.ms += 15_000;
    await runAll(deps, full.progress);
    expect(await archive.ledger.coverage('load')).toEqual([{ fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS - 30_000 }]);
  });

  it('holds memory until what was fetched is written, and not longer', async () => {
    const { deps, archive } = setUp();
    const budget = new MemoryBudget(1024 ** 3, () => signal);
    const held: number[] = [];
    const write = archive.samples.writeRange.bind(archive.samples);
    jest.spyOn(archive.samples, 'writeRange').mockImplementation((range, live) => {
      held.push(budget.use.shares);
      return write(range, live);
    });
    await runAll({ ...deps, budget }, await openProgress(deps, QUERY, undefined));
    expect([held, budget.use.shares]).toEqual([[1], 0]);
  });

  it('asks for shorter ranges where only a long one has too many series', async () => {
    const { deps, source, archive } = setUp({ backfillMs: 15_000 * 39, seriesLimit: { max: 10, setting: 'x' } });
    // Series come and go, one a point.
    source.answer = (query) => {
      const points = (query.endMs - query.startMs) / query.stepMs + 1;
      return query.expr === 'node_load1' ? { series: Array.from({ length: points }, () => ramp(query)) } : undefined;
    };
    await runAll(deps, await openProgress(deps, QUERY, undefined));
    expect(await archive.ledger.coverage('load')).toHaveLength(1);
    expect(archive.ledger.gaps.get('load')).toEqual([]);
  });

  it('says which expression failed when it was the probe', async () => {
    const { deps, source } = setUp({ probe: 'count(' });
    source.answer = ({ expr }) => {
      if (expr === 'count(') {
        throw new PromkeepError('SOURCE_REFUSED', 'unclosed left parenthesis');
      }
      return undefined;
    };
    const step = await collectNext(deps, QUERY, await openProgress(deps, QUERY, undefined), signal);
    expect(step.failure?.error.message).toBe("The archive's probe count( failed: unclosed left parenthesis");
  });

  it('passes an abort on', async () => {
    const { deps, source } = setUp();
    const opened = await openProgress(deps, QUERY, undefined);
    const abort = new AbortController();
    source.answer = () => {
      abort.abort(new Error('stop'));
      throw new PromkeepError('QUERY_CANCELLED', 'cancelled');
    };
    await expect(collectNext(deps, QUERY, opened, abort.signal)).rejects.toThrow('stop');
  });
});

function oneHistogram() {
  return {
    timesMs: Float64Array.of(EPOCH_MS),
    counts: Float64Array.of(1),
    sums: Float64Array.of(1),
    bucketStart: Uint32Array.of(0, 0),
    bucketRule: new Int8Array(),
    bucketLower: new Float64Array(),
    bucketUpper: new Float64Array(),
    bucketCount: new Float64Array(),
  };
}
