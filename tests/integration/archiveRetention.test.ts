import { type Client } from 'pg';
import { type ExpireOutcome } from '../../pkg/archive/upkeep/expire';
import { type Archive } from '../../pkg/core/ports/archive';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(180_000);

const DAY = 86_400_000;
const WEEK = 7 * DAY;
/** Monday, 2026-01-05. */
const MONDAY = T0 + 4 * DAY;

describe.each(SERVERS)('retention on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    await archive.migrate();
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const write = async (name: string, retention: string, atMs: number): Promise<void> => {
    const range = { fromMs: atMs, toMs: atMs + 2 * STEP };
    await archive.samples.writeRange(
      writing([gridSeries({ __name__: name }, [1, 2, 3], atMs)], {
        query: { kind: 'recorded', name },
        retention,
        range,
        covered: [range],
      }),
      live()
    );
  };
  const left = async (): Promise<unknown> =>
    (
      await client.query(
        `SELECT metric_name || ' ' || to_char(timestamp AT TIME ZONE 'UTC', 'MM-DD') AS what, count(*)::int AS n
         FROM metrics_data GROUP BY 1 ORDER BY 1`
      )
    ).rows.map(({ what, n }) => `${String(what)} ${String(n)}`);
  const define = (name: string, retention: string): Promise<void> =>
    archive.definitions.provision([{ name, expression: 'up', stepMs: STEP, retention }]);

  /** As the upkeep does it: what is not rolled up does not expire. */
  const expireAt = async (nowMs: number): Promise<ExpireOutcome> => {
    const jobs = test.jobs(url, nowMs);
    await jobs.rollUp(live());
    return jobs.expire(live());
  };

  // [A9] [A15]
  it('reads classes', async () => {
    const classes = ['7d', '2w', '1y', '30d', 'forever', '0d', 'soon', '7D', ''];
    const { rows } = await client.query('SELECT promkeep_retention_days(c) AS days FROM unnest($1::text[]) AS c', [
      classes,
    ]);
    expect(rows.map(({ days }) => days as unknown)).toEqual([7, 14, 366, 30, null, null, null, null, null]);
  });

  // [A9]
  it('deletes unpacked samples older than the class of their query, and drops old empty weeks', async () => {
    await write('short', '7d', MONDAY);
    await write('short', '7d', MONDAY + 20 * DAY);
    await write('long', '1y', MONDAY - WEEK);
    await write('odd', 'whatever', MONDAY - WEEK);
    const outcome = await expireAt(MONDAY + 40 * DAY);
    expect(outcome).toMatchObject({ deletedSamples: 6, moved: 0, busy: [] });
    expect(outcome.dropped).toEqual(['promkeep_samples_20260105', 'promkeep_samples_20260119']);
    expect(await left()).toEqual(['long 12-29 3', 'odd 12-29 3']);
    await write('short', '7d', MONDAY);
    expect(await left()).toContain('short 01-05 3');
  });

  // [A9] [A15]
  it('drops partitions of packed rows once all of it has expired', async () => {
    for (const name of ['short', 'long', 'ever']) {
      const retention = { short: '7d', long: '30d', ever: 'forever' }[name] ?? '';
      await write(name, retention, MONDAY);
      await write(name, retention, MONDAY + WEEK);
    }
    await test.jobs(url).packClosed(live());
    expect((await expireAt(MONDAY + 2 * WEEK - DAY)).dropped.filter((name) => name.includes('packed'))).toEqual([]);
    expect((await expireAt(MONDAY + 2 * WEEK)).dropped).toContain('promkeep_packed_7d_20260105');
    expect(await left()).toEqual(['ever 01-05 3', 'ever 01-12 3', 'long 01-05 3', 'long 01-12 3', 'short 01-12 3']);
    await expireAt(MONDAY + 400 * DAY);
    expect(await left()).toEqual(['ever 01-05 3', 'ever 01-12 3']);
  });

  // [A9]
  it('claims no coverage of what has expired, and no gaps there', async () => {
    await write('short', '7d', MONDAY);
    await write('short', '7d', MONDAY + 20 * DAY);
    await archive.ledger.noteGap('short', { fromMs: MONDAY + DAY, toMs: MONDAY + 2 * DAY, reason: 'source-down' });
    await expireAt(MONDAY + 21 * DAY);
    expect(await archive.ledger.coverage('short')).toEqual([
      { fromMs: MONDAY + 20 * DAY, toMs: MONDAY + 20 * DAY + 2 * STEP },
    ]);
    expect((await archive.status()).queries[0].gaps).toEqual([]);
  });

  // [A9]
  it('moves packed rows of a query that changed its class, before anything is dropped', async () => {
    await write('q', '7d', MONDAY);
    await test.jobs(url).packClosed(live());
    await define('q', '1y');
    expect(await expireAt(MONDAY + 30 * DAY)).toMatchObject({ moved: 1, deletedSamples: 0 });
    expect(await left()).toEqual(['q 01-05 3']);
    const { rows } = await client.query('SELECT retention, sample_count FROM promkeep_packed');
    expect(rows).toEqual([{ retention: '1y', sample_count: 3 }]);
    await define('q', '7d');
    await test.endGrace(url);
    await expireAt(MONDAY + 30 * DAY);
    expect(await left()).toEqual([]);
  });

  it('keeps a packed row longer than a partition of its new class whole, by taking it apart', async () => {
    const stepMs = 3_600_000;
    const values = Array.from({ length: 24 * 20 }, (_, i) => i);
    const series = {
      labels: { __name__: 'q' },
      timesMs: Float64Array.from(values, (i) => T0 + i * stepMs),
      values: Float64Array.from(values),
    };
    const query = { kind: 'recorded', name: 'q' } as const;
    const provenance = { expression: 'up', stepMs, fetchedAtMs: T0, warnings: [] };
    await archive.samples.writeRange(writing([series], { query, provenance, retention: '1y' }), live());
    await test.jobs(url).packClosed(live());
    await archive.definitions.provision([{ name: 'q', expression: 'up', stepMs, retention: '60d' }]);
    await test.endGrace(url);
    await expireAt(T0 + 30 * DAY);
    await test.jobs(url).packClosed(live());
    const { rows } = await client.query(
      `SELECT count(*)::int AS rows, sum(sample_count)::int AS samples FROM promkeep_packed WHERE retention = '60d'`
    );
    expect(rows).toEqual([{ rows: 4, samples: 480 }]);
    expect(await archive.samples.readSeries({ query, range: { fromMs: T0, toMs: T0 + 30 * DAY } }, live())).toEqual([
      series,
    ]);
  });

  it('leaves for later what somebody is reading', async () => {
    await write('short', '7d', MONDAY);
    await test.jobs(url).packClosed(live());
    await client.query('BEGIN');
    await client.query('SELECT count(*) FROM metrics_data');
    const reading = await expireAt(MONDAY + 30 * DAY);
    expect(reading.busy).toContain('promkeep_packed_7d_20260105');
    await client.query('ROLLBACK');
    expect((await expireAt(MONDAY + 30 * DAY)).dropped).toContain('promkeep_packed_7d_20260105');
  });
});
