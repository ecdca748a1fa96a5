import { MemoryArchive } from '../../../../tests/fakes/memoryArchive';
import { MemoryRawSource } from '../../../../tests/fakes/memoryRawSource';
import { samplesIn } from '../../../../tests/fakes/rawSamples';
import { ramp, ScriptedSource } from '../../../../tests/fakes/scriptedSource';
import { collectNext } from '../../collect';
import { PromkeepError } from '../../model/errors';
import { RAW_PIECE_MS, RAW_STEP_MS } from '../../model/rawSeries';
import { type Definition } from '../../ports/definitions';
import { COLLECT_DEFAULTS } from '../fetchRange';
import { type CollectDeps, nextDueAtMs, openProgress, type CollectProgress, type CollectStep } from '../progress';
import { RecordingAllowance } from '../recordingAllowance';
import { REFILL_DEFAULTS, refillNext } from '../refill';
import { backfillQuery } from '../backfill';

const MINUTE_MS = RAW_STEP_MS;
const DAY_MS = 86_400_000;
const SETTLE_MS = 43_000;
const EPOCH_MS = Date.UTC(2026, 0, 5);
const RAW: Definition = { name: 'node', expression: '{job="node"}', raw: true, stepMs: RAW_STEP_MS, retention: '1y' };
const signal = new AbortController().signal;

function setUp(settings: Partial<CollectDeps['settings']> = {}) {
  const source = new ScriptedSource();
  const rawSource = new MemoryRawSource();
  const archive = new MemoryArchive();
  archive.ledger.define(RAW);
  const clock = { ms: EPOCH_MS + 10 * 3_600_000, nowMs: () => clock.ms };
  const deps: CollectDeps = {
    ...{ source, clock, samples: archive.samples, ledger: archive.ledger, raw: archive.raw },
    settings: { ...COLLECT_DEFAULTS, settleMs: SETTLE_MS, ...settings },
    sourceVersion: async () => '2.42.0',
    rawReading: {
      source: rawSource,
      readSelectors: () => [[{ name: 'job', operator: '=', value: 'node' }]],
      pieceMs: RAW_PIECE_MS,
      settleMs: SETTLE_MS,
    },
  };
  rawSource.add({ __name__: 'up', job: 'node' }, { fromMs: EPOCH_MS - 2 * DAY_MS, toMs: EPOCH_MS + DAY_MS });
  rawSource.add({ __name__: 'up', job: 'other' }, { fromMs: EPOCH_MS - 2 * DAY_MS, toMs: EPOCH_MS + DAY_MS });
  return { source, rawSource, archive, clock, deps };
}

async function runAll(deps: CollectDeps, from?: CollectProgress): Promise<CollectStep[]> {
  const steps: CollectStep[] = [];
  for (let next = from ?? (await openProgress(deps, RAW, undefined)); steps.length < 200;) {
    const step = await collectNext(deps, RAW, next, signal);
    steps.push(step);
    next = step.progress;
    if (!step.more) {
      return steps;
    }
  }
  throw new Error('no end in sight');
}

async function kept(archive: MemoryArchive, range = { fromMs: 0, toMs: Infinity }): Promise<number[]> {
  const times: number[] = [];
  for await (const { chunks } of archive.raw.select({ selector: [], range, definition: RAW.name }, signal)) {
    times.push(...chunks.flatMap(samplesIn).map(({ timeMs }) => timeMs));
  }
  return times;
}

const minutes = (from: number, to: number): { fromMs: number; toMs: number } => ({
  fromMs: EPOCH_MS + from * MINUTE_MS,
  toMs: EPOCH_MS + to * MINUTE_MS,
});

