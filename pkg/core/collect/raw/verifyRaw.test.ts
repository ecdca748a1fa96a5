import { MemoryArchive } from '../../../../tests/fakes/memoryArchive';
import { MemoryRawSource } from '../../../../tests/fakes/memoryRawSource';
import { floatSample, type RawSample, STALE_SAMPLE } from '../../../../tests/fakes/rawSamples';
import { ramp, ScriptedSource } from '../../../../tests/fakes/scriptedSource';
import { comparableSamples } from '../../../remote/chunks/comparableSamples';
import { compareLabels } from '../../../remote/labels';
import { collectRange } from '../../collect';
import { PromkeepError } from '../../model/errors';
import { RAW_PIECE_MS, RAW_STEP_MS } from '../../model/rawSeries';
import { type Definition } from '../../ports/definitions';
import { type Selector } from '../../ports/rawSeries';
import { COLLECT_DEFAULTS } from '../fetchRange';
import { verifyQuery } from '../verify';

const MINUTE_MS = RAW_STEP_MS;
const T0 = Date.UTC(2026, 0, 5, 12);
const RAW: Definition = { name: 'node', expression: '{job="node"}', raw: true, stepMs: RAW_STEP_MS, retention: '1y' };
const RANGE = { fromMs: T0, toMs: T0 + 9 * MINUTE_MS };
const { signal } = new AbortController();

async function setUp() {
  const source = new ScriptedSource();
  const rawSource = new MemoryRawSource();
  const archive = new MemoryArchive();
  archive.ledger.define(RAW);
  const deps = {
    ...{ source, clock: { nowMs: () => T0 + 3_600_000 } },
    ...{ samples: archive.samples, ledger: archive.ledger, raw: archive.raw, lease: archive.lease },
    settings: { ...COLLECT_DEFAULTS, settleMs: 43_000 },
    sourceVersion: async () => undefined,
    rawReading: {
      source: rawSource,
      readSelectors: (): Selector[] => [[{ name: 'job', operator: '=', value: 'node' }]],
      ...{ pieceMs: RAW_PIECE_MS, settleMs: 43_000 },
    },
    rawComparing: { compareLabels, samplesOf: comparableSamples },
  };
  const span = { fromMs: T0 - 10 * MINUTE_MS, toMs: T0 + 20 * MINUTE_MS };
  const samples = ['a', 'b', 'c'].map((instance) => rawSource.add({ job: 'node', instance }, span));
  await collectRange(deps, RAW, { range: RANGE, begun: true }, signal);
  const verify = async (repair = false) => {
    const [entry] = await archive.ledger.entries();
    return verifyQuery(deps, entry, { window: { fromMs: 0, toMs: Infinity }, repair }, signal);
  };
  return { source, rawSource, archive, samples, deps, verify };
}

const at = (samples: RawSample[], timeMs: number): number => samples.findIndex((one) => one.timeMs === timeMs);

it('finds nothing where archive and source agree, in the covered minutes and nowhere else', async () => {
  const { verify, archive, rawSource } = await setUp();
  // one sample less, one millisecond behind the last covered one
  rawSource.series[0].samples = rawSource.series[0].samples.filter(({ timeMs }) => timeMs !== RANGE.toMs + MINUTE_MS);
  expect(await verify()).toMatchObject({
    compared: 120,
    differs: 0,
    missing: 0,
    extra: 0,
    repaired: false,
    examples: [],
  });
  expect(archive.raw.writes).toHaveLength(1);
});

