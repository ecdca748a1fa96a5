import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { ramp, ScriptedSource } from '../../../tests/fakes/scriptedSource';
import { type CollectProgress } from './progress';
import { COLLECT_DEFAULTS } from './fetchRange';
import { REFILL_DEFAULTS, refillNext, type RefillMemory } from './refill';
import { PromkeepError } from '../model/errors';
import { type RangeWrite } from '../ports/sampleStore';
import { type Definition } from '../ports/definitions';
import { type TimeRange } from '../model/timeRange';

const QUERY: Definition = { name: 'load', expression: 'node_load1', stepMs: 15_000, retention: '30d' };
const EPOCH_MS = Date.UTC(2026, 0, 1);
const at = (step: number): number => EPOCH_MS + step * 15_000;
const signal = new AbortController().signal;
const NOTHING_TRIED: RefillMemory = new Map();

async function setUp(covered: TimeRange[], frontierStep: number) {
  const source = new ScriptedSource();
  const archive = new MemoryArchive();
  await archive.samples.writeRange(alreadyThere(covered), signal);
  archive.samples.writes.length = 0;
  const clock = { ms: at(frontierStep) + 43_000, nowMs: () => clock.ms };
  const progress: CollectProgress = {
    frontierMs: at(frontierStep),
    historyStartMs: at(0),
    begun: true,
    maxPoints: 100,
    giveUpPoints: 1,
  };
  const settings = { ...COLLECT_DEFAULTS, settleMs: 43_000 };
  const { samples, ledger } = archive;
  const sourceVersion = async () => undefined;
  const deps = { source, samples, ledger, clock, settings, refill: REFILL_DEFAULTS, sourceVersion };
  return { source, archive, clock, progress, deps };
}

// [A5]
it('fills the newest gap first, then the older one, then rests', async () => {
  const { deps, progress, archive } = await setUp(
    [
      { fromMs: at(4), toMs: at(10) },
      { fromMs: at(20), toMs: at(30) },
    ],
    30
  );
  let memory = NOTHING_TRIED;
  for (let i = 0; i < 3; i++) {
    ({ memory } = await refillNext(deps, QUERY, { progress, memory }, signal));
  }
  expect(archive.samples.writes.map(({ range }) => range)).toEqual([
    { fromMs: at(11), toMs: at(19) },
    { fromMs: at(0), toMs: at(3) },
  ]);
  expect(await archive.ledger.coverage('load')).toEqual([{ fromMs: at(0), toMs: at(30) }]);
});

it('waits longer after each vain attempt and asks for half as much', async () => {
  const { deps, progress, archive, clock, source } = await setUp(
    [
      { fromMs: at(0), toMs: at(9) },
      { fromMs: at(18), toMs: at(30) },
    ],
    30
  );
  source.answer = (query) => (query.expr === 'count(up)' ? { series: [ramp(query, () => false)] } : undefined);
  let memory = NOTHING_TRIED;
  const triedAtMinute: number[] = [];
  for (let minute = 0; minute <= 40; minute++) {
    const step = await refillNext(deps, QUERY, { progress, memory }, signal);
    memory = step.memory;
    if (step.range) {
      triedAtMinute.push(minute);
    }
    clock.ms += 60_000;
  }
  expect(triedAtMinute).toEqual([0, 5, 15, 35]);
  expect(archive.samples.writes.map(({ range }) => (range.toMs - range.fromMs) / 15_000 + 1)).toEqual([8, 4, 2, 1]);
});

it('does not hold a source that is down against the gap', async () => {
  const { deps, progress, source } = await setUp([{ fromMs: at(4), toMs: at(10) }], 10);
  source.down = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
  const step = await refillNext(deps, QUERY, { progress, memory: NOTHING_TRIED }, signal);
  expect(step.failure?.transient).toBe(true);
  expect(step.memory.size).toBe(0);
});

it('leaves gaps that are older than the window', async () => {
  const { deps, progress, archive } = await setUp([{ fromMs: at(4), toMs: at(10) }], 10);
  const narrow = { ...deps, refill: { ...REFILL_DEFAULTS, windowMs: 43_000 + 15_000 } };
  const step = await refillNext(narrow, QUERY, { progress, memory: NOTHING_TRIED }, signal);
  expect(step.range).toBeUndefined();
  expect(archive.samples.writes).toEqual([]);
});

function alreadyThere(covered: TimeRange[]): RangeWrite {
  return {
    query: { kind: 'recorded', name: 'load' },
    range: { fromMs: at(0), toMs: at(30) },
    series: [],
    queryName: 'load',
    retention: '30d',
    provenance: { expression: 'node_load1', stepMs: 15_000, fetchedAtMs: 0, warnings: [] },
    covered,
    gaps: [],
  };
}

// [A5]
it('leaves a gap that is older than the retention of its query, which would expire again', async () => {
  const { deps, progress, archive, clock } = await setUp([{ fromMs: at(4), toMs: at(30) }], 30);
  clock.ms = at(30) + 8 * 86_400_000;
  const week = { ...QUERY, retention: '7d' };
  expect((await refillNext(deps, week, { progress, memory: NOTHING_TRIED }, signal)).range).toBeUndefined();
  expect(archive.samples.writes).toEqual([]);
  expect(
    (await refillNext(deps, { ...QUERY, retention: '30d' }, { progress, memory: NOTHING_TRIED }, signal)).range
  ).toEqual({
    fromMs: at(0),
    toMs: at(3),
  });
});
