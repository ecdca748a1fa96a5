import { type Client } from 'pg';
import { type Chunk } from '../../pkg/core/model/rawSeries';
import { chunksOfHistograms, chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { addRawDefinition, addRawRow } from './archiveRawRows';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(240_000);

const DAY = 86_400_000;
const MAKE = `INSERT INTO metrics_data (metric_name, metric_value, timestamp, source) VALUES ($1, $2, '2026-01-01', 'mine')`;

/** What a reader may read, and to which organisation a row belongs. */
const BY_SOURCE = `(SELECT o.org_id FROM promkeep_sources o WHERE o.source_id = t.source_id)`;
const BY_QUERY = `(SELECT o.org_id FROM promkeep_queries q JOIN promkeep_sources o USING (source_id) WHERE q.query_id = t.query_id)`;
const BY_SERIES = `(SELECT o.org_id FROM promkeep_series r JOIN promkeep_queries q USING (query_id) JOIN promkeep_sources o USING (source_id)
  WHERE r.series_id = t.series_id)`;
const BY_RAW_SERIES = `(SELECT o.org_id FROM promkeep_raw_series r JOIN promkeep_queries q USING (query_id) JOIN promkeep_sources o USING (source_id)
  WHERE r.series_id = t.series_id)`;
const RELATIONS: Record<string, string> = {
  promkeep_sources: 't.org_id',
  promkeep_queries: BY_SOURCE,
  promkeep_leases: BY_SOURCE,
  promkeep_query_versions: BY_QUERY,
  promkeep_coverage: BY_QUERY,
  promkeep_gaps: BY_QUERY,
  promkeep_fetches: BY_QUERY,
  promkeep_series: BY_QUERY,
  promkeep_rollup_state: BY_QUERY,
  promkeep_pending: BY_QUERY,
  promkeep_audit: 't.org_id',
  promkeep_upkeep_failures: BY_QUERY,
  promkeep_samples: BY_SERIES,
  promkeep_packed: BY_SERIES,
  promkeep_rollups: BY_SERIES,
  promkeep_labels: BY_SOURCE,
  promkeep_raw_series: BY_QUERY,
  promkeep_chunks: BY_RAW_SERIES,
  promkeep_metadata: BY_SOURCE,
  promkeep_metrics: 't.org_id',
  metrics_data: 't.org_id',
  metrics_5m: 't.org_id',
  metrics_1h: 't.org_id',
  "metrics_between('-infinity', 'infinity')": 't.org_id',
  "promkeep_histogram_buckets('-infinity', 'infinity')": 't.org_id',
  "metrics_rollup('15 minutes', '-infinity', 'infinity')": 't.org_id',
};

/** A float sample, and a native histogram of one bucket. */
function rawChunks(value: number): Chunk[][] {
  const none = { spans: [], values: new Float64Array(0) };
  const positive = { spans: [{ offset: 0, length: 1 }], values: Float64Array.of(value) };
  return [
    chunksOfSamples({ timesMs: Float64Array.of(T0), values: Float64Array.of(value) }),
    chunksOfHistograms([
      {
        kind: 'float',
        timeMs: T0,
        reset: 'unknown',
        schema: 0,
        zeroThreshold: 0,
        totals: Float64Array.of(value, 0, value),
        positive,
        negative: none,
        customBounds: new Float64Array(0),
      },
    ]),
  ];
}

describe.each(SERVERS)('row-level security on $name', (server) => {
  const test = new TestServer(server);
  const suffix = server.binDir ? 'x' : 'y';
  let url: string;
  let owner: Client;
  let roles = 0;

  beforeAll(async () => {
    await test.start();
    url = await test.freshDatabase();
    for (const orgId of [1, 2, 3]) {
      const archive = test.archive(url, { source: { orgId, name: 'default' } });
      await archive.lease.hold({ holder: `of ${orgId}`, durationMs: 60_000 });
      const series = manySeries(2, 40 * orgId, (n, i) => orgId * 1_000 + n + i);
      const covered = [{ fromMs: T0, toMs: T0 + STEP }];
      await archive.samples.writeRange(writing(series, { retention: '30d', covered }), live());
      await archive.ledger.noteGap('cpu', { fromMs: T0 - DAY, toMs: T0 - DAY, reason: 'source-down' });
    }
    const jobs = test.jobs(url, T0 + 8 * DAY);
    await jobs.packClosed(live());
    await jobs.rollUp(live());
    for (const orgId of [1, 2, 3]) {
      // Unpacked, and not rolled up yet.
      const range = { fromMs: T0 + 9 * DAY, toMs: T0 + 9 * DAY };
      const series = [
        { labels: { __name__: 'late' }, timesMs: Float64Array.of(range.fromMs), values: Float64Array.of(orgId) },
      ];
      const archive = test.archive(url, { source: { orgId, name: 'default' } });
      await archive.samples.writeRange(writing(series, { retention: '30d', range }), live());
      await archive.definitions.provision([{ name: 'cpu', expression: 'up', stepMs: STEP, retention: '7d' }]);
    }
    owner = await test.client(url);
    for (const orgId of [1, 2, 3]) {
      const query = await addRawDefinition(owner, { orgId, name: 'raw' });
      await test
        .archive(url, { source: { orgId, name: 'default' } })
        .raw.writeMetadata([{ metric: 'up', type: 'gauge', help: `Of ${orgId}.`, unit: '' }]);
      for (const chunks of rawChunks(orgId)) {
        await addRawRow(owner, query, { __name__: 'raw', of: chunks[0].encoding }, chunks);
      }
    }
    await owner.query(`INSERT INTO promkeep_upkeep_failures (query_id, task, code, message)
      SELECT query_id, 'pack', 'INTERNAL', 'no' FROM promkeep_queries`);
  });
  afterAll(() => test.stop());

  const newRole = async (...organisations: Array<number | null>): Promise<{ name: string; client: Client }> => {
    const name = `reader_${suffix}_${++roles}`;
    await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA promkeep TO ${name}`);
    for (const orgId of organisations) {
      await owner.query('SELECT promkeep_grant_reader($1, $2)', [name, orgId]);
    }
    const theirs = new URL(url);
    theirs.username = name;
    theirs.password = 'p';
    return { name, client: await test.client(theirs.href) };
  };
  const count = async (client: Client, sql: string): Promise<number> =>
    Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`)).rows[0].n);

  it('knows every table and view', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'promkeep'::regnamespace AND relkind IN ('r', 'p', 'v')
         AND NOT relispartition
         AND relname NOT IN ('promkeep_migrations', 'promkeep_readers', 'promkeep_settings', 'promkeep_own_organisations')`
    );
    expect(rows.map(({ name }) => name).sort()).toEqual(
      Object.keys(RELATIONS)
        .filter((name) => !name.includes('('))
        .sort()
    );
  });

  // [A12]
  it.each(Object.entries(RELATIONS))('shows a role its organisation in %s, and nothing else', async (relation, org) => {
    const { client } = await newRole(2);
    const theirs = await count(client, relation);
    expect(theirs).toBeGreaterThan(0);
    expect(theirs).toBe(await count(owner, `${relation} t WHERE ${org} = 2`));
    expect(theirs).toBeLessThan(await count(owner, relation));
    const other = await newRole(2, 3);
    expect(await count(other.client, relation)).toBe(await count(owner, `${relation} t WHERE ${org} IN (2, 3)`));
    const all = await newRole(null);
    expect(await count(all.client, relation)).toBe(await count(owner, relation));
    const none = await newRole();
    await expect(count(none.client, relation)).rejects.toMatchObject({ code: '42501' });
  });

  it('holds when more was granted than needed, and for partitions read by themselves', async () => {
    const { name, client } = await newRole();
    await owner.query(`GRANT ALL ON ALL TABLES IN SCHEMA promkeep TO ${name}`);
    const { rows } = await owner.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'promkeep'::regnamespace AND relkind IN ('r', 'p', 'v')
         AND relname <> 'promkeep_migrations'`
    );
    expect(rows.length).toBeGreaterThan(24);
    for (const relation of rows.map((row) => row.name)) {
      expect([relation, await count(client, relation)]).toEqual([relation, 0]);
    }
    for (const statement of [
      `INSERT INTO promkeep_sources (org_id, name) VALUES (2, 'mine')`,
      `INSERT INTO promkeep_readers VALUES ('${name}', 1)`,
      `INSERT INTO promkeep_samples VALUES (1, '2026-01-01', 1, 1)`,
    ]) {
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
    expect((await client.query('UPDATE promkeep_series SET labels = NULL')).rowCount).toBe(0);
    expect((await client.query('DELETE FROM promkeep_samples')).rowCount).toBe(0);
  });

  it('gives nothing to functions that tell what they are shown', async () => {
    const { client } = await newRole(2);
    await client.query(`CREATE TEMPORARY TABLE seen (value float8)`);
    await client.query(
      `CREATE FUNCTION pg_temp.tell(value float8) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
       $$BEGIN INSERT INTO seen VALUES (value); RETURN true; END$$`
    );
    await client.query('SELECT 1 FROM metrics_data WHERE pg_temp.tell(metric_value)');
    expect(await count(client, 'seen')).toBeGreaterThan(0);
    expect(await count(client, 'seen WHERE value NOT BETWEEN 2000 AND 2999 AND value <> 2')).toBe(0);
  });

  it('goes by the role that is acting: members of a group, and SET ROLE', async () => {
    const [group, member] = [await newRole(2), await newRole()];
    await owner.query(`GRANT ${group.name} TO ${member.name}`);
    expect(await count(member.client, 'metrics_data')).toBe(await count(group.client, 'metrics_data'));
    await owner.query(`SET ROLE ${group.name}`);
    expect(await count(owner, 'metrics_data')).toBe(await count(group.client, 'metrics_data'));
    await owner.query('RESET ROLE');
    await owner.query('SELECT promkeep_revoke_reader($1)', [group.name]);
    await expect(count(group.client, 'metrics_data')).rejects.toMatchObject({ code: '42501' });
  });

  // [A12]
  it('lets such a role write rows of its own organisation only', async () => {
    const { name, client } = await newRole(2);
    await expect(client.query(MAKE, ['own', 1])).rejects.toMatchObject({ code: '42501' });
    await owner.query(`GRANT INSERT, UPDATE, DELETE ON metrics_data TO ${name}`);
    await client.query(MAKE, ['own', 1]);
    await owner.query(MAKE, ['own', 10]);
    const rows = async (from: Client): Promise<unknown> =>
      (await from.query(`SELECT org_id, metric_value FROM metrics_data WHERE metric_name = 'own' ORDER BY org_id`))
        .rows;
    expect(await rows(client)).toEqual([{ org_id: '2', metric_value: 1 }]);
    expect(await rows(owner)).toEqual([
      { org_id: '1', metric_value: 10 },
      { org_id: '2', metric_value: 1 },
    ]);
    const INTO = `INSERT INTO metrics_data (metric_name, metric_value, timestamp, org_id) VALUES ('own', 5, now(), $1)`;
    await expect(client.query(INTO, [1])).rejects.toMatchObject({ code: '42501' });
    await expect(client.query(`UPDATE metrics_data SET org_id = 1 WHERE metric_name = 'own'`)).rejects.toMatchObject({
      code: '42501',
    });
    expect((await client.query(`UPDATE metrics_data SET metric_value = 2 WHERE metric_name = 'own'`)).rowCount).toBe(1);
    expect((await client.query(`DELETE FROM metrics_data WHERE metric_name = 'own'`)).rowCount).toBe(1);
    expect(await rows(owner)).toEqual([{ org_id: '1', metric_value: 10 }]);
    const both = await newRole(2, 3);
    await owner.query(`GRANT INSERT ON metrics_data TO ${both.name}`);
    await expect(both.client.query(MAKE, ['own', 1])).rejects.toMatchObject({ code: '42501' });
    await both.client.query(INTO, [3]);
    await owner.query(`DELETE FROM metrics_data WHERE metric_name = 'own'`);
  });

  it("adds nothing to the owner's plans", async () => {
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM metrics_data WHERE labels @> '{"n": "1"}'`
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).not.toContain('SubPlan');
    expect(plan).not.toContain('promkeep_readers');
  });
});
