import { type DataResponse, type DatasourceInstance } from '../../pkg/core/ports/datasource';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type RunningPostgres, startPostgres } from '../../scripts/stack/postgres';
import { type RunningPrometheus } from '../../scripts/stack/prometheus';
import { dataQuery, editor } from '../fakes/callers';
import { archiveDatasource, noticesOf, originOf } from './archiveDatasource';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { type Answer, askRange, labelsKey, startWithSamples } from './prometheusBlocks';
import { type RudeServer } from './prometheusRudeServer';
import { runProgram, serve, temporaryFile, until } from './promkeepProgram';
import { startRoundRobin } from './roundRobinProxy';

/**
 * Two replicas of a Prometheus behind one address, the second scraping 3 s after the first: at most grid times they say
 * different things, and the archiver never knows whom it asks. Their blocks reach into the future, so that a live archiver finds
 * data and both keep to what they said.
 */

jest.setTimeout(240_000);

const SECOND = 1_000;
const SCRAPE = 5 * SECOND;
const APART = 3 * SECOND;
const HOLE = 8 * SECOND;
const START = Math.floor(Date.now() / 60_000) * 60_000 - 5 * 60_000;
const UNTIL = START + 20 * 60_000;
const QUERIES = [
  { name: 'load', expr: 'load', stepMs: SECOND },
  { name: 'rate', expr: 'rate(jobs_total[20s])', stepMs: SECOND },
  { name: 'sum', expr: 'sum(load)', stepMs: 2 * SECOND },
];
const CONFIG = `
prometheus: {scrape_interval: 5s, scrape_timeout: 1s}
archive: {lease: 2s, settle: 2s, backfill: 60s}
recorded_queries:
${QUERIES.map(({ name, expr, stepMs }) => `  - {name: ${name}, expr: '${expr}', step: ${stepMs / SECOND}s, retention: 7d}`).join('\n')}
`;

let replicas: RunningPrometheus[];
let postgres: RunningPostgres;
let proxy: RudeServer;
let config: Awaited<ReturnType<typeof temporaryFile>>;
const archives = new TestServer({ name: 'running' });
/** What is recorded of each query, on its grid. */
const recorded = new Map<string, TimeRange>();
/** What each replica says of each query at its grid times. */
const says = new Map<string, Array<Map<string, Answer>>>();

beforeAll(async () => {
  [replicas, postgres, config] = await Promise.all([
    Promise.all(
      [0, APART].map((lateMs) => startWithSamples(samples(lateMs), { flags: ['--query.lookback-delta=7s'] }))
    ),
    startPostgres(),
    temporaryFile('promkeep.yaml', CONFIG),
  ]);
  proxy = await startRoundRobin(replicas.map(({ url }) => url));
  const archiver = await serve({ args: ['--config', config.file], environment: environment() });
  const archive = archives.archive(postgres.url);
  const ranges = (): Promise<TimeRange[][]> => Promise.all(QUERIES.map(({ name }) => archive.ledger.coverage(name)));
  try {
    await until(
      'half a minute is recorded as it comes',
      async () => (await ranges()).every(([one]) => one !== undefined && one.toMs - one.fromMs > 90 * SECOND),
      90_000
    );
  } finally {
    await archiver.process.stop();
  }
  for (const [i, covered] of (await ranges()).entries()) {
    const { name, expr, stepMs } = QUERIES[i];
    expect(covered.length).toBe(1);
    recorded.set(name, covered[0]);
    says.set(name, await Promise.all(replicas.map(({ url }) => askRange(url, expr, { ...covered[0], stepMs }))));
  }
});

afterAll(async () => {
  await archives.closeAll();
  await Promise.all([...(replicas ?? []), postgres, proxy].map((one) => one?.stop()));
  await config?.remove();
});

const environment = (): Record<string, string> => ({
  PROMETHEUS_URL: proxy.url,
  PROMKEEP_DATABASE_URL: postgres.url,
});

/** Of the same targets, as one replica sees them. */
function samples(lateMs: number): string[] {
  const times = Array.from({ length: (UNTIL - START) / SCRAPE }, (_, i) => START + i * SCRAPE + lateMs);
  const family = (type: string, of: (timeMs: number) => Record<string, number>): string[] => [
    `# TYPE ${type}`,
    ...times.flatMap((timeMs) =>
      Object.entries(of(timeMs)).map(([name, value]) => `${name} ${value} ${timeMs / 1_000}`)
    ),
  ];
  return [
    ...family('load gauge', (timeMs) => ({
      'load{instance="a"}': ((timeMs / SECOND) * 7_919) % 1_009,
      'load{instance="b"}': 1,
      // comes and goes, for each replica at its own scrapes
      ...(Math.floor(timeMs / 14_000) % 2 === 0 ? { 'load{instance="c"}': (timeMs / SECOND) % 60 } : {}),
    })),
    // begins again every 40 s
    ...family('jobs counter', (timeMs) => ({ 'jobs_total{instance="a"}': Math.floor((timeMs % 40_000) ** 1.2 / 100) })),
    ...family('up gauge', () => ({ 'up{job="x",instance="a"}': 1 })),
  ];
}

