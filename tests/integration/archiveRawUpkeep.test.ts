import { type Client } from 'pg';
import fc from 'fast-check';
import { type Archive } from '../../pkg/core/ports/archive';
import { type RawSeries } from '../../pkg/core/model/rawSeries';
import { chunksOfHistograms } from '../../pkg/remote/chunks/seriesChunks';
import { HOUR, MINUTE, RAW, rawWrite, samplesOf, SCRAPE, scraped, withoutResets } from '../contracts/rawValues';
import { live } from '../contracts/underTest';
import { anyHistograms, SEED } from '../fakes/remoteValues';
import { SERVERS, T0, TestServer } from './archiveServers';

jest.setTimeout(180_000);

const DAY = 24 * HOUR;
/** Monday, 2026-01-05. */
const MONDAY = T0 + 4 * DAY;
const UP = { __name__: 'up', job: 'node' };

describe.each(SERVERS)('the upkeep of raw series on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    await archive.definitions.provision([RAW]);
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const numbers = async (sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0].n);
  const count = (table: string): Promise<number> => numbers(`SELECT count(*) AS n FROM ${table}`);
  const write = async (series: RawSeries[], fromMs: number, toMs: number): Promise<void> => {
    const range = { fromMs, toMs: toMs - MINUTE };
    await archive.raw.writeRaw(rawWrite(series, { range, covered: [range] }), live());
  };
  const values = (n: number): number[] => Array.from({ length: n }, (_, i) => i * 1.5);

  it('makes one row a series of every closed day, of the usual chunks, and changes no sample', async () => {
    const [made] = fc.sample(
      anyHistograms.filter((all) => all.length > 0 && all[0].totals[2] > 0),
      SEED
    );
    const histograms = Array.from({ length: 5_760 }, (_, i) => ({
      ...made[0],
      reset: i === 0 ? ('unknown' as const) : ('no' as const),
      timeMs: MONDAY + i * SCRAPE,
    }));
    const all = [
      ...['a', 'b', 'c'].map((n) => scraped({ ...UP, n }, values(11_520), MONDAY)),
      { labels: scraped({ __name__: 'h' }, []).labels, chunks: chunksOfHistograms(histograms) },
    ];
    for (let hour = 0; hour < 48; hour += 6) {
      await write(all, MONDAY + hour * HOUR, MONDAY + (hour + 6) * HOUR);
    }
    const before = await samplesOf(archive);
    expect(await count('promkeep_chunks')).toBe(3 * 8 + 4);
    const jobs = [test.jobs(url, MONDAY + 31 * HOUR), test.jobs(url, MONDAY + 31 * HOUR)];
    const outcomes = await Promise.all(jobs.map((one) => one.packClosed(live())));
    expect(outcomes[0].raw.rows + outcomes[1].raw.rows).toBe(4);
    expect(await count(`promkeep_chunks WHERE from_time < '2026-01-06Z'`)).toBe(4);
    expect(await count('promkeep_chunks')).toBe(3 * 5 + 1);
    const after = await samplesOf(archive);
    expect(withoutResets(after)).toEqual(withoutResets(before));
    const [floats] = (await read()).filter(({ labels }) => labels.some(({ value }) => value === 'a'));
    expect(floats.chunks.slice(0, 48).map(({ minTimeMs, maxTimeMs }) => (maxTimeMs - minTimeMs) / SCRAPE + 1)).toEqual(
      Array.from({ length: 48 }, () => 120)
    );
    // Nothing is left to do, until something comes late.
    expect((await jobs[0].packClosed(live())).raw).toEqual({ samples: 0, rows: 0, busy: 0 });
    await write([scraped({ ...UP, n: 'late' }, values(100), MONDAY)], MONDAY, MONDAY + HOUR);
    await write([scraped({ ...UP, n: 'late' }, values(480), MONDAY)], MONDAY + HOUR, MONDAY + 2 * HOUR);
    expect((await jobs[0].packClosed(live())).raw.rows).toBeGreaterThan(0);
    expect(
      await count(
        `(SELECT series_id FROM promkeep_chunks WHERE from_time < '2026-01-06Z' GROUP BY 1 HAVING count(*) > 1) n`
      )
    ).toBe(0);
  });

  const read = async (): Promise<RawSeries[]> => {
    const all: RawSeries[] = [];
    for await (const one of archive.raw.select(
      { selector: [], range: { fromMs: 0, toMs: MONDAY + 60 * DAY } },
      live()
    )) {
      all.push(one);
    }
    return all;
  };

  // [A9]
  it('removes rows that are older than the retention, then series, labels and weeks of which nothing is left', async () => {
    await archive.definitions.provision([
      { ...RAW, retention: '7d' },
      { ...RAW, name: 'long' },
    ]);
    const old = scraped({ ...UP, only: 'old' }, values(10), MONDAY);
    const stays = (fromMs: number): RawSeries => scraped(UP, values(10), fromMs);
    await write([old, stays(MONDAY)], MONDAY, MONDAY + HOUR);
    await write([stays(MONDAY + 20 * DAY)], MONDAY + 20 * DAY, MONDAY + 20 * DAY + HOUR);
    const range = { fromMs: MONDAY - 7 * DAY, toMs: MONDAY - 7 * DAY + HOUR - MINUTE };
    const long = rawWrite([scraped({ long: 'yes' }, values(10), range.fromMs)], { name: 'long', range });
    await archive.raw.writeRaw(long, live());
    const jobs = test.jobs(url, MONDAY + 20 * DAY);
    const outcome = await jobs.expire(live());
    expect(outcome).toMatchObject({ dropped: ['promkeep_chunks_20260105'], busy: [], failedQueries: 0 });
    expect(Object.keys(await samplesOf(archive))).toEqual(['{__name__="up",job="node"}', '{long="yes"}']);
    expect([await count('promkeep_raw_series'), await count(`promkeep_labels WHERE name = 'only'`)]).toEqual([2, 0]);
    const covered = (await archive.ledger.coverage(RAW.name)).map(({ fromMs }) => fromMs);
    expect(covered).toEqual([MONDAY + 20 * DAY]);
  });

  it('removes rows of one definition from a week that others still need', async () => {
    await archive.definitions.provision([
      { ...RAW, retention: '7d' },
      { ...RAW, name: 'long' },
    ]);
    const series = scraped(UP, values(10), MONDAY);
    const range = { fromMs: MONDAY, toMs: MONDAY + HOUR - MINUTE };
    await archive.raw.writeRaw(rawWrite([series, scraped({ gone: 'x' }, [1], MONDAY)], { range }), live());
    await archive.raw.writeRaw(rawWrite([series], { range, name: 'long' }), live());
    const outcome = await test.jobs(url, MONDAY + 30 * DAY).expire(live());
    expect(outcome).toMatchObject({ dropped: [], deletedRows: 2 });
    expect(Object.keys(await samplesOf(archive))).toEqual(['{__name__="up",job="node"}']);
    expect([await count('promkeep_raw_series'), await count('promkeep_labels')]).toEqual([1, 2]);
  });

  // [A15]
  it('lets a shorter retention and a deletion wait, then removes everything of a definition', async () => {
    const made = await archive.definitions.create({ ...RAW, name: 'made' }, 'eva');
    await archive.raw.writeRaw(rawWrite([scraped(UP, values(10))], { name: 'made' }), live());
    const changed = await archive.definitions.change({ ...made, by: 'eva' }, { retention: '7d' });
    expect(await archive.definitions.pending()).toMatchObject([{ what: 'retention', query: 'made', samples: 10 }]);
    await archive.definitions.remove({ ...changed, by: 'eva' }, true);
    expect(await count('promkeep_chunks')).toBe(1);
    expect(await archive.definitions.carryOut('made', 'eva', live())).toBe(true);
    const tables = ['promkeep_chunks', 'promkeep_raw_series', 'promkeep_labels', 'promkeep_coverage'];
    for (const table of tables) {
      expect([table, await count(table)]).toEqual([table, 0]);
    }
  });

  it('counts raw series in status and use', async () => {
    await write([scraped(UP, values(240)), scraped({ ...UP, n: '2' }, values(240))], T0, T0 + HOUR);
    const status = await archive.status();
    expect(status).toMatchObject({ samples: 480, series: 2 });
    expect(status.bytes).toBeGreaterThan(0);
    expect(status.queries).toMatchObject([{ name: RAW.name, coveredMs: HOUR, newestMs: T0 + HOUR - MINUTE }]);
    expect((await archive.definitions.use()).source).toEqual({ queries: 1, series: 2, samplesPerDay: 480 * 24 });
  });

  it('makes the partitions of this week and the next in advance', async () => {
    await test.jobs(url, MONDAY).packClosed(live());
    const names = `SELECT count(*) AS n FROM pg_class WHERE relname IN ('promkeep_chunks_20260105', 'promkeep_chunks_20260112')`;
    expect(await numbers(names)).toBe(2);
  });

  it('finds series by their labels and chunks by their series through indexes', async () => {
    await client.query(
      `INSERT INTO promkeep_labels (source_id, name, value) SELECT source_id, 'n', n::text FROM promkeep_sources, generate_series(1, 20000) n`
    );
    await client.query(
      `INSERT INTO promkeep_raw_series (query_id, fingerprint, label_ids, name_id)
       SELECT query_id, md5(label_id::text)::uuid, ARRAY[label_id], 0 FROM promkeep_queries, promkeep_labels`
    );
    await client.query(`SELECT promkeep_ensure_chunk_partition('2026-01-05')`);
    await client.query(
      `INSERT INTO promkeep_chunks SELECT series_id, '2026-01-05', '2026-01-05 01:00', 1, '\\x01' FROM promkeep_raw_series`
    );
    await client.query('ANALYZE');
    const plan = async (sql: string, bound: unknown[]): Promise<string> =>
      JSON.stringify((await client.query(`EXPLAIN ${sql}`, bound)).rows);
    const label = await plan(
      'SELECT * FROM promkeep_raw_series r WHERE r.query_id = ANY ($1::bigint[]) AND r.label_ids @> $2::integer[]',
      [[1], [7]]
    );
    expect(label).toMatch(/promkeep_raw_series_labels/);
    const value = await plan(
      `SELECT l.label_id FROM unnest($1::text[], $2::text[]) AS n(name, value) JOIN promkeep_labels l ON l.name = n.name
       AND l.digest = md5(n.value)::uuid AND l.value = n.value AND l.source_id = (SELECT min(source_id) FROM promkeep_sources)`,
      [['n'], ['7']]
    );
    expect(value).toMatch(/promkeep_labels_source_id_name_digest_key/);
    const chunks = await plan(
      `SELECT * FROM promkeep_chunks c WHERE c.series_id = ANY ($1::bigint[]) AND c.from_time <= '2026-01-06' AND c.from_time > '2026-01-04'`,
      [[1, 2, 3]]
    );
    expect([label, value, chunks].join()).not.toMatch(/Seq Scan on promkeep_(labels|raw_series|chunks)/);
  });
});