it('finds what differs by a bit, what is missing and what is too much, and repairs it', async () => {
  const { verify, rawSource, samples, archive } = await setUp();
  const [a, b] = samples;
  a[at(a, T0 + 15_000)] = { timeMs: T0 + 15_000, ...STALE_SAMPLE };
  a[at(a, T0 + 30_000)] = floatSample(T0 + 30_000, -0);
  b.splice(at(b, T0), 1);
  b.splice(at(b, T0 + 15_000) + 1, 0, floatSample(T0 + 20_000, 5));
  rawSource.series.splice(2, 1);
  rawSource.add({ job: 'node', instance: 'd' }, { ...RANGE });
  const report = await verify();
  // 40 samples of the series that went, 37 of the one that came: the last at the begin of the last minute
  expect(report).toMatchObject({ differs: 2, missing: 1 + 37, extra: 1 + 40, compared: 40 + 41 + 40 + 37 });
  expect(report.examples).toHaveLength(10);
  expect(report.examples.slice(0, 4)).toEqual([
    {
      kind: 'differs',
      labels: { job: 'node', instance: 'a' },
      timeMs: T0 + 15_000,
      archived: (T0 + 15_000) / 1_000,
      source: 'stale marker',
    },
    expect.objectContaining({ kind: 'differs', source: -0 }),
    { kind: 'extra', labels: { job: 'node', instance: 'b' }, timeMs: T0, archived: T0 / 1_000 },
    { kind: 'missing', labels: { job: 'node', instance: 'b' }, timeMs: T0 + 20_000, source: 5 },
  ]);
  archive.lease.seize('another');
  expect(await verify(true)).toMatchObject({ repaired: true });
  expect(archive.raw.writes.at(-1)?.epoch).toBe(1);
  expect(await verify()).toMatchObject({ differs: 0, missing: 0, extra: 0 });
});

it('compares a series that several selectors match once, and repairs it', async () => {
  const { deps, archive, rawSource, verify } = await setUp();
  const matches = (name: string, value: string) => ({ name, operator: '=~' as const, value });
  deps.rawReading.readSelectors = () => [
    [matches('job', 'no.*')],
    [matches('instance', 'a|d')],
    [matches('instance', 'a|b|d'), matches('job', '.+')],
  ];
  rawSource.add({ job: 'other', instance: 'd' }, { ...RANGE });
  expect(await verify(true)).toMatchObject({ compared: 120 + 37, differs: 0, missing: 37, extra: 0, repaired: true });
  expect(await verify()).toMatchObject({ compared: 120 + 37, missing: 0, extra: 0 });
  expect(archive.raw.writes).toHaveLength(2);
  rawSource.series.splice(0, 1);
  expect(await verify()).toMatchObject({ compared: 120 + 37, missing: 0, extra: 40 });
});

it('says nothing of minutes that the source does not hold any more, or not itself', async () => {
  const { verify, source, rawSource, samples } = await setUp();
  samples.forEach((all) => all.splice(0));
  source.answer = (query) => ({ series: [ramp(query, (timeMs) => timeMs > T0 + 5 * MINUTE_MS)] });
  expect(await verify()).toMatchObject({ compared: 60, extra: 60, notHeldPoints: 5 });
  rawSource.told = { ...rawSource.told, readsOthers: 'older', lowestMs: T0 + 8 * MINUTE_MS };
  expect(await verify()).toMatchObject({ compared: 24, extra: 24, notHeldPoints: 8 });
});

it('withdraws nothing that the source drops between the probe and the reading', async () => {
  const { verify, source, rawSource, samples, archive } = await setUp();
  const readRaw = rawSource.readRaw.bind(rawSource);
  rawSource.readRaw = (read) => {
    // retention takes the block that the probe has just found
    samples.forEach((all) => all.splice(0));
    source.answer = () => ({ series: [] });
    return readRaw(read);
  };
  await expect(verify(true)).rejects.toMatchObject({ code: 'CONFLICT' });
  rawSource.readRaw = readRaw;
  expect(await verify(true)).toMatchObject({ compared: 0, extra: 0, notHeldPoints: 10, repaired: false });
  const range = { fromMs: 0, toMs: Infinity };
  expect(await archive.raw.seriesLabels({ selector: [], range }, signal)).toHaveLength(3);
});

it('compares in shorter pieces where the source gives no longer ones, and fails as the source does', async () => {
  const { verify, rawSource } = await setUp();
  const readRaw = rawSource.readRaw.bind(rawSource);
  rawSource.readRaw = async function* (read) {
    if (read.range.toMs - read.range.fromMs > 3 * MINUTE_MS) {
      throw new PromkeepError('SOURCE_RESPONSE_TOO_LARGE', 'too large');
    }
    yield* readRaw(read);
  };
  expect(await verify()).toMatchObject({ compared: 120, differs: 0, missing: 0, extra: 0 });
  rawSource.broken = new PromkeepError('SOURCE_UNREACHABLE', 'gone');
  await expect(verify()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
});
