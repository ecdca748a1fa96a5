import { type VerifyReport } from '../../pkg/core/collect/verify';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { ArchiverStack, QUERIES } from './archiverStack';
import { runProgram, until, type ServingProgram } from './promkeepProgram';

/** `promkeep verify` on packed rows somebody has changed by hand: what it finds, what it names, and that it mends all of it. */
jest.setTimeout(180_000);

const stack = new ArchiverStack();
let archiver: ServingProgram;

beforeAll(async () => {
  await stack.start({ lease: '2s' });
  archiver = await stack.archiver();
  await stack.recordedUntil(Date.now() + 10_000);
  await archiver.process.stop();
  await pack();
});
afterAll(() => stack.stop());

/** As if the periods of today had ended long ago. */
async function pack(): Promise<void> {
  const server = new TestServer({ name: 'running' });
  await server.jobs(stack.postgres.url, Date.now() + 3 * 86_400_000).packClosed(live());
  await server.closeAll();
  const [{ n }] = await stack.sql('SELECT count(*)::int AS n FROM promkeep_samples');
  expect(n).toBe(0);
}

async function verify(...args: string[]): Promise<{ code: number | null; reports: VerifyReport[] }> {
  const { code, output } = await runProgram(
    ['verify', '--json', ...args, '--config', stack.configFile],
    stack.environment()
  );
  return { code, reports: (JSON.parse(output) as { queries: VerifyReport[] }).queries };
}

const OF_LOAD = `series_id = (SELECT series_id FROM promkeep_series JOIN promkeep_queries q USING (query_id)
  WHERE q.name = 'load' AND labels <> '{"a":"b"}')`;
/** A series with values that change, as they are. */
const OF_CPU = `series_id = (SELECT series_id FROM promkeep_packed p JOIN promkeep_series USING (series_id) JOIN promkeep_queries q USING (query_id)
  WHERE q.name = 'cpu' AND cardinality(p.sample_values) > 5 AND NOT p.differences ORDER BY 1 LIMIT 1)`;

interface Case {
  sql: string;
  query: string;
  finds: Partial<VerifyReport>;
}

/** Brings a row, whatever form it is packed in, into the plain one: the third value changed, or only what `kept` lets pass. */
const rewrite = (kept: string): string => `UPDATE promkeep_packed p SET sample_count = u.n, sample_values = u.v,
  offsets_us = u.o, step_us = NULL, differences = false, divisor = NULL, from_time = u.f, to_time = u.t, fetch_ids = p.fetch_ids[1:1], fetch_starts = '{1}'
  FROM (SELECT count(*)::int AS n, array_agg(${kept === 'all' ? 'CASE WHEN i = 3 THEN value + 1 ELSE value END' : 'value'} ORDER BY i) AS v, min(time) AS f, max(time) AS t,
      array_agg((extract(epoch FROM time - first) * 1000000)::bigint ORDER BY i) AS o
    FROM (SELECT u.sample_time AS time, u.sample_value AS value, p.from_time AS first, row_number() OVER (ORDER BY u.sample_time) AS i
      FROM promkeep_packed p, promkeep_unpack(p.from_time, p.sample_count, p.step_us, p.offsets_us, p.sample_values, p.differences, p.divisor, p.fetch_ids, p.fetch_starts) u
      WHERE p.${OF_LOAD}) samples ${kept === 'all' ? '' : `WHERE ${kept}`}) u
  WHERE p.${OF_LOAD}`;

const CASES: Array<[string, Case]> = [
  [
    'a value in a packed row was changed',
    { sql: rewrite('all'), query: 'load', finds: { differs: 1, missing: 0, extra: 0 } },
  ],
  [
    'a value was changed in the array itself',
    {
      sql: `UPDATE promkeep_packed SET sample_values[4] = sample_values[4] + 1 WHERE ${OF_CPU}`,
      query: 'cpu',
      finds: { differs: 1, missing: 0, extra: 0 },
    },
  ],
  [
    'a sample was taken out of a packed row',
    { sql: rewrite('i <> 3'), query: 'load', finds: { differs: 0, missing: 1, extra: 0 } },
  ],
  [
    'a whole packed row was deleted',
    { sql: `DELETE FROM promkeep_packed WHERE ${OF_LOAD}`, query: 'load', finds: { differs: 0, extra: 0 } },
  ],
  [
    'a packed row was copied to a series Prometheus does not have',
    {
      sql: `WITH r AS (INSERT INTO promkeep_series (query_id, fingerprint, metric_name, origin, labels)
          SELECT query_id, sha256('x'), 'load', 'named', '{"a":"b"}' FROM promkeep_queries WHERE name = 'load' RETURNING series_id)
        INSERT INTO promkeep_packed (series_id, retention, from_time, to_time, sample_count, step_us, sample_values, fetch_ids, fetch_starts, differences)
        SELECT r.series_id, p.retention, p.from_time, p.from_time, 1, 1000000, '{5}', p.fetch_ids[1:1], '{1}', false FROM r, promkeep_packed p WHERE p.${OF_LOAD}`,
      query: 'load',
      finds: { differs: 0, missing: 0, extra: 1 },
    },
  ],
  [
    'a sample between two grid times was added beside a packed row',
    {
      sql: `INSERT INTO promkeep_samples SELECT series_id, from_time + interval '1500 ms', 5, fetch_ids[1] FROM promkeep_packed WHERE ${OF_LOAD} LIMIT 1`,
      query: 'load',
      finds: { differs: 0, missing: 0, extra: 1 },
    },
  ],
  [
    'a sample of a packed row was stored a second time beside it',
    {
      sql: `INSERT INTO promkeep_samples SELECT series_id, from_time, sample_values[1], fetch_ids[1] FROM promkeep_packed WHERE ${OF_CPU} LIMIT 1`,
      query: 'cpu',
      finds: { differs: 0, missing: 0, extra: 1 },
    },
  ],
];

it('finds nothing to begin with', async () => {
  const { code, reports } = await verify();
  expect([code, reports.map(({ query }) => query)]).toEqual([0, ['cpu', 'load']]);
  expect(reports.every(({ compared }) => compared > QUERIES.length)).toBe(true);
});

it.each(CASES)('%s', async (_, { sql, query, finds }) => {
  const [{ n: before }] = await stack.sql('SELECT count(*)::int AS n FROM metrics_data');
  await stack.sql(`SELECT promkeep_ensure_partition(now())`);
  await stack.sql(sql);
  const found = await verify();
  expect(found.code).toBe(1);
  for (const report of found.reports) {
    const clean = { differs: 0, missing: 0, extra: 0 };
    expect([report.query, report]).toMatchObject([report.query, report.query === query ? finds : clean]);
  }
  if (finds.missing === undefined) {
    expect(found.reports.find((one) => one.query === query)?.missing).toBeGreaterThan(3);
  }
  expect((await verify('--repair')).code).toBe(0);
  await stack.sql(
    `DELETE FROM promkeep_packed WHERE series_id IN (SELECT series_id FROM promkeep_series WHERE labels = '{"a":"b"}' AND metric_name = 'load')`
  );
  expect((await verify()).code).toBe(0);
  expect(await stack.sql('SELECT count(*)::int AS n FROM metrics_data')).toEqual([{ n: before }]);
  await stack.expectExact();
  await pack();
});

it('goes on recording afterwards, exact', async () => {
  await stack.archiver();
  await stack.recordedUntil(Date.now());
  await until('exact', async () => stack.expectExact().then(() => true), 10_000);
});
