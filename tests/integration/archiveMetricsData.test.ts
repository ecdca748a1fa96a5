import { type Client } from 'pg';
import { type QueryIdentity, type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';

jest.setTimeout(120_000);

const STEP = 15_000;
const CREATE = `CREATE TABLE IF NOT EXISTS metrics_data (
    id SERIAL PRIMARY KEY,
    metric_name VARCHAR(255) NOT NULL,
    metric_value FLOAT,
    timestamp TIMESTAMP,
    labels JSONB,
    source VARCHAR(100),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)`;
const INSERT = `INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels, source)
    VALUES ($1, $2, $3, $4, $5)`;
const AVERAGE = `SELECT metric_name, AVG(metric_value) AS avg_value
    FROM metrics_data
    WHERE timestamp >= NOW() - INTERVAL '1 hour'
    GROUP BY metric_name`;

describe.each(SERVERS)('metrics_data on $name', (server) => {
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
  const count = async (): Promise<number> => Number((await rows('SELECT count(*) AS n FROM metrics_data'))[0].n);

  // [A8] [R9]
  it("skips the source text's CREATE TABLE with a notice", async () => {
    const notices: string[] = [];
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    await client.query(CREATE);
    expect(notices).toEqual(['relation "metrics_data" already exists, skipping']);
  });

  // [A8] [R9]
  it("takes the source text's INSERT and answers its SELECT", async () => {
    const now = new Date();
    for (const [i, value] of [10, 20].entries()) {
      const at = new Date(now.getTime() - i * 60_000).toISOString();
      await client.query(INSERT, ['cpu', value, at, JSON.stringify({ instance: 'h:1' }), 'prometheus']);
    }
    expect(await rows(AVERAGE)).toEqual([{ metric_name: 'cpu', avg_value: 15 }]);
    expect(await rows('SELECT * FROM metrics_data ORDER BY timestamp DESC LIMIT 1')).toEqual([
      {
        id: expect.stringMatching(/^[1-9]\d*$/),
        metric_name: 'cpu',
        metric_value: 10,
        timestamp: now,
        labels: { instance: 'h:1' },
        source: 'prometheus',
        created_at: expect.any(Date),
        org_id: '1',
        source_name: 'default',
        query: null,
      },
    ]);
  });

  // [R9]
  it('stores a row once, however often it is inserted, and returns the same id', async () => {
    const insert = `${INSERT} RETURNING id, created_at`;
    const values = ['m', 1, '2026-01-01T00:00:00Z', '{"b":1,"a":[1,2]}', 'mine'];
    const first = await rows(insert, values);
    const before = await writtenRows();
    expect(await rows(insert, values)).toEqual(first);
    expect(await writtenRows()).toEqual(before);
    expect(await rows('SELECT id, created_at FROM metrics_data')).toEqual(first);
  });

  /** The last transaction that wrote a sample: the same means that no row was touched, not even to the same content. */
  async function writtenRows(): Promise<unknown> {
    return rows(
      `SELECT (SELECT max(xmin::text::bigint) FROM promkeep_samples) AS samples,
              (SELECT count(*) FROM promkeep_fetches) AS fetches, (SELECT count(*) FROM promkeep_series) AS series`
    );
  }

  it('takes several rows, null labels, null source, null value, and tells them apart', async () => {
    const at = '2026-01-01T00:00:00Z';
    await client.query(
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels, source) VALUES
       ('m', 1, $1, NULL, NULL), ('m', 2, $1, '{}', NULL), ('m', 3, $1, NULL, ''), ('m', NULL, $1, '{}', 'x')`,
      [at]
    );
    expect(await rows('SELECT metric_value, labels, source FROM metrics_data ORDER BY metric_value')).toEqual([
      { metric_value: 1, labels: null, source: null },
      { metric_value: 2, labels: {}, source: null },
      { metric_value: 3, labels: null, source: '' },
      { metric_value: null, labels: {}, source: 'x' },
    ]);
    await client.query(
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels) VALUES ('m', 5, $1, NULL)`,
      [at]
    );
    expect(await count()).toBe(4);
    expect(await rows(`SELECT metric_value FROM metrics_data WHERE source IS NULL AND labels IS NULL`)).toEqual([
      { metric_value: 5 },
    ]);
  });

  it('keeps created_at of a transaction at its start, as the column default of the text does', async () => {
    await client.query('BEGIN');
    const [{ now }] = await rows('SELECT now()');
    for (const value of [1, 2]) {
      await client.query(INSERT, [`m${value}`, value, '2026-01-01T00:00:00Z', '{}', 's']);
    }
    await client.query('COMMIT');
    expect(await rows('SELECT DISTINCT created_at AS now FROM metrics_data')).toEqual([{ now }]);
    expect(await rows('SELECT count(*)::int AS n FROM promkeep_fetches')).toEqual([{ n: 1 }]);
  });

  it('needs a metric name and a time, and says so', async () => {
    await expect(client.query(INSERT, [null, 1, '2026-01-01T00:00:00Z', '{}', 's'])).rejects.toThrow(
      'metric_name and timestamp must not be null'
    );
    await expect(client.query(INSERT, ['m', 1, null, '{}', 's'])).rejects.toMatchObject({ code: '23502' });
    await expect(client.query(INSERT, ['m', 1, 'infinity', '{}', 's'])).rejects.toMatchObject({ code: '22008' });
  });

  it('updates and deletes inserted rows', async () => {
    await client.query(INSERT, ['m', 1, '2026-01-01T00:00:00Z', '{"a":"1"}', 's']);
    await client.query(INSERT, ['m', 2, '2026-01-01T00:01:00Z', '{"a":"1"}', null]);
    await client.query(`UPDATE metrics_data SET metric_value = 9 WHERE source = 's'`);
    await client.query(`UPDATE metrics_data SET labels = '{"a":"2"}', metric_name = 'n' WHERE source IS NULL`);
    expect(await rows('SELECT metric_name, metric_value, labels FROM metrics_data ORDER BY 1')).toEqual([
      { metric_name: 'm', metric_value: 9, labels: { a: '1' } },
      { metric_name: 'n', metric_value: 2, labels: { a: '2' } },
    ]);
    expect((await client.query(`DELETE FROM metrics_data WHERE timestamp < '2026-01-01T00:01:00Z'`)).rowCount).toBe(1);
    expect(await count()).toBe(1);
  });

  // [A8]
  it('protects archived rows from INSERT, UPDATE and DELETE', async () => {
    await archiveSamples(['up']);
    for (const statement of [
      'DELETE FROM metrics_data',
      'UPDATE metrics_data SET metric_value = 0',
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp, query) VALUES ('up', 1, now(), 'cpu')`,
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp, org_id) VALUES ('up', 1, now(), 2)`,
    ]) {
      await expect(client.query(statement)).rejects.toMatchObject({ code: '0A000' });
    }
  });

  it('shows archived and inserted rows with the same name beside each other', async () => {
    await archiveSamples(['up']);
    await client.query(INSERT, ['up', 1, new Date(T0).toISOString(), '{}', 'prometheus']);
    expect(await rows('SELECT source, query FROM metrics_data ORDER BY query')).toEqual([
      { source: 'prometheus', query: 'cpu' },
      { source: 'prometheus', query: null },
    ]);
  });

  // [A8]
  it('cuts metric names over 255 characters, told apart by a hash', async () => {
    await archiveSamples(['a'.repeat(300) + 'x', 'a'.repeat(300) + 'y', 'é'.repeat(255)]);
    const names = (await rows('SELECT metric_name FROM metrics_data')).map((row) => String(row.metric_name));
    expect(new Set(names).size).toBe(3);
    expect(names.map((name) => name.length)).toEqual([255, 255, 255]);
    expect(names.filter((name) => /^a{238}~[0-9a-f]{16}$/.test(name))).toHaveLength(2);
    expect(names).toContain('é'.repeat(255));
  });

  it('gives rows positive ids that stay the same', async () => {
    await archiveSamples(['a', 'b', 'c']);
    const first = await rows('SELECT id, metric_name FROM metrics_data ORDER BY id');
    await client.query('VACUUM FULL promkeep_samples').catch(() => undefined);
    expect(await rows('SELECT id, metric_name FROM metrics_data ORDER BY id')).toEqual(first);
    expect(first.every(({ id }) => BigInt(String(id)) > 0n)).toBe(true);
    expect(new Set(first.map(({ id }) => id)).size).toBe(3);
  });

  // [A2]
  it('has unique rows by source, query, metric name, labels and time', async () => {
    const archive = test.archive(url);
    const kept = (stepMs: number): QueryIdentity => ({ kind: 'kept', expression: 'up', stepMs, phaseMs: 0 });
    await archive.samples.writeRange(writing({ kind: 'recorded', name: 'up' }, ['up']), live());
    await archive.samples.writeRange(writing(kept(STEP), ['up']), live());
    await archive.samples.writeRange(writing(kept(2 * STEP), ['up']), live());
    await test
      .archive(url, { source: { orgId: 2, name: 'default' } })
      .samples.writeRange(writing(kept(STEP), ['up']), live());
    await client.query(INSERT, ['up', 1, new Date(T0).toISOString(), '{}', null]);
    const [{ all, different }] = await rows(
      `SELECT count(*) AS all, count(DISTINCT (org_id, source_name, query, source, metric_name, labels, timestamp)) AS different
       FROM metrics_data`
    );
    expect([all, different]).toEqual(['5', '5']);
  });

  it('lets a role write with a right on the view alone, and read when it was made a reader', async () => {
    await client.query(`CREATE ROLE person_${server.binDir ? 'a' : 'b'} LOGIN PASSWORD 'p'`);
    const role = `person_${server.binDir ? 'a' : 'b'}`;
    await client.query(`GRANT USAGE ON SCHEMA promkeep TO ${role}; GRANT INSERT ON metrics_data TO ${role}`);
    const theirs = new URL(url);
    theirs.username = role;
    theirs.password = 'p';
    const person = await test.client(theirs.href);
    await person.query(INSERT, ['m', 1, '2031-05-05T00:00:00Z', '{}', 'mine']);
    await expect(person.query('SELECT metric_value FROM metrics_data')).rejects.toMatchObject({ code: '42501' });
    await client.query(`SELECT promkeep_grant_reader('${role}')`);
    expect((await person.query('SELECT metric_value FROM metrics_data')).rows).toEqual([{ metric_value: 1 }]);
    await expect(person.query('DELETE FROM metrics_data')).rejects.toMatchObject({ code: '42501' });
    await expect(person.query('DELETE FROM promkeep_samples')).rejects.toMatchObject({ code: '42501' });
    await expect(person.query('SELECT * FROM promkeep_samples_20310505')).rejects.toMatchObject({ code: '42501' });
    await expect(person.query(`SELECT promkeep_ensure_partition('2040-01-01')`)).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('computes fingerprints as the writer does', async () => {
    await archiveSamples(['up'], {
      b: 'a "quoted" \\ \n \t \u0001 \u007f \u2028 ✓ 😀',
      '\uffff': '2',
      '😀': '1',
      a: '',
    });
    const [row] = await rows(
      `SELECT fingerprint = promkeep_fingerprint(metric_name, labels) AS same, promkeep_canonical_labels(labels) AS text
       FROM promkeep_series`
    );
    expect(row.same).toBe(true);
    expect(Object.keys(JSON.parse(String(row.text)))).toEqual(['b', '\uffff', '😀']);
  });

  async function archiveSamples(metricNames: string[], labels: Record<string, string> = {}): Promise<void> {
    await test.archive(url).samples.writeRange(writing({ kind: 'recorded', name: 'cpu' }, metricNames, labels), live());
  }
});

function writing(query: QueryIdentity, metricNames: string[], labels: Record<string, string> = {}): RangeWrite {
  return {
    query,
    range: { fromMs: T0, toMs: T0 },
    series: metricNames.map((name) => ({
      labels: { __name__: name, ...labels },
      timesMs: Float64Array.of(T0),
      values: Float64Array.of(1),
    })),
    queryName: 'cpu',
    retention: '1y',
    provenance: { expression: 'up', stepMs: STEP, fetchedAtMs: T0, warnings: [] },
    covered: [],
    gaps: [],
  };
}
