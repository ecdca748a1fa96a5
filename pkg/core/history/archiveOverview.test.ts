import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { ArchiveOverviewReader, describeEntry, holesOf, type OverviewDeps } from './archiveOverview';
import { PromkeepError } from '../model/errors';
import { type LedgerEntry } from '../ports/ledger';
import { readHistory } from './readHistory';
import { SUMMARY_DEFAULTS } from '../summary/summaryDefaults';

const NOW_MS = Date.UTC(2026, 0, 2, 12);
const DAY_MS = 86_400_000;
const STEP_MS = 15_000;

function depsOf(archive = new MemoryArchive()): OverviewDeps & { clock: { now: number } } {
  const clock = { now: NOW_MS, nowMs: () => clock.now };
  return { archive, clock, settleMs: 30_000, refillWindowMs: DAY_MS, holder: 'me', metrics: SUMMARY_DEFAULTS };
}

const entry: LedgerEntry = {
  name: 'memory_usage',
  expression: SUMMARY_DEFAULTS[1].expr,
  stepMs: STEP_MS,
  retention: '1y',
  paused: false,
  covered: [
    { fromMs: NOW_MS - 3 * DAY_MS, toMs: NOW_MS - 2 * DAY_MS },
    { fromMs: NOW_MS - 2 * DAY_MS + 2 * STEP_MS, toMs: NOW_MS - 120_000 },
    { fromMs: NOW_MS - 90_000, toMs: NOW_MS - 45_000 },
  ],
  gaps: [{ fromMs: NOW_MS - 2 * DAY_MS + STEP_MS, toMs: NOW_MS - 2 * DAY_MS + STEP_MS, reason: 'source-down' }],
};

it('says of each hole why it is there and whether it may still be filled', () => {
  expect(holesOf(depsOf(), entry)).toEqual([
    { fromMs: NOW_MS - 105_000, toMs: NOW_MS - 105_000, reason: 'not-recorded', outlook: 'retried' },
    {
      fromMs: NOW_MS - 2 * DAY_MS + STEP_MS,
      toMs: NOW_MS - 2 * DAY_MS + STEP_MS,
      reason: 'source-down',
      outlook: 'too-old',
    },
  ]);
  const paused = holesOf(depsOf(), { ...entry, paused: true });
  expect(paused.map(({ outlook }) => outlook)).toEqual(['paused', 'paused']);
});

it('does not promise to fill what the retention has ended', () => {
  const old = { ...entry, retention: '1d', gaps: [{ ...entry.gaps[0] }] };
  expect(holesOf({ ...depsOf(), refillWindowMs: 30 * DAY_MS }, old)[1].outlook).toBe('too-old');
});

it('tells name, lag and coverage of a recorded query', () => {
  const described = describeEntry(depsOf(), entry);
  expect(described).toMatchObject({
    displayName: 'Memory usage',
    newestMs: NOW_MS - 45_000,
    lagMs: 15_000,
    gapCount: 2,
  });
  expect(described.coverage).toBeGreaterThan(0.9998);
  expect(described.coverage).toBeLessThan(1);
  expect(describeEntry(depsOf(), { ...entry, expression: 'up' }).displayName).toBe('memory_usage');
});

it('reads many times from one answer of the database, and does not remember a failure', async () => {
  const archive = new MemoryArchive();
  const deps = depsOf(archive);
  const read = jest.spyOn(archive.ledger, 'entries');
  const reader = new ArchiveOverviewReader(deps);
  await Promise.all([reader.read(), reader.read()]);
  expect(read).toHaveBeenCalledTimes(1);
  deps.clock.now += 60_000;
  archive.down = new PromkeepError('ARCHIVE_BUSY', 'down');
  await expect(reader.read()).rejects.toThrow('down');
  archive.down = undefined;
  expect(await reader.read()).toMatchObject({ samples: 0, queries: [] });
});

it('reads a history with what it lacks, and knows which names there are', async () => {
  const archive = new MemoryArchive();
  await archive.definitions.provision([{ name: 'up', expression: 'up', stepMs: STEP_MS, retention: '1y' }]);
  const range = { fromMs: NOW_MS - 60_000, toMs: NOW_MS };
  await archive.samples.writeRange(
    {
      query: { kind: 'recorded', name: 'up' },
      range,
      series: [
        {
          labels: { job: 'a' },
          timesMs: Float64Array.of(NOW_MS - 60_000, NOW_MS - 45_000, NOW_MS - 30_000),
          values: Float64Array.of(1, 3, 5),
        },
      ],
      queryName: 'up',
      retention: '1y',
      provenance: { expression: 'up', stepMs: STEP_MS, fetchedAtMs: NOW_MS, warnings: [] },
      covered: [range],
      gaps: [],
    },
    new AbortController().signal
  );
  const deps = { ...depsOf(archive), archive };
  const reader = new ArchiveOverviewReader(deps);
  const ask = (name: string, points: number) =>
    readHistory(deps, reader, { name, range, points }, new AbortController().signal);
  expect(await ask('up', 100)).toMatchObject({
    name: 'up',
    bucketMs: STEP_MS,
    seriesCount: 1,
    series: [{ values: [1, 3, 5] }],
    gaps: [],
  });
  expect(await ask('up', 2)).toMatchObject({
    bucketMs: 30_000,
    series: [{ values: [2, 5], min: [1, 5], max: [3, 5] }],
  });
  await expect(ask('down', 2)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('lets raw series lag a piece, and says why they are not collected', async () => {
  const covered = [{ fromMs: NOW_MS - DAY_MS, toMs: NOW_MS - 3_600_000 }];
  const raw = { ...entry, raw: true, stepMs: 60_000, covered, gaps: [] };
  const told = (rawPieceMs: number) => describeEntry({ ...depsOf(), rawPieceMs }, raw);
  expect([told(3_600_000).lagMs, told(3_600_000).gapCount]).toEqual([0, 0]);
  expect([told(600_000).lagMs, told(600_000).gapCount]).toEqual([47 * 60_000, 1]);
  const overview = (warning?: string) =>
    new ArchiveOverviewReader({ ...depsOf(), rawWarning: async () => warning }).read();
  expect((await overview('a circle')).warning).toBe('a circle');
  expect(await overview()).not.toHaveProperty('warning');
});