describe('when raw series are due', () => {
  it('begins a later version behind all that its predecessor may have kept', async () => {
    const { deps, archive, clock } = setUp();
    await runAll(deps);
    const later = { ...RAW, expression: 'other', version: 2 };
    const progress = await openProgress(
      { ...deps, ledger: { ...deps.ledger, coverage: async () => [] } },
      later,
      undefined
    );
    expect(progress).toMatchObject({
      frontierMs: EPOCH_MS + 569 * MINUTE_MS,
      historyStartMs: EPOCH_MS + 570 * MINUTE_MS,
    });
    clock.ms += RAW_PIECE_MS;
    const { range } = await collectNext(deps, later, progress, signal);
    expect(range).toEqual(minutes(570, 599));
    const times = await kept(archive, { fromMs: 0, toMs: EPOCH_MS + 570 * MINUTE_MS - 1 });
    expect(times).toHaveLength(30 * 4);
  });

  it('begins with the last whole piece, and writes all samples of its minutes and no others', async () => {
    const { deps, archive } = setUp();
    await runAll(deps);
    expect(archive.raw.writes.map(({ range }) => range)).toEqual([minutes(540, 569)]);
    expect(await archive.ledger.coverage('node')).toEqual([minutes(540, 569)]);
    const times = await kept(archive);
    expect([times[0], times.at(-1), times.length]).toEqual([
      EPOCH_MS + 540 * MINUTE_MS,
      EPOCH_MS + 570 * MINUTE_MS - 15_000,
      120,
    ]);
  });

  it('waits until a piece is settled as a whole, to the millisecond', async () => {
    const { deps, archive, clock } = setUp();
    const [{ progress }] = await runAll(deps);
    expect(nextDueAtMs(deps, RAW, progress.frontierMs)).toBe(EPOCH_MS + 600 * MINUTE_MS + SETTLE_MS);
    clock.ms = EPOCH_MS + 600 * MINUTE_MS + SETTLE_MS - 1;
    expect((await collectNext(deps, RAW, progress, signal)).range).toBeUndefined();
    clock.ms++;
    expect((await collectNext(deps, RAW, progress, signal)).range).toEqual(minutes(570, 599));
    expect(await archive.ledger.coverage('node')).toEqual([minutes(540, 599)]);
  });

  it('catches up in pieces that grow to a day and never cross midnight', async () => {
    const { deps, archive } = setUp({ backfillMs: 3 * DAY_MS });
    await runAll(deps);
    const ranges = archive.raw.writes.map(({ range }) => range);
    expect(ranges.map(({ fromMs, toMs }) => (toMs - fromMs) / MINUTE_MS + 1)).toEqual([
      30, 60, 120, 240, 420, 960, 480, 1440, 570,
    ]);
    expect(ranges.every(({ fromMs, toMs }) => Math.floor(fromMs / DAY_MS) === Math.floor(toMs / DAY_MS))).toBe(true);
    expect((await kept(archive)).length).toBe(4 * (2 * 1_440 + 570));
  });

  it('keeps pieces to ten million samples, but not below their length', async () => {
    const { deps, archive } = setUp({ backfillMs: DAY_MS });
    const write = archive.raw.writeRaw.bind(archive.raw);
    archive.raw.writeRaw = async (one, at) => ({ ...(await write(one, at)), inserted: 5_000_000 });
    await runAll(deps);
    const points = archive.raw.writes.map(({ range: { fromMs, toMs } }) => (toMs - fromMs) / MINUTE_MS + 1);
    // 30 points had 5 million: 60 may come next, which then have as many: 120, 240
    expect(points.slice(0, 4)).toEqual([30, 60, 120, 240]);
    archive.raw.writes.length = 0;
    archive.raw.writeRaw = async (one, at) => ({ ...(await write(one, at)), inserted: 50_000_000 });
    archive.ledger.delete(RAW.name);
    archive.ledger.rows.delete(RAW.name);
    archive.ledger.define(RAW);
    await runAll(deps);
    expect(archive.raw.writes.every(({ range: { fromMs, toMs } }) => toMs - fromMs === 29 * MINUTE_MS)).toBe(true);
  });
});

