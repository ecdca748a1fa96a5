import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { ScriptedSource } from '../../../tests/fakes/scriptedSource';
import { ArchiveOverviewReader } from './archiveOverview';
import { PromkeepError } from '../model/errors';
import { type HistoryRequest, readHistory, readHistoryOfSource } from './readHistory';
import { type Gap } from '../ports/ledger';
import { SUMMARY_DEFAULTS } from '../summary/summaryDefaults';

const NOW_MS = Date.UTC(2026, 0, 2, 12);
const STEP_MS = 15_000;
const MINUTE_MS = 60_000;
const signal = new AbortController().signal;
const CONNECTIONS = SUMMARY_DEFAULTS[2];

/** Ten minutes, of which the archive covers the third to the fifth, with the fourth noted as a gap. */
async function recorded({ key: name, expr: expression } = CONNECTIONS) {
  const archive = new MemoryArchive();
  const source = new ScriptedSource();
  const clock = { nowMs: () => NOW_MS };
  await archive.definitions.provision([{ name, expression, stepMs: STEP_MS, retention: '1y' }]);
  const times = (fromMs: number, toMs: number): Float64Array =>
    Float64Array.from({ length: (toMs - fromMs) / STEP_MS + 1 }, (_, i) => fromMs + i * STEP_MS);
  const covered = [
    { fromMs: NOW_MS - 8 * MINUTE_MS, toMs: NOW_MS - 7 * MINUTE_MS },
    { fromMs: NOW_MS - 6 * MINUTE_MS, toMs: NOW_MS - 5 * MINUTE_MS },
  ];
  const gap: Gap = {
    fromMs: covered[0].toMs + STEP_MS,
    toMs: covered[1].fromMs - STEP_MS,
    reason: 'source-had-no-data',
  };
  const series = ['a', 'b'].map((datname, i) => {
    const timesMs = Float64Array.from(covered.flatMap(({ fromMs, toMs }) => [...times(fromMs, toMs)]));
    return { labels: { datname }, timesMs, values: timesMs.map(() => i + 1) };
  });
  await archive.samples.writeRange(
    {
      ...{ query: { kind: 'recorded', name }, queryName: name, retention: '1y', series, covered, gaps: [gap] },
      range: { fromMs: covered[0].fromMs, toMs: covered[1].toMs },
      provenance: { expression, stepMs: STEP_MS, fetchedAtMs: NOW_MS, warnings: [] },
    },
    signal
  );
  const deps = {
    archive,
    source,
    clock,
    settleMs: 30_000,
    refillWindowMs: 86_400_000,
    holder: 'me',
    metrics: SUMMARY_DEFAULTS,
  };
  const overview = new ArchiveOverviewReader(deps);
  source.answer = ({ startMs, endMs, stepMs }) => ({
    series: ['a', 'b'].map((datname) => {
      const timesMs = Float64Array.from(
        { length: Math.floor((endMs - startMs) / stepMs) + 1 },
        (_, i) => startMs + i * stepMs
      );
      return { labels: { datname }, timesMs, values: timesMs.map(() => 10) };
    }),
  });
  const read = (more: Partial<HistoryRequest> = {}) =>
    readHistory(
      deps,
      overview,
      { name, range: { fromMs: NOW_MS - 10 * MINUTE_MS, toMs: NOW_MS }, points: 1_000, ...more },
      signal
    );
  return { deps, source, read, covered, gap };
}

it('draws what Prometheus has before and after what is stored, and leaves noted gaps alone', async () => {
  const { source, read, covered, gap } = await recorded();
  const history = await read();
  expect(source.asked.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [NOW_MS - 10 * MINUTE_MS, covered[0].fromMs - STEP_MS],
    [covered[1].toMs + STEP_MS, NOW_MS],
  ]);
  const [{ timesMs, values }] = history.series;
  expect(timesMs[0]).toBe(NOW_MS - 10 * MINUTE_MS);
  expect(timesMs.at(-1)).toBe(NOW_MS);
  expect([values[0], values[timesMs.indexOf(covered[0].fromMs)], values.at(-1)]).toEqual([10, 1, 10]);
  expect(timesMs.some((time) => time >= gap.fromMs && time <= gap.toMs)).toBe(false);
  // what nobody recorded after it is there all the same
  expect(history.gaps.map(({ reason }) => reason)).toEqual(['source-had-no-data']);
  expect(history).toMatchObject({ archivedUntilMs: covered[1].toMs, settleMs: 30_000 });
});