interface Sample {
  query: string;
  labels: string;
  timeMs: number;
  value: number;
}

async function archived(): Promise<Map<string, Sample>> {
  const client = await archives.client(postgres.url);
  const { rows } = await client.query<{ query: string; labels: Record<string, string>; at: Date; value: number }>(
    'SELECT query, labels, timestamp AS at, metric_value AS value FROM metrics_data'
  );
  const all = rows.map(({ query, labels, at, value }) => ({
    query,
    labels: labelsKey(labels),
    timeMs: at.getTime(),
    value,
  }));
  const byKey = new Map(all.map((one) => [`${one.query} ${one.labels} ${one.timeMs}`, one]));
  expect(byKey.size).toBe(all.length);
  return byKey;
}

/** At each grid time: which replicas say exactly what the archive has, over all series of the query. */
function originsOf(name: string, stepMs: number, found: Iterable<Sample>): Map<number, number[]> {
  const range = recorded.get(name) ?? { fromMs: 0, toMs: -1 };
  const byTime = new Map<number, Array<[string, number]>>();
  for (const { query, labels, timeMs, value } of found) {
    if (query === name) {
      byTime.set(timeMs, [...(byTime.get(timeMs) ?? []), [labels, value]]);
    }
  }
  const origins = new Map<number, number[]>();
  for (let timeMs = range.fromMs; timeMs <= range.toMs; timeMs += stepMs) {
    const here = JSON.stringify((byTime.get(timeMs) ?? []).sort());
    const alike = (says.get(name) ?? []).map((series) => {
      const there = [...series].flatMap(([labels, values]) => {
        const value = values.get(timeMs);
        return value === undefined ? [] : [[labels, value] as [string, number]];
      });
      return JSON.stringify(there.sort()) === here;
    });
    origins.set(
      timeMs,
      [...alike.keys()].filter((i) => alike[i])
    );
    byTime.delete(timeMs);
  }
  expect([...byTime.keys()]).toEqual([]);
  return origins;
}

/** One sample a series and time, each time as one of the two says it as a whole; nothing beside them, nothing missing. */
async function expectOneOfTheTwo(): Promise<Map<string, Map<number, number[]>>> {
  const found = await archived();
  const archive = archives.archive(postgres.url);
  const all = new Map<string, Map<number, number[]>>();
  for (const entry of await archive.ledger.entries()) {
    expect([entry.name, entry.covered, entry.gaps]).toEqual([entry.name, [recorded.get(entry.name)], []]);
    const origins = originsOf(entry.name, entry.stepMs, found.values());
    expect([...origins].filter(([, from]) => from.length === 0)).toEqual([]);
    all.set(entry.name, origins);
  }
  return all;
}

it('records one answer a time, from the one or the other, with whole coverage', async () => {
  const origins = await expectOneOfTheTwo();
  for (const { name } of QUERIES) {
    // Both were recorded from, at times at which they do not agree: else nothing would be shown.
    for (const one of [0, 1]) {
      expect(
        [...(origins.get(name)?.values() ?? [])].filter(([only, more]) => only === one && more === undefined).length
      ).toBeGreaterThan(5);
    }
  }
});