describe('what counts as covered', () => {
  it('asks the probe at the end of each minute and leaves out those that the source held nothing of', async () => {
    const { deps, source, archive } = setUp();
    const end = 59_999;
    source.answer = (query) => ({
      series: [ramp(query, (timeMs) => timeMs !== EPOCH_MS + 550 * MINUTE_MS + end)],
    });
    await runAll(deps);
    expect(source.asked).toEqual([
      expect.objectContaining({
        expr: 'count(up)',
        startMs: EPOCH_MS + 540 * MINUTE_MS + end,
        endMs: EPOCH_MS + 569 * MINUTE_MS + end,
        stepMs: MINUTE_MS,
      }),
    ]);
    expect(await archive.ledger.coverage('node')).toEqual([minutes(540, 549), minutes(551, 569)]);
    expect(archive.ledger.gaps.get('node')).toEqual([{ ...minutes(550, 550), reason: 'source-had-no-data' }]);
  });

  it('covers nothing while the storage warns, and adds what there is', async () => {
    const { deps, source, archive } = setUp();
    source.answer = () => ({ warnings: ['remote read failed'] });
    await runAll(deps);
    expect(await archive.ledger.coverage('node')).toEqual([]);
    expect(archive.ledger.gaps.get('node')).toMatchObject([{ reason: 'partial-answer', detail: 'remote read failed' }]);
    expect(await kept(archive)).toHaveLength(120);
  });

  it('says so where series came by query', async () => {
    const { deps, rawSource, archive } = setUp();
    rawSource.told = { ...rawSource.told, by: 'query' };
    const [{ write }] = await runAll(deps);
    expect(write?.warnings).toEqual([expect.stringContaining('without stale markers')]);
    expect(archive.raw.writes[0].provenance.warnings).toEqual(write?.warnings);
  });

  it('writes nothing of an answer that breaks off, and asks again', async () => {
    const { deps, rawSource, archive } = setUp();
    rawSource.add({ __name__: 'up', job: 'node', instance: 'b' }, { ...minutes(500, 600) });
    rawSource.broken = new PromkeepError('SOURCE_UNREACHABLE', 'broke off');
    const [{ failure, progress }] = await runAll(deps);
    expect(failure).toMatchObject({ reason: 'source-down', transient: true });
    expect(await kept(archive)).toEqual([]);
    expect(archive.ledger.gaps.get('node')).toMatchObject([{ ...minutes(540, 569), reason: 'source-down' }]);
    rawSource.broken = undefined;
    await runAll(deps, progress);
    expect(await archive.ledger.coverage('node')).toEqual([minutes(540, 569)]);
    expect(await kept(archive)).toHaveLength(240);
  });

  it('refuses more series than are allowed, and more samples a day', async () => {
    const { deps, rawSource, archive } = setUp({ seriesLimit: { max: 1, setting: 'archive.max_series' } });
    rawSource.add({ __name__: 'up', job: 'node', instance: 'b' }, { ...minutes(500, 600) });
    const steps = await runAll(deps);
    expect(steps.find(({ failure }) => failure)?.failure).toMatchObject({
      reason: 'query-failed',
      error: { message: expect.stringContaining('more than 1, the limit that archive.max_series sets') },
    });
    expect(await kept(archive)).toEqual([]);

    const amounts = { queries: 10, series: 10, samplesPerDay: 10_000 };
    const allowance = new RecordingAllowance({ source: amounts, organisation: amounts });
    allowance.define([{ ...RAW, provisioned: false, createdAtMs: 0 }]);
    const limited = { ...deps, settings: { ...deps.settings, seriesLimit: undefined }, allowance };
    const refused = await runAll(limited);
    // two series every 15 s are 11,520 a day; one a minute would be 2,880
    expect(refused.find(({ failure }) => failure)?.failure?.error.message).toMatch(/11.520 samples a day/);
  });
});

