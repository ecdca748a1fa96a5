import { type Client } from 'pg';
import { type Samples } from '../../pkg/core/model/series';
import { type Chunk } from '../../pkg/core/model/rawSeries';
import { chunksOfHistograms, chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { type NativeHistogram } from '../../pkg/remote/nativeHistogram';
import { markStale } from '../../pkg/remote/sampleColumns';
import { SERVERS, TestServer } from './archiveServers';
import { addRawDefinition, addRawRow } from './archiveRawRows';

/** Raw series as SQL shows them: `metrics_data`, ranges, histograms, organisations. */
jest.setTimeout(120_000);

type Row = Record<string, unknown>;

/** 2026-01-06T10:00:00Z. */
const AT = 1_767_693_600_000;
const DAY = 86_400_000;
const UP = { __name__: 'up', instance: 'a:9100', job: 'node' };
const at = (seconds: number): Date => new Date(AT + seconds * 1_000);

describe.each(SERVERS)('raw series in SQL on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let node: number;

  beforeAll(async () => {
    await test.start();
    url = await test.freshDatabase();
    await test.archive(url).migrate();
    client = await test.client(url);
    node = await addRawDefinition(client, { orgId: 1, name: 'node' });
    await addRawRow(client, node, UP, chunksOfSamples(withStale(floats([1, 0, NaN, Infinity, -0, 5e-324, 7], 15), 6)));
    await addRawRow(client, node, UP, chunksOfSamples(floats([2, 3], 15, AT + DAY)));
    await addRawRow(client, node, { __name__: 'load', instance: 'a:9100' }, chunksOfSamples(floats([0.5], 15)));
    await addRawRow(client, node, { instance: 'nameless' }, chunksOfSamples(floats([8], 15)));
    await addRawRow(client, node, { __name__: 'é'.repeat(300) }, chunksOfSamples(floats([9], 15)));
    await addRawRow(client, node, { __name__: 'rpc', job: 'node' }, mixedDay());
    const other = await addRawDefinition(client, { orgId: 2, name: 'theirs' });
    await addRawRow(client, other, UP, chunksOfSamples(floats([200], 15)));
    await addRawRow(client, other, { __name__: 'rpc' }, chunksOfHistograms([histogram(0, 100)]));
  });
  afterAll(() => test.stop());

  const rows = async (sql: string, values: unknown[] = [], by = client): Promise<Row[]> =>
    (await by.query<Row>(sql, values)).rows;

  it('shows every sample but stale markers, with its text', async () => {
    const found = await rows(
      `SELECT "timestamp", metric_value::text AS text FROM metrics_data WHERE metric_name = 'up' AND org_id = 1 ORDER BY 1`
    );
    expect(found).toEqual(
      ['1', '0', 'NaN', 'Infinity', '-0', '5e-324', '2', '3'].map((text, i) => ({
        timestamp: i < 6 ? at(15 * i) : at(86_400 + 15 * (i - 6)),
        text,
      }))
    );
  });

  it('gives names, labels, source, query and the bounds of the row', async () => {
    const [row] = await rows(`SELECT * FROM promkeep_metrics WHERE metric_name = 'load'`);
    expect(row).toEqual({
      id: expect.stringMatching(/^[1-9]\d*$/),
      metric_name: 'load',
      metric_value: 0.5,
      timestamp: at(0),
      labels: { instance: 'a:9100' },
      source: 'prometheus',
      created_at: null,
      org_id: '1',
      source_name: 'default',
      query: 'node',
      part_from: at(0),
      part_to: at(0),
    });
    expect(await rows(`SELECT labels, metric_value AS v FROM metrics_data WHERE metric_name = 'node'`)).toEqual([
      { labels: { instance: 'nameless' }, v: 8 },
    ]);
    const [long] = await rows('SELECT metric_name FROM metrics_data WHERE metric_value = 9');
    expect(long.metric_name).toMatch(/^é{238}~[0-9a-f]{16}$/);
    const ids = await rows('SELECT id FROM metrics_data');
    expect(new Set(ids.map(({ id }) => id)).size).toBe(ids.length);
  });

  it('says when a value was written: by the newest write that touches its row', async () => {
    await client.query('BEGIN');
    try {
      const write = `INSERT INTO promkeep_fetches (query_id, version, fetched_range, fetched_at, written_at)
        VALUES ($1, 1, tstzrange($2, $3, '[]'), now(), $4)`;
      await client.query(write, [node, at(0), at(0), at(1_000)]);
      await client.query(write, [node, at(-3_600), at(60), at(2_000)]);
      await client.query(write, [node, at(3_600), at(7_200), at(3_000)]);
      expect(await rows(`SELECT DISTINCT created_at FROM metrics_data WHERE metric_name = 'load'`)).toEqual([
        { created_at: at(2_000) },
      ]);
    } finally {
      await client.query('ROLLBACK');
    }
  });

  it('gives a range, both ends inclusive, over the days', async () => {
    const found = await rows(
      `SELECT metric_value AS v FROM metrics_between($1, $2) WHERE metric_name = 'up' AND org_id = 1 ORDER BY "timestamp"`,
      [at(45), at(86_400)]
    );
    expect(found).toEqual([Infinity, -0, 5e-324, 2].map((v) => ({ v })));
  });

  it('shows a native histogram as count and sum', async () => {
    const of = async (name: string): Promise<Row[]> =>
      rows(
        `SELECT "timestamp", metric_value AS v FROM metrics_between($1, $2) WHERE metric_name = $3 AND org_id = 1 ORDER BY 1`,
        [at(0), at(3_600), name]
      );
    // A float at 0 s, integers at 60 s and 75 s, a stale one at 90 s, floats from 600 s on.
    expect(await of('rpc')).toEqual([{ timestamp: at(0), v: 3 }]);
    expect(await of('rpc_count')).toEqual([
      { timestamp: at(60), v: 10 },
      { timestamp: at(75), v: 11 },
      { timestamp: at(600), v: 0.5 },
    ]);
    expect(await of('rpc_sum')).toEqual([
      { timestamp: at(60), v: 2.5 },
      { timestamp: at(75), v: 2.75 },
      { timestamp: at(600), v: -1 },
    ]);
  });

  it('gives the buckets of native histograms, with their bounds', async () => {
    const found = await rows(
      `SELECT "timestamp" AS at, labels, query, bucket_lower AS low, bucket_upper AS high, bucket_count AS n
       FROM promkeep_histogram_buckets($1, $2) WHERE metric_name = 'rpc' AND org_id = 1 ORDER BY 1, high, low`,
      [at(61), at(3_600)]
    );
    const common = { labels: { job: 'node' }, query: 'node' };
    expect(found).toEqual([
      // Schema 0: negative bucket 1, zero bucket, positive buckets 0 and 3 (2 is empty).
      { ...common, at: at(75), low: -2, high: -1, n: 2 },
      { ...common, at: at(75), low: -0.001, high: 0.001, n: 1 },
      { ...common, at: at(75), low: 0.5, high: 1, n: 5 },
      { ...common, at: at(75), low: 4, high: 8, n: 3 },
      // Bounds of its own: 0.1, 2.5; then infinity.
      { ...common, at: at(600), low: -Infinity, high: 0.1, n: 0.25 },
      { ...common, at: at(600), low: 2.5, high: Infinity, n: 0.125 },
    ]);
  });

  it('shows a role its organisation, in tables, views and functions', async () => {
    const role = `raw_reader_${server.binDir ? 'x' : 'y'}`;
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'; SELECT promkeep_grant_reader('${role}', 2)`);
    const theirs = new URL(url);
    theirs.username = role;
    theirs.password = 'p';
    const reader = await test.client(theirs.href);
    const all = await rows(`SELECT metric_name, metric_value FROM promkeep.metrics_data ORDER BY 1`, [], reader);
    expect(all).toEqual([
      { metric_name: 'rpc_count', metric_value: 100 },
      { metric_name: 'rpc_sum', metric_value: 25 },
      { metric_name: 'up', metric_value: 200 },
    ]);
    const range = `promkeep.metrics_between('-infinity', 'infinity')`;
    expect(await rows(`SELECT DISTINCT org_id FROM ${range}`, [], reader)).toEqual([{ org_id: '2' }]);
    const buckets = `promkeep.promkeep_histogram_buckets('-infinity', 'infinity')`;
    expect(await rows(`SELECT DISTINCT org_id FROM ${buckets}`, [], reader)).toEqual([{ org_id: '2' }]);
    for (const [table, count] of [
      ['labels', 4],
      ['raw_series', 2],
      ['chunks', 2],
    ]) {
      const [{ n }] = await rows(`SELECT count(*)::int AS n FROM promkeep.promkeep_${table}`, [], reader);
      expect([table, n]).toEqual([table, count]);
    }
    await expect(reader.query('DELETE FROM promkeep.promkeep_chunks')).rejects.toMatchObject({ code: '42501' });
  });

  it('protects raw series from INSERT, UPDATE and DELETE, beside which rows of one’s own go on', async () => {
    await expect(client.query(`DELETE FROM metrics_data WHERE query = 'node'`)).rejects.toMatchObject({
      code: '0A000',
    });
    await expect(client.query(`UPDATE metrics_data SET metric_value = 0 WHERE query = 'node'`)).rejects.toMatchObject({
      code: '0A000',
    });
    await client.query('BEGIN');
    await client.query(`INSERT INTO metrics_data (metric_name, metric_value, "timestamp") VALUES ('up', 5, $1)`, [
      at(0),
    ]);
    expect(
      await rows(`SELECT query FROM metrics_data WHERE metric_name = 'up' AND "timestamp" = $1`, [at(0)])
    ).toHaveLength(3);
    await client.query(`DELETE FROM metrics_data WHERE query IS NULL`);
    await client.query('COMMIT');
  });
});

