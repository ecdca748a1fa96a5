import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { ScriptedSource } from '../../../tests/fakes/scriptedSource';
import { backfillQuery, type BackfillProgress } from './backfill';
import { COLLECT_DEFAULTS } from './fetchRange';
import { PromkeepError } from '../model/errors';
import { type Definition } from '../ports/definitions';

const NOW_MS = Date.UTC(2026, 0, 2);
const HOUR_MS = 3_600_000;
const QUERY: Definition = { name: 'load', expression: 'node_load1', stepMs: 15_000, retention: '30d' };
const WINDOW = { fromMs: NOW_MS - 10 * HOUR_MS, toMs: NOW_MS - HOUR_MS };

function setUp(maxPoints = 100) {
  const source = new ScriptedSource();
  const archive = new MemoryArchive();
  const waits: number[] = [];
  const told: BackfillProgress[] = [];
  const deps = {
    source,
    ...{ samples: archive.samples, ledger: archive.ledger, lease: archive.lease },
    clock: { nowMs: () => NOW_MS },
    settings: { ...COLLECT_DEFAULTS, settleMs: 43_000, maxPoints },
    sourceVersion: async () => undefined,
    wait: async (ms: number) => void waits.push(ms),
    onProgress: (progress: BackfillProgress) => void told.push(progress),
  };
  const fill = (signal = new AbortController().signal, window = WINDOW) => backfillQuery(deps, QUERY, window, signal);
  return { source, archive, waits, told, fill };
}

it('fills a window in pieces and tells how far it is; a second call has nothing to do', async () => {
  const { archive, told, fill, source } = setUp();
  const points = (9 * HOUR_MS) / 15_000 + 1;
  expect(await fill()).toMatchObject({ donePoints: points, totalPoints: points, inserted: points, gapPoints: 0 });
  expect(told.length).toBe(Math.ceil(points / 100));
  expect(await archive.ledger.coverage('load')).toEqual([WINDOW]);
  const asked = source.asked.length;
  expect(await fill()).toMatchObject({ totalPoints: 0, inserted: 0 });
  expect(source.asked.length).toBe(asked);
});

it('goes on where it was stopped', async () => {
  const { archive, told, fill, source } = setUp();
  const abort = new AbortController();
  source.answer = () => (told.length === 5 ? (abort.abort(), undefined) : undefined);
  await expect(fill(abort.signal)).rejects.toBeDefined();
  const [before] = await archive.ledger.coverage('load');
  source.answer = () => undefined;
  const { totalPoints } = await fill();
  expect(totalPoints).toBe((WINDOW.toMs - before.toMs) / 15_000);
  expect(await archive.ledger.coverage('load')).toEqual([WINDOW]);
});

it('ends at once, and notes no gap, when the query is changed meanwhile', async () => {
  const { archive, fill, source, waits } = setUp();
  const { revision } = await archive.definitions.create(QUERY, 'eva');
  source.answer = ({ expr }) => {
    if (expr === QUERY.expression && archive.samples.writes.length === 2) {
      void archive.definitions.change({ name: QUERY.name, revision, by: 'eva' }, { expression: 'node_load15' });
    }
    return undefined;
  };
  await expect(fill()).rejects.toMatchObject({ code: 'ARCHIVE_QUERY_CHANGED' });
  expect([archive.samples.writes.length, archive.ledger.gaps.get('load'), waits]).toEqual([2, [], []]);
});

it('fetches a piece again when the leader changed between fetching and writing', async () => {
  const { archive, fill, source, waits } = setUp();
  let changes = 0;
  source.answer = ({ expr }) => {
    if (expr === QUERY.expression && changes < 3) {
      archive.lease.seize(`leader ${++changes}`);
    }
    return undefined;
  };
  await fill();
  // The second change came while the first piece was written and the next one asked for, so one refusal tells of both.
  expect(waits).toEqual([0, 0]);
  expect(await archive.ledger.coverage('load')).toEqual([WINDOW]);
});

it('asks for no time twice although it asks ahead, and ends pieces at midnight where they are days', async () => {
  const { fill, source } = setUp(100_000);
  await fill();
  const asked = source.asked.filter(({ expr }) => expr === QUERY.expression);
  expect(asked.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([[WINDOW.fromMs, WINDOW.toMs]]);
  const long = setUp(100_000);
  const from = NOW_MS - 70 * HOUR_MS;
  await long.fill(undefined, { fromMs: from, toMs: WINDOW.toMs });
  const pieces = long.source.asked.filter(({ expr }) => expr === QUERY.expression);
  expect(pieces[0].startMs).toBe(from);
  pieces.slice(1).forEach(({ startMs }, i) => expect(startMs).toBe(pieces[i].endMs + 15_000));
  expect(pieces[0].endMs).toBe(NOW_MS - 48 * HOUR_MS - 15_000);
});

it('waits longer and longer for a source that is away, and gives up with its error', async () => {
  const { fill, source, waits } = setUp();
  source.down = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
  await expect(fill()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000]);
});
