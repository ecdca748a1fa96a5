import { PromkeepError } from '../../pkg/core/model/errors';
import { type Archive } from '../../pkg/core/ports/archive';
import { type QueryIdentity } from '../../pkg/core/ports/sampleStore';
import { type Series } from '../../pkg/core/model/series';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(120_000);

const DAY = 86_400_000;

describe.each(SERVERS)('what the archive stores, on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
  });
  afterEach(() => test.closeAll());

  const read = (query: QueryIdentity = CPU, range = { fromMs: T0 - DAY, toMs: T0 + DAY }): Promise<Series[]> =>
    archive.samples.readSeries({ query, range }, live());

  it('gives names back as they were: named, nameless and scalar', async () => {
    const written = [
      gridSeries({ __name__: 'up', a: '1' }, [1]),
      gridSeries({ a: '1' }, [2]),
      gridSeries({ a: '2' }, [3]),
      gridSeries({}, [4]),
    ];
    await archive.samples.writeRange(writing(written), live());
    expect(await read()).toEqual(written);
    await archive.samples.writeRange(writing([gridSeries(undefined, [5])]), live());
    expect(await read()).toEqual([gridSeries(undefined, [5])]);
  });

  it('keeps labels of a megabyte, odd characters and 10,000 series', async () => {
    const odd = {
      __name__: 'up',
      big: 'x'.repeat(1_000_000),
      'quote"\\': "';--",
      日本: '😀\n\t\u0001',
      '{"a":1}': '{}',
    };
    const many = Array.from({ length: 10_000 }, (_, n) => gridSeries({ __name__: 'many', n: String(n) }, [n]));
    const outcome = await archive.samples.writeRange(writing([gridSeries(odd, [1]), ...many]), live());
    expect(outcome).toMatchObject({ inserted: 10_001, refused: [] });
    const found = await read();
    expect(found[0].labels).toEqual(odd);
    expect(found).toHaveLength(10_001);
  });

  it('keeps 10,000 labels of one series', async () => {
    const labels = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`l${n}`, String(n)]));
    await archive.samples.writeRange(writing([gridSeries(labels, [1])]), live());
    expect((await read())[0].labels).toEqual(labels);
  });

  it('stores times from the year 1 to 9999 exactly, each in a partition made on the way', async () => {
    const times = [
      '0001-01-01T00:00:00.001Z',
      '1969-12-31T23:59:59.999Z',
      '2026-03-29T01:30:00.123Z',
      '9999-12-31T23:59:59.999Z',
    ];
    const timesMs = Float64Array.from(times, Date.parse);
    const series = { labels: { __name__: 'up' }, timesMs, values: Float64Array.of(1, 2, 3, 4) };
    const range = { fromMs: -Infinity, toMs: Infinity };
    expect(await archive.samples.writeRange(writing([series], { range }), live())).toMatchObject({ inserted: 4 });
    expect(await read(CPU, range)).toEqual([series]);
    expect(await archive.samples.writeRange(writing([series], { range }), live())).toMatchObject({
      unchanged: 4,
      inserted: 0,
    });
    const client = await test.client(url);
    const { rows } = await client.query(
      `SELECT relid::regclass::text AS name FROM pg_partition_tree('promkeep_samples') WHERE isleaf ORDER BY 1`
    );
    expect(rows.map(({ name }) => String(name))).toEqual(
      ['00010101', '19691229', '20260323', '99991227'].map((day) => `promkeep_samples_${day}`)
    );
  });

  it('refuses results over more weeks than a stock server has locks for, before writing anything', async () => {
    const timesMs = Float64Array.from({ length: 1_001 }, (_, i) => i * 7 * DAY);
    const series = { labels: { __name__: 'up' }, timesMs, values: new Float64Array(1_001) };
    const error: unknown = await archive.samples
      .writeRange(writing([series], { range: { fromMs: 0, toMs: T0 * 2 } }), live())
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('1001 different weeks') });
    expect((await archive.status()).samples).toBe(0);
  });

  it('refuses what PostgreSQL refuses, and stores the rest of the result', async () => {
    const client = await test.client(url);
    await archive.migrate();
    // Stands for whatever a server may object to beyond what we check ourselves.
    await client.query(`
      CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.labels->>'n' IN ('3', '7') THEN RAISE 'no sevens, no threes' USING ERRCODE = '22P05'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER object BEFORE INSERT ON promkeep_series FOR EACH ROW EXECUTE FUNCTION object()`);
    const series = Array.from({ length: 10 }, (_, n) => gridSeries({ __name__: 'm', n: String(n) }, [n]));
    const outcome = await archive.samples.writeRange(writing(series), live());
    expect(outcome.inserted).toBe(8);
    expect(outcome.refused).toEqual(
      ['3', '7'].map((n) => ({ labels: { __name__: 'm', n }, reason: 'PostgreSQL refused it: no sevens, no threes' }))
    );
  });

  it('stores nothing of a label an archive in LATIN1 cannot hold, and everything else', async () => {
    const admin = await test.client(test.postgres.url);
    await admin.query(`CREATE DATABASE latin_1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    archive = test.archive(url.replace(/[^/]+$/, 'latin_1'));
    const outcome = await archive.samples.writeRange(
      writing([gridSeries({ __name__: 'up', a: 'é' }, [1]), gridSeries({ __name__: 'up', a: '日' }, [2])]),
      live()
    );
    expect(outcome).toMatchObject({ inserted: 1, refused: [{ labels: { a: '日' } }] });
    expect(await read()).toEqual([gridSeries({ __name__: 'up', a: 'é' }, [1])]);
    expect(
      await archive.samples.writeRange(writing([gridSeries({ __name__: 'up', a: 'é' }, [1])]), live())
    ).toMatchObject({
      unchanged: 1,
    });
  });

  it('leaves no trace of a write that changes nothing: no row version, no provenance', async () => {
    const write = writing([gridSeries({ __name__: 'up' }, [1, NaN, -0])], {
      covered: [{ fromMs: T0, toMs: T0 + 2 * STEP }],
    });
    await archive.samples.writeRange(write, live());
    const client = await test.client(url);
    const state = async (): Promise<unknown> =>
      (
        await client.query(`SELECT array(SELECT xmin::text || ctid::text FROM promkeep_samples ORDER BY 1) AS samples,
          array(SELECT xmin::text FROM promkeep_series) AS series, array(SELECT xmin::text FROM promkeep_queries) AS queries,
          array(SELECT xmin::text FROM promkeep_coverage) AS coverage, (SELECT count(*) FROM promkeep_fetches) AS fetches`)
      ).rows;
    const before = await state();
    await archive.samples.writeRange(write, live());
    expect(await state()).toEqual(before);
  });

  it('tells 0 from -0 when revising', async () => {
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [0])]), live());
    const outcome = await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [-0])]), live());
    expect(outcome).toMatchObject({ revised: 1, unchanged: 0 });
    expect(await read()).toEqual([gridSeries({ __name__: 'up' }, [-0])]);
  });

  // [A3]
  it('only adds in the parts of a range whose answer is known to be incomplete', async () => {
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1, 2, 3, 4])]), live());
    const partial = writing([gridSeries({ __name__: 'up' }, [9, 9]), gridSeries({ __name__: 'new' }, [5])], {
      range: { fromMs: T0, toMs: T0 + 3 * STEP },
      gaps: [{ fromMs: T0 + STEP, toMs: T0 + 2 * STEP, reason: 'source-lost-it' }],
    });
    expect(await archive.samples.writeRange(partial, live())).toMatchObject({ inserted: 1, revised: 1, withdrawn: 1 });
    expect((await read()).map(({ values }) => [...values])).toEqual([[9, 2, 3], [5]]);
  });

  // [A1]
  it('keeps provenance: expression, version of Prometheus, warnings, counts', async () => {
    const write = writing([gridSeries({ __name__: 'up' }, [1, 2])]);
    write.provenance = { ...write.provenance, warnings: ['partial "answer"', 'slow'] };
    await archive.samples.writeRange(write, live());
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1, 3])]), live());
    const client = await test.client(url);
    const { rows } = await client.query(
      `SELECT v.expression, f.prometheus_version, f.warnings, f.inserted, f.unchanged, f.revised,
              (SELECT count(*) FROM promkeep_samples s WHERE s.fetch_id = f.fetch_id) AS samples
       FROM promkeep_fetches f JOIN promkeep_query_versions v USING (query_id, version) ORDER BY fetch_id`
    );
    const common = { expression: 'up', prometheus_version: '2.53.0', samples: '1' };
    expect(rows).toEqual([
      { ...common, warnings: ['partial "answer"', 'slow'], inserted: '2', unchanged: '0', revised: '0' },
      { ...common, warnings: [], inserted: '0', unchanged: '1', revised: '1' },
    ]);
  });

  it('starts a new version when an expression changes: own coverage, old samples keep theirs', async () => {
    const define = (expression: string, stepMs = STEP): Promise<void> =>
      archive.definitions.provision([{ name: 'cpu', expression, stepMs, retention: '1y' }]);
    const covered = { fromMs: T0, toMs: T0 + STEP };
    await define('up');
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1, 2])], { covered: [covered] }), live());
    await define('sum(up)');
    expect(await archive.ledger.coverage('cpu')).toEqual([]);
    const stale: unknown = await archive.samples.writeRange(writing([]), live()).catch((reason: unknown) => reason);
    expect(stale).toMatchObject({
      code: 'ARCHIVE_QUERY_CHANGED',
      message: expect.stringContaining('nothing was written'),
    });
    const later = gridSeries({}, [5], T0 + STEP);
    const range = { fromMs: T0 + STEP, toMs: T0 + STEP };
    const provenance = { expression: 'sum(up)', stepMs: STEP, fetchedAtMs: T0, warnings: [] };
    await archive.samples.writeRange(writing([later], { range, provenance, covered: [range] }), live());
    expect(await archive.ledger.coverage('cpu')).toEqual([range]);
    const client = await test.client(url);
    const { rows } = await client.query(
      `SELECT v.expression, s.value FROM promkeep_samples s JOIN promkeep_fetches f USING (fetch_id)
       JOIN promkeep_query_versions v USING (query_id, version) ORDER BY s.time`
    );
    expect(rows).toEqual([
      { expression: 'up', value: 1 },
      { expression: 'sum(up)', value: 5 },
    ]);
    const ledger = await client.query(
      `SELECT version, (extract(epoch FROM upper(covered)) * 1000)::float8 AS until FROM promkeep_coverage ORDER BY 1`
    );
    expect(ledger.rows).toEqual([
      { version: 1, until: T0 + STEP },
      { version: 2, until: T0 + 2 * STEP },
    ]);
    await define('up');
    expect(await archive.ledger.coverage('cpu')).toEqual([]);
  });

  // [A13]
  it('pauses provisioned queries that left the list and resumes them', async () => {
    const client = await test.client(url);
    const query = { expression: 'up', stepMs: STEP, retention: '1y' };
    const paused = async (): Promise<unknown> =>
      (await client.query(`SELECT name, paused_at IS NOT NULL AS paused FROM promkeep_queries ORDER BY 1`)).rows;
    await archive.definitions.provision([
      { name: 'a', ...query },
      { name: 'b', ...query },
    ]);
    await archive.definitions.provision([{ name: 'b', ...query }]);
    expect(await paused()).toEqual([
      { name: 'a', paused: true },
      { name: 'b', paused: false },
    ]);
    await archive.definitions.provision([{ name: 'a', ...query }]);
    expect(await paused()).toEqual([
      { name: 'a', paused: false },
      { name: 'b', paused: true },
    ]);
  });

  it('keeps gaps apart by reason, joins neighbours, and cuts out what is covered', async () => {
    const at = (from: number, to: number): { fromMs: number; toMs: number } => ({
      fromMs: T0 + from * STEP,
      toMs: T0 + to * STEP,
    });
    await archive.definitions.provision([{ name: 'cpu', expression: 'up', stepMs: STEP, retention: '1y' }]);
    await archive.ledger.noteGap('cpu', { ...at(0, 3), reason: 'source-down' });
    await archive.ledger.noteGap('cpu', { ...at(4, 9), reason: 'source-down' });
    await archive.ledger.noteGap('cpu', { ...at(8, 12), reason: 'query-failed', detail: 'why' });
    const gaps = async (): Promise<unknown> => (await archive.status()).queries[0].gaps;
    expect(await gaps()).toEqual([
      { ...at(0, 7), reason: 'source-down' },
      { ...at(8, 12), reason: 'query-failed', detail: 'why' },
    ]);
    await archive.samples.writeRange(writing([], { range: at(2, 9), covered: [at(2, 4), at(6, 9)] }), live());
    expect(await gaps()).toEqual([
      { ...at(0, 1), reason: 'source-down' },
      { ...at(5, 5), reason: 'source-down' },
      { ...at(10, 12), reason: 'query-failed', detail: 'why' },
    ]);
    expect(await archive.ledger.coverage('cpu')).toEqual([at(2, 4), at(6, 9)]);
    await archive.ledger.noteGap('cpu', { ...at(0, 12), reason: 'source-lost-it' });
    expect(await gaps()).toEqual(
      [at(0, 1), at(5, 5), at(10, 12)].map((range) => ({ ...range, reason: 'source-lost-it' }))
    );
  });

  it('refuses to note a gap of a query it does not know', async () => {
    await expect(archive.ledger.noteGap('nobody', { fromMs: 0, toMs: 1, reason: 'source-down' })).rejects.toMatchObject(
      {
        code: 'NOT_FOUND',
      }
    );
    expect(await archive.ledger.coverage('nobody')).toEqual([]);
  });

  it('stops a statement when the caller gives up, and works on', async () => {
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1])]), live());
    const client = await test.client(url);
    await client.query('BEGIN');
    await client.query('SELECT * FROM promkeep_queries FOR UPDATE');
    const abort = new AbortController();
    const write = archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [2])]), abort.signal);
    const result = write.catch((reason: unknown) => reason);
    await new Promise((resolve) => setTimeout(resolve, 300));
    abort.abort();
    const error = await result;
    expect(error).toBeInstanceOf(PromkeepError);
    expect(error).toMatchObject({ code: 'QUERY_CANCELLED' });
    const waiting = await client.query(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'`
    );
    expect(waiting.rows).toEqual([{ n: 0 }]);
    await client.query('ROLLBACK');
    expect(await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [2])]), live())).toMatchObject({
      revised: 1,
    });
  });
});
