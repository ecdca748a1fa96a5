import { type SummaryMetric } from '../../../src/contract/summary';
import { alert, clock, dataQuery, editor, MemoryLogger, NOW_MS } from '../../../tests/fakes/callers';
import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { MemorySource } from '../../../tests/fakes/memorySource';
import { type Caller, type DataResponse } from '../ports/datasource';
import { createDatasourceInstance } from '../datasource/datasourceInstance';
import { PromkeepError } from '../model/errors';

const HOUR = 3_600_000;
const live = (): AbortSignal => new AbortController().signal;

const METRIC: SummaryMetric = {
  key: 'load',
  displayName: 'Load',
  expr: 'load',
  unit: 'short',
  aggregation: 'sum',
  thresholds: [],
};

/** Prometheus holds the last half hour only; the archive recorded `load` every 30 s from two hours ago on. */
async function setUp(forwardsCredentials = false) {
  const values = (timeMs: number, fromMs: number) =>
    timeMs < fromMs ? [] : ['a', 'b'].map((instance) => ({ labels: { instance }, value: timeMs / 1_000 }));
  const source = new MemorySource({ load: { vector: (timeMs) => values(timeMs, NOW_MS - HOUR / 2) } });
  const everything = new MemorySource({ load: { vector: (timeMs) => values(timeMs, 0) } });
  const archive = new MemoryArchive();
  const recorded = { name: 'load', expression: 'load', stepMs: 30_000, retention: '1y' };
  await archive.definitions.provision([recorded]);
  const range = { fromMs: NOW_MS - 2 * HOUR, toMs: NOW_MS - 60_000 };
  const grid = { startMs: range.fromMs, endMs: range.toMs, stepMs: recorded.stepMs };
  const { series } = await everything.queryRange({ expr: 'load', ...grid }, { signal: live() });
  const provenance = { expression: 'load', stepMs: recorded.stepMs, fetchedAtMs: NOW_MS, warnings: [] };
  await archive.samples.writeRange(
    {
      ...{ query: { kind: 'recorded', name: 'load' }, queryName: 'load', retention: '1y', gaps: [] },
      ...{ range, series, provenance, covered: [range] },
    },
    live()
  );
  const instance = createDatasourceInstance({
    source,
    archive: {
      archive,
      ...{ allowKeep: false, retention: '1y', maxRowsPerDay: 1, maxSeries: 1, forwardsCredentials },
    },
    summaryMetrics: [METRIC],
    apiRoutes: [],
    clock,
    logger: new MemoryLogger(),
    scrapeInterval: '15s',
    timeoutSignal: live,
    wait: async () => undefined,
    forwardsCredentials,
    background: { stop: async () => undefined },
    ...{ concurrency: NaN, allExemplars: false, settingsWarnings: [] },
    ...{ applyFilters: (expr) => expr, suggestionSelectors: () => [] },
    compareExpressions: (one, other) => (one === other ? [] : undefined),
  });
  const ask = async (compare: string, caller: Caller = editor, intervalMs = 15_000): Promise<DataResponse> => {
    const json = { queryType: 'summary', summary: { compare }, intervalMs };
    const query = dataQuery(json, { range: { fromMs: NOW_MS - 600_000, toMs: NOW_MS }, maxDataPoints: 1_000 });
    const answers = await instance.queryData({ caller, queries: [query] }, live());
    return answers.get('A') ?? { frames: [], status: 0 };
  };
  return { archive, ask };
}

function comparisons({ frames }: DataResponse): unknown[] {
  return frames.flatMap(({ meta, fields }) => {
    const promkeep = Object(meta?.custom?.promkeep);
    return promkeep.comparison ? [[promkeep.comparison, fields[0].values.at(-1), fields[1].values.at(-1)]] : [];
  });
}

it('compares with the archive where Prometheus no longer has the earlier time, and says so', async () => {
  const { ask } = await setUp();
  const then = NOW_MS - HOUR;
  const found = [[{ offsetMs: HOUR, origin: 'archive' }, then, (2 * then) / 1_000]];
  expect(comparisons(await ask('1h'))).toEqual(found);
  // on a step that is no multiple of the recorded one, too
  expect(comparisons(await ask('1h', editor, 20_000))).toEqual(found);
});

it('has no comparison where the archive has none either, or fails', async () => {
  const { ask, archive } = await setUp();
  expect(comparisons(await ask('1d'))).toEqual([]);
  archive.down = new PromkeepError('ARCHIVE_UNREACHABLE', 'away');
  const response = await ask('1h');
  expect(response.status).toBe(200);
  expect(comparisons(response)).toEqual([]);
});

it('reads nothing for those who may not', async () => {
  const { ask, archive } = await setUp(true);
  expect(comparisons(await ask('1h'))).toEqual([]);
  const other = await setUp();
  await other.ask('1h', { ...editor, headers: { cookie: 'a=b' } });
  await other.ask('1h', alert);
  expect([...archive.history.reads, ...other.archive.history.reads]).toEqual([]);
});
