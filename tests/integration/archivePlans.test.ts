import { type Client } from 'pg';
import { SERVERS, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';

/** What PostgreSQL reads for a statement on metrics_data: partitions, series and tables it needs, and no others. */
jest.setTimeout(120_000);

const AVERAGE = `SELECT metric_name, AVG(metric_value) AS avg_value
    FROM metrics_data
    WHERE timestamp >= NOW() - INTERVAL '1 hour'
    GROUP BY metric_name`;

describe.each(SERVERS)('plans of metrics_data on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    await test.archive(url).migrate();
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const rows = async (sql: string, values: unknown[] = []): Promise<Array<Record<string, unknown>>> =>
    (await client.query<Record<string, unknown>>(sql, values)).rows;

  it('reads only the partitions a time condition needs, and one metric by index', async () => {
    // A month of rows through the view, then ballast: only with some size is an index worth its while.
    await client.query(
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels, source)
       SELECT 'm' || n, n, now() - n * interval '3 hours', '{}', 's' FROM generate_series(0, 400) n`
    );
    await client.query(
      `INSERT INTO promkeep_samples SELECT series_id, now() - n * interval '1 minute', n, 0
       FROM promkeep_series, generate_series(1, 250) n ON CONFLICT DO NOTHING`
    );
    await client.query('ANALYZE');
    const partitions =
      Number((await rows('SELECT count(*) FROM pg_partition_tree($1)', ['promkeep_samples']))[0].count) - 1;
    expect(partitions).toBeGreaterThan(6);
    const average = await plan(AVERAGE);
    expect(scans(average)).toBeLessThanOrEqual(2);
    const oneMetric = await plan(
      `SELECT * FROM metrics_data WHERE metric_name = 'm7' AND timestamp >= NOW() - INTERVAL '1 hour'`
    );
    expect(oneMetric).toMatch(/promkeep_series_short_name/);
    expect(oneMetric).toMatch(/promkeep_samples_\d{8}_pkey/);
    expect(scans(oneMetric)).toBeLessThanOrEqual(2);
  });

  it('finds the series of a label by index, packed or not', async () => {
    await client.query(
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels)
       SELECT 'm', n, now(), jsonb_build_object('pod', 'p' || n, 'job', 'j') FROM generate_series(1, 3000) n`
    );
    await client.query('ANALYZE');
    for (const packed of [false, true]) {
      for (const relation of ['metrics_data', `metrics_between(now() - interval '1 hour', now())`]) {
        const text = await plan(`SELECT * FROM ${relation} WHERE labels @> '{"pod": "p7"}'`);
        expect([packed, relation, text]).toEqual([packed, relation, expect.stringMatching(/promkeep_series_labels/)]);
      }
      await test.jobs(url, Date.now() + 30 * 86_400_000).packClosed(live());
      await client.query('ANALYZE');
    }
    expect(await rows('SELECT count(*)::int AS n FROM promkeep_samples')).toEqual([{ n: 0 }]);
  });

  it('leaves out the tables a query does not ask for', async () => {
    const text = await plan('SELECT count(*), max(metric_value) FROM metrics_data');
    expect(text).not.toMatch(/promkeep_(series|queries|sources|fetches)/);
  });

  async function plan(sql: string): Promise<string> {
    const lines = await rows(`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${sql}`);
    return lines.map((line) => String(line['QUERY PLAN'])).join('\n');
  }

  function scans(text: string): number {
    const executed = text.split('\n').filter((line) => !line.includes('never executed'));
    return new Set(executed.flatMap((line) => / on (promkeep_samples_\d{8})/.exec(line)?.[1] ?? [])).size;
  }
});