it('asks Prometheus for one sample a bucket of a wide range, in its middle', async () => {
  const { source, read } = await recorded();
  const history = await read({ points: 5 });
  expect(history.bucketMs).toBe(2 * MINUTE_MS);
  expect(source.asked.map(({ stepMs, startMs }) => [stepMs, startMs % stepMs])).toEqual([
    [2 * MINUTE_MS, MINUTE_MS],
    [2 * MINUTE_MS, MINUTE_MS],
  ]);
  expect(history.series[0].timesMs.at(-1)).toBe(NOW_MS - 2 * MINUTE_MS);
});

it('draws the archive alone, and says why, when Prometheus does not answer', async () => {
  const { source, read, covered } = await recorded();
  source.down = new PromkeepError('SOURCE_UNREACHABLE', 'cannot reach it');
  const history = await read();
  expect(history.series[0].timesMs.at(-1)).toBe(covered[1].toMs);
  expect(history.liveFailure).toBe('cannot reach it');
  expect(history.gaps.map(({ reason }) => reason)).toEqual(['not-recorded', 'source-had-no-data']);
});

it('has the one value of all series as the tile has it', async () => {
  const { read, covered } = await recorded();
  const { whole, aggregation } = await read();
  expect(aggregation).toBe('sum');
  expect(whole?.values[whole.timesMs.indexOf(covered[0].fromMs)]).toBe(3);
  const { whole: none } = await (await recorded({ ...CONNECTIONS, key: 'my_own' })).read();
  expect(none).toBeUndefined();
});

it('draws twenty of many series, the largest first, or those that are looked for', async () => {
  const { source, read } = await recorded();
  source.answer = ({ startMs }) => ({
    series: Array.from({ length: 157 }, (_, i) => ({
      labels: { pod: `pod-${i}` },
      timesMs: Float64Array.of(startMs),
      values: Float64Array.of(100 + i),
    })),
  });
  const all = await read({ withRows: true });
  expect([all.series.length, all.seriesCount, all.rows?.length]).toEqual([20, 159, 159]);
  expect(all.series[0].labels).toEqual({ pod: 'pod-156' });
  expect(all.rows?.at(-1)).toEqual({ labels: { datname: 'a' }, last: 1, min: 1, max: 1 });
  const few = await read({ pick: { filter: 'POD=pod-15', order: 'smallest' } });
  expect(few.series.map(({ labels }) => labels.pod)).toEqual([
    'pod-15',
    ...[0, 1, 2, 3, 4, 5, 6].map((i) => `pod-15${i}`),
  ]);
  expect([few.matchCount, few.seriesCount, few.rows]).toEqual([8, 159, undefined]);
});

it('draws a metric of Prometheus alone where there is no archive', async () => {
  const source = new ScriptedSource();
  const deps = { source, clock: { nowMs: () => NOW_MS }, metrics: SUMMARY_DEFAULTS, scrapeInterval: '15s' };
  const range = { fromMs: NOW_MS - MINUTE_MS, toMs: NOW_MS + MINUTE_MS };
  const history = await readHistoryOfSource(deps, { name: 'cpu_usage', range, points: 100 }, signal);
  expect(history).toMatchObject({ displayName: 'CPU usage', unit: 'percent', max: 100, gaps: [], seriesCount: 1 });
  expect(history.series[0].timesMs.at(-1)).toBe(NOW_MS);
  await expect(readHistoryOfSource(deps, { name: 'x', range, points: 1 }, signal)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

it('lists recorded queries as their tiles, and says which never had a series', async () => {
  const { deps } = await recorded();
  const entry = (name: string, expression = name) => ({ name, expression, stepMs: STEP_MS, retention: '1y' });
  await deps.archive.definitions.provision([
    entry('a_first'),
    entry('cpu_usage', SUMMARY_DEFAULTS[0].expr),
    entry(CONNECTIONS.key, CONNECTIONS.expr),
  ]);
  await deps.archive.ledger.cover({
    definition: entry('a_first'),
    covered: [{ fromMs: NOW_MS - MINUTE_MS, toMs: NOW_MS }],
    gaps: [],
  });
  const { queries } = await new ArchiveOverviewReader(deps).read();
  expect(queries.map(({ name, hasSeries, firstMs }) => [name, hasSeries, firstMs])).toEqual([
    ['cpu_usage', undefined, undefined],
    [CONNECTIONS.key, true, NOW_MS - 8 * MINUTE_MS],
    ['a_first', false, NOW_MS - MINUTE_MS],
  ]);
});
