import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { ScriptedSource } from '../../../tests/fakes/scriptedSource';
import { COLLECT_DEFAULTS, fetchRange } from './fetchRange';
import { type LedgerEntry } from '../ports/ledger';
import { type RangeQuery } from '../ports/metricSource';
import { type Series } from '../model/series';
import { verifyQuery } from './verify';

const STEP_MS = 15_000;
const T0 = Date.UTC(2026, 0, 5);
const RANGE = { fromMs: T0, toMs: T0 + 9 * STEP_MS };
const { signal } = new AbortController();

/** Ten samples of one series. */
function series(labels: Record<string, string>, value: (i: number) => number): Series {
  const times = Array.from({ length: 10 }, (_, i) => T0 + i * STEP_MS);
  return { labels, timesMs: Float64Array.from(times), values: Float64Array.from(times, (_, i) => value(i)) };
}

async function setUp(expression: string, archived: Series[], now: Series[]) {
  const source = new ScriptedSource();
  const say = (all: Series[]): void => {
    source.answer = (query: RangeQuery) => (query.expr === expression ? { series: all } : undefined);
  };
  const archive = new MemoryArchive();
  const deps = {
    ...{ source, samples: archive.samples, lease: archive.lease, clock: { nowMs: () => RANGE.toMs + 60_000 } },
    ...{ settings: { ...COLLECT_DEFAULTS, settleMs: 43_000 }, sourceVersion: async () => undefined },
  };
  const query = { name: 'q', expression, stepMs: STEP_MS, retention: '30d' };
  await archive.definitions.provision([query]);
  say(archived);
  await archive.samples.writeRange(await fetchRange(deps, query, RANGE, { signal }), signal);
  say(now);
  const entry: LedgerEntry = { ...query, paused: false, covered: [RANGE], gaps: [] };
  return { archive, verify: (repair = false) => verifyQuery(deps, entry, { window: RANGE, repair }, signal) };
}

const ramp = (i: number): number => i;

it('counts what differs, is missing and is extra, and says which', async () => {
  const { verify } = await setUp(
    'x',
    [series({ a: '1' }, ramp), series({ a: '2' }, ramp)],
    [series({ a: '1' }, (i) => (i === 3 ? -1 : i)), series({ a: '3' }, ramp)]
  );
  const report = await verify();
  expect(report).toMatchObject({ compared: 30, differs: 1, missing: 10, extra: 10, ties: 0, repaired: false });
  expect(report.examples[0]).toEqual({
    kind: 'differs',
    labels: { a: '1' },
    timeMs: T0 + 3 * STEP_MS,
    archived: 3,
    source: -1,
  });
});

it('takes another series of the same value for a tie where the query ranks series, and only there', async () => {
  const [was, is] = [[series({ a: '1' }, () => 7)], [series({ a: '2' }, (i) => (i < 8 ? 7 : 8))]];
  const ranked = await setUp('topk(1, x)', was, is);
  expect(await ranked.verify()).toMatchObject({ ties: 8, missing: 2, extra: 2, differs: 0 });
  const plain = await setUp('x', was, is);
  expect(await plain.verify()).toMatchObject({ ties: 0, missing: 10, extra: 10 });
});

it('repairs under the archiver that has taken over in the middle of it', async () => {
  const { archive, verify } = await setUp('x', [series({ a: '1' }, ramp)], [series({ a: '1' }, (i) => i + 1)]);
  const write = archive.samples.writeRange.bind(archive.samples);
  let takeovers = 0;
  archive.samples.writeRange = async (request, options) => {
    if (takeovers++ === 0) {
      archive.lease.seize('another');
    }
    return write(request, options);
  };
  expect(await verify(true)).toMatchObject({ compared: 10, differs: 10, repaired: true });
  expect(takeovers).toBe(2);
  expect(await verify()).toMatchObject({ compared: 10, differs: 0 });
});

it('gives a repair up when archivers take over again and again', async () => {
  const { archive, verify } = await setUp('x', [series({ a: '1' }, ramp)], [series({ a: '1' }, (i) => i + 1)]);
  const write = archive.samples.writeRange.bind(archive.samples);
  archive.samples.writeRange = async (request, options) => {
    archive.lease.seize(`holder of epoch ${request.epoch}`);
    return write(request, options);
  };
  await expect(verify(true)).rejects.toMatchObject({ code: 'ARCHIVE_NOT_LEADER' });
});