function floats(values: number[], stepSeconds: number, fromMs = AT): Samples {
  return {
    timesMs: Float64Array.from(values, (_, i) => fromMs + i * stepSeconds * 1_000),
    values: Float64Array.from(values),
  };
}

function withStale(samples: Samples, place: number): Samples {
  markStale(samples.values, place);
  return samples;
}

function histogram(seconds: number, count: number): NativeHistogram {
  return {
    kind: 'integer',
    timeMs: AT + seconds * 1_000,
    reset: 'unknown',
    schema: 0,
    zeroThreshold: 0.001,
    totals: Float64Array.of(count, 1, count / 4),
    positive: {
      spans: [
        { offset: 0, length: 1 },
        { offset: 1, length: 2 },
      ],
      values: Float64Array.of(5, -5, 3),
    },
    negative: { spans: [{ offset: 1, length: 1 }], values: Float64Array.of(2) },
    customBounds: new Float64Array(0),
  };
}

/** A float, then native histograms of all kinds, as when a target learns them. */
function mixedDay(): Chunk[] {
  const none = { spans: [], values: new Float64Array(0) };
  const stale: NativeHistogram = { ...histogram(90, 0), positive: none, negative: none, schema: 0, zeroThreshold: 0 };
  markStale(stale.totals, 2);
  const custom: NativeHistogram = {
    ...histogram(600, 0),
    kind: 'float',
    schema: -53,
    zeroThreshold: 0,
    totals: Float64Array.of(0.5, 0, -1),
    positive: { spans: [{ offset: 0, length: 3 }], values: Float64Array.of(0.25, 0, 0.125) },
    negative: none,
    customBounds: Float64Array.of(0.1, 2.5),
  };
  return [
    ...chunksOfSamples(floats([3], 15)),
    ...chunksOfHistograms([histogram(60, 10), { ...histogram(75, 11), reset: 'no' }, stale]),
    ...chunksOfHistograms([custom]),
  ];
}
