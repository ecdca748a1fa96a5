import { type Client } from 'pg';
import { chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { SERVERS, TestServer } from './archiveServers';
import { addRawDefinition, addRawRow } from './archiveRawRows';

/** What PostgreSQL decodes for a statement: the rows of the series, queries and times it names, and no others. */
jest.setTimeout(120_000);

/** 2026-01-06T00:00:00Z. */
const AT = 1_767_657_600_000;
const DAY = 86_400_000;
const [METRICS, INSTANCES, DAYS] = [20, 5, 3];
const HOUR = `metrics_between('2026-01-07 10:00Z', '2026-01-07 11:00Z')`;

describe.each(SERVERS)('plans over raw series on $name', (server) => {
  const test = new TestServer(server);
  let client: Client;

  beforeAll(async () => {
    await test.start();
    const url = await test.freshDatabase();
    await test.archive(url).migrate();
    client = await test.client(url);
    for (const name of ['node', 'other']) {
      const query = await addRawDefinition(client, { orgId: 1, name });
      for (let n = 0; n < (name === 'node' ? METRICS * INSTANCES : 2); n++) {
        const labels = { __name__: `m${n % METRICS}`, instance: `i${Math.floor(n / METRICS)}` };
        for (let day = 0; day < DAYS; day++) {
          const timesMs = Float64Array.from({ length: 24 }, (_, i) => AT + day * DAY + i * 3_600_000);
          await addRawRow(client, query, labels, chunksOfSamples({ timesMs, values: timesMs.map((_, i) => i) }));
        }
      }
    }
    // Ballast: only with some size is an index worth its while. What has no chunks is never decoded.
    await client.query(
      `INSERT INTO promkeep_labels (source_id, name, value) SELECT source_id, '__name__', 'ballast_' || n
       FROM promkeep_sources, generate_series(1, 2000) n`
    );
    await client.query(
      `INSERT INTO promkeep_raw_series (query_id, fingerprint, label_ids)
       SELECT q.query_id, md5(l.label_id || ' ' || n)::uuid, ARRAY[l.label_id]
       FROM promkeep_queries q, promkeep_labels l, generate_series(1, 10) n WHERE q.name = 'node' AND l.value ~ '^ballast'`
    );
    await client.query('ANALYZE');
  });
  afterAll(() => test.stop());

  const plan = async (sql: string): Promise<string> => {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${sql}`
    );
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const decoded = (text: string, decoder = 'xor'): number =>
    [...text.matchAll(new RegExp(`Function Scan on promkeep_decode_${decoder} .*loops=(\\d+)`, 'g'))].reduce(
      (sum, [, loops]) => sum + Number(loops),
      0
    );

  it.each([
    ['everything', 'metrics_data', 'true', (METRICS * INSTANCES + 2) * DAYS],
    ['an hour', HOUR, 'true', METRICS * INSTANCES + 2],
    ['a metric', 'metrics_data', `metric_name = 'm7'`, INSTANCES * DAYS],
    ['a metric for an hour', HOUR, `metric_name = 'm7'`, INSTANCES],
    ['a label', HOUR, `labels @> '{"instance": "i3"}'`, METRICS],
    ['a label by its text', HOUR, `labels ->> 'instance' = 'i3'`, METRICS],
    ['a metric and a label', HOUR, `metric_name = 'm7' AND labels @> '{"instance": "i3"}'`, 1],
    ['a query', HOUR, `query = 'other'`, 2],
    ['a metric that is not there', HOUR, `metric_name = 'nothing'`, 0],
    ['another organisation', HOUR, 'org_id = 7', 0],
  ])('decodes for %s only its rows', async (_, relation, condition, rows) => {
    const text = await plan(`SELECT avg(metric_value) FROM ${relation} WHERE ${condition}`);
    expect([text, decoded(text)]).toEqual([text, rows]);
  });

  it('finds the series of a metric by an index, and looks for histograms of no other', async () => {
    const text = await plan(`SELECT avg(metric_value) FROM ${HOUR} WHERE metric_name = 'm7'`);
    expect(text).toMatch(/promkeep_labels_metric_name/);
    expect(text).toMatch(/promkeep_raw_series_name/);
    expect([text, decoded(text, 'histograms')]).toEqual([text, 0]);
    const ofHistograms = await plan(`SELECT avg(metric_value) FROM ${HOUR} WHERE metric_name = 'm7_sum'`);
    expect([ofHistograms, decoded(ofHistograms), decoded(ofHistograms, 'histograms')]).toEqual([
      ofHistograms,
      0,
      INSTANCES,
    ]);
  });

  it('puts labels together and looks up writes once a row, not once a sample', async () => {
    const text = await plan(`SELECT * FROM ${HOUR} WHERE metric_name = 'm7'`);
    const loops = [...text.matchAll(/Result \(actual rows=1\S* loops=(\d+)\)/g)].map(([, count]) => Number(count));
    expect([text, loops.length >= 2, Math.max(...loops) <= INSTANCES * DAYS]).toEqual([text, true, true]);
    expect(await plan(`SELECT max(metric_value) FROM ${HOUR}`)).not.toMatch(/promkeep_(fetches|sources)/);
  });

  it('reads only the partitions a range needs', async () => {
    await client.query(
      `SELECT promkeep_make_partition('promkeep_chunks_20260202', 'promkeep_chunks', $$FOR VALUES FROM ('2026-02-02Z') TO ('2026-02-09Z')$$)`
    );
    const text = await plan(`SELECT avg(metric_value) FROM ${HOUR}`);
    expect(text).not.toMatch(/promkeep_chunks_20260202/);
  });
});