describe('a source that reads from others', () => {
  it('is never asked for what it does not hold itself', async () => {
    const { deps, rawSource, source, archive } = setUp({ backfillMs: 20 * 3_600_000 });
    const lowestMs = EPOCH_MS + 300 * MINUTE_MS + 5_000;
    rawSource.told = { ...rawSource.told, readsOthers: 'older', lowestMs };
    await runAll(deps);
    expect(await archive.ledger.coverage('node')).toEqual([minutes(301, 569)]);
    // The history begins there, and before that lacks nothing.
    expect(archive.ledger.gaps.get('node') ?? []).toEqual([]);
    const firstMs = EPOCH_MS + 301 * MINUTE_MS;
    expect(Math.min(...rawSource.asked.map(({ range }) => range.fromMs))).toBe(firstMs);
    expect(Math.min(...source.asked.map(({ startMs }) => startMs))).toBe(firstMs + 59_999);
    expect((await kept(archive))[0]).toBe(firstMs);
  });

  it('leaves a gap with its reason in a history that has begun', async () => {
    const { deps, rawSource, archive } = setUp({ backfillMs: 20 * 3_600_000 });
    rawSource.told = { ...rawSource.told, readsOthers: 'older', lowestMs: EPOCH_MS + 300 * MINUTE_MS + 5_000 };
    await runAll(deps, { ...(await openProgress(deps, RAW, undefined)), begun: true });
    expect(archive.ledger.gaps.get('node')?.map(({ reason }) => reason)).toEqual(['source-lost-it']);
    expect(archive.ledger.gaps.get('node')?.[0].detail).toContain('2026-01-05T05:01:00.000Z');
  });

  it.each([
    ['also for recent times', { readsOthers: 'recent' as const }, 'read_recent: true'],
    ['and does not tell what it holds', { readsOthers: 'older' as const }, 'lowest_timestamp'],
  ])('%s is not collected, with a reason, and is once that ends', async (_, told, words) => {
    const { deps, rawSource, archive } = setUp();
    rawSource.told = { ...rawSource.told, ...told };
    const [{ failure, progress }] = await runAll(deps);
    expect(failure).toMatchObject({ reason: 'query-failed', transient: true });
    expect(rawSource.asked).toEqual([]);
    expect(archive.ledger.gaps.get('node')).toMatchObject([
      { reason: 'query-failed', detail: expect.stringContaining(words) },
    ]);
    rawSource.told = { ...rawSource.told, readsOthers: 'no' };
    await runAll(deps, progress);
    expect(await archive.ledger.coverage('node')).toEqual([minutes(540, 569)]);
  });
});

it('fills gaps again within one day, newest first', async () => {
  const { deps, source, archive } = setUp({ backfillMs: DAY_MS });
  source.answer = () => ({ series: [] });
  const steps = await runAll(deps);
  const progress = { ...steps.at(-1)!.progress, begun: true, historyStartMs: EPOCH_MS - 3_600_000 };
  source.answer = () => undefined;
  const refilling = { ...deps, refill: REFILL_DEFAULTS };
  const first = await refillNext(refilling, RAW, { progress, memory: new Map() }, signal);
  expect(first.range).toEqual(minutes(0, 569));
  const second = await refillNext(refilling, RAW, { progress, memory: first.memory }, signal);
  expect(second.range).toEqual(minutes(-60, -1));
  expect(await archive.ledger.coverage('node')).toEqual([minutes(-60, 569)]);
});

it('fills a window by backfill, under the epoch of whoever leads', async () => {
  const { deps, archive } = setUp();
  archive.lease.seize('another');
  const window = { fromMs: EPOCH_MS - DAY_MS + 1, toMs: EPOCH_MS + 590 * MINUTE_MS };
  const parts = {
    ...deps,
    ledger: archive.ledger,
    lease: archive.lease,
    wait: async () => undefined,
    onProgress: () => undefined,
  };
  const done = await backfillQuery(parts, RAW, window, signal);
  expect(done).toMatchObject({ donePoints: 1_439 + 570, totalPoints: 1_439 + 570, gapPoints: 0, inserted: 4 * 2_009 });
  expect(archive.raw.writes.every(({ epoch }) => epoch === 1)).toBe(true);
  expect(await archive.ledger.coverage('node')).toEqual([minutes(-1_439, 569)]);
});