describe('fetched again', () => {
  const counts = async (): Promise<Record<string, number>> => {
    const client = await archives.client(postgres.url);
    const { rows } = await client.query<Record<string, number>>(
      `SELECT sum(inserted)::int AS inserted, sum(revised)::int AS revised, sum(withdrawn)::int AS withdrawn FROM promkeep_fetches`
    );
    return rows[0];
  };
  const refetch: Array<[string, () => Promise<unknown>]> = [
    [
      'by a backfill, as if the ledger had lost it',
      async () => {
        const client = await archives.client(postgres.url);
        await client.query(`UPDATE promkeep_coverage SET covered = '{}'`);
        for (const { name } of QUERIES) {
          const { fromMs = 0, toMs = 0 } = recorded.get(name) ?? {};
          const window = ['--query', name, '--from', String(fromMs / SECOND), '--to', String(toMs / SECOND)];
          const { code, output } = await runProgram(['backfill', ...window, '--config', config.file], environment());
          expect([code, output]).toEqual([0, expect.stringContaining(' 0 remain missing')]);
        }
      },
    ],
    [
      'by a repair, which finds what the other one says to differ',
      async () => {
        const { code, output } = await runProgram(['verify', '--repair', '--config', config.file], environment());
        expect([code, output]).toEqual([0, expect.stringContaining('differ')]);
      },
    ],
  ];

  /** What the ledger counts is what has become different in the rows. */
  const expectCounted = async (again: () => Promise<unknown>): Promise<void> => {
    const [before, countsBefore] = [await archived(), await counts()];
    await again();
    const [after, countsAfter] = [await archived(), await counts()];
    await expectOneOfTheTwo();
    const seen = {
      inserted: [...after.keys()].filter((key) => !before.has(key)).length,
      revised: [...after].filter(([key, { value }]) => before.has(key) && before.get(key)?.value !== value).length,
      withdrawn: [...before.keys()].filter((key) => !after.has(key)).length,
    };
    const counted = Object.entries(countsAfter).map(([name, count]) => [name, count - countsBefore[name]]);
    expect(Object.fromEntries(counted)).toEqual(seen);
    expect(seen.revised).toBeGreaterThan(20);
    expect(seen.inserted).toBeGreaterThan(0);
    expect(seen.withdrawn).toBeGreaterThan(0);
  };

  it.each([...refetch, ...refetch])('%s: nothing is doubled, and what changes is counted', (_, again) =>
    expectCounted(again)
  );

  it('packed, too', async () => {
    const packed = await archives.jobs(postgres.url, UNTIL + 30 * 86_400_000).packClosed(live());
    expect(packed.samples).toBeGreaterThan(300);
    await expectCounted(refetch[0][1]);
  });
});

describe('read with both', () => {
  let instance: DatasourceInstance;
  beforeAll(async () => {
    // What is stored of these times must not come beside what Prometheus says of them.
    const client = await archives.client(postgres.url);
    const { fromMs = 0 } = recorded.get('load') ?? {};
    const holeMs = Math.ceil(fromMs / 10_000) * 10_000 + 20_000;
    await client.query(
      `UPDATE promkeep_coverage SET covered = covered - tstzmultirange(tstzrange(to_timestamp($1), to_timestamp($2)))`,
      [holeMs / SECOND, (holeMs + HOLE) / SECOND]
    );
    instance = await archiveDatasource({ prometheusUrl: proxy.url, postgresUrl: postgres.url, timeInterval: '5s' });
  });
  afterAll(() => instance?.dispose());

  const ask = async (expr: string, stepMs: number, range: TimeRange): Promise<DataResponse> => {
    const json = { expr, range: true, readFrom: 'both', interval: `${stepMs / SECOND}s` };
    const query = dataQuery(json, { range, maxDataPoints: 11_000, intervalMs: stepMs });
    const response = (await instance.queryData({ caller: editor, queries: [query] }, live())).get('A');
    return response ?? { frames: [], status: 0 };
  };

  it.each(QUERIES)('has one value a time on both sides of the seam: $name', async ({ name, expr, stepMs }) => {
    const { fromMs = 0, toMs = 0 } = recorded.get(name) ?? {};
    const range = { fromMs, toMs: toMs + 20 * SECOND };
    const joined = await ask(expr, stepMs, range);
    expect(noticesOf(joined)).toEqual([]);
    expect(originOf(joined)).toMatchObject({ archivedTimes: (toMs - fromMs - HOLE) / stepMs + 1 });
    expect(originOf(joined).liveTimes).toBe((HOLE + 20 * SECOND) / stepMs);
    const truth = await Promise.all(replicas.map(({ url }) => askRange(url, expr, { ...range, stepMs })));
    const labels = joined.frames.map(({ fields }) => labelsKey(fields[1].labels));
    expect(new Set(labels).size).toBe(labels.length);
    for (const [i, { fields }] of joined.frames.entries()) {
      const [times, values] = [Array.from(fields[0].values, Number), Array.from(fields[1].values, Number)];
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      const strange = times.filter(
        (timeMs, at) => !truth.some((one) => one.get(labels[i])?.get(timeMs) === values[at])
      );
      expect(strange).toEqual([]);
      const always = truth.map((one) => [...(one.get(labels[i])?.keys() ?? [])]);
      const inBoth = always[0].filter((timeMs) => always[1].includes(timeMs));
      expect(inBoth.filter((timeMs) => !times.includes(timeMs))).toEqual([]);
    }
  });
});
