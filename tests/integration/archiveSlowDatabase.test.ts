import { type Client } from 'pg';
import { connectionFromUrl } from '../../pkg/archive/connect/connection';
import { Database } from '../../pkg/archive/connect/database';
import { answerLimitMs, STATEMENT_LIMITS, type StatementLimits } from '../../pkg/archive/connect/statementLimits';
import { SERVERS, silentLogger, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(180_000);

const DAY = 86_400_000;
/** In the proportions of the real ones, a fortieth of them. */
const LIMITS: StatementLimits = { serverMs: { asked: 1_500, upkeep: 7_500, migration: 90_000 }, graceMs: 250 };
/** More than somebody waits for an answer, less than upkeep may take. */
const SLOW_S = 2.5;

describe('a database that is slow', () => {
  const test = new TestServer(SERVERS[0]);
  let url: string;
  let client: Client;

  beforeAll(async () => {
    await test.start();
    url = await test.freshDatabase();
    await test.archive(url).migrate();
    client = await test.client(url);
  });
  afterAll(() => test.stop());

  /** From now on every statement that writes to this table takes long, whatever it finds. */
  const slowDown = (table: string, event: string, each: string): Promise<unknown> =>
    client.query(`CREATE OR REPLACE FUNCTION pg_temp_slow() RETURNS trigger LANGUAGE plpgsql AS
      $$BEGIN PERFORM pg_catalog.pg_sleep(${SLOW_S}); RETURN NULL; END$$;
      CREATE TRIGGER slow AFTER ${event} ON ${table} ${each} EXECUTE FUNCTION pg_temp_slow()`);

  type Jobs = (nowMs: number) => ReturnType<TestServer['jobs']>;
  const pack = (jobs: Jobs): Promise<unknown> => jobs(T0 + 3 * DAY).packClosed(live());
  const rollUp = (jobs: Jobs): Promise<unknown> => jobs(T0 + 3 * DAY).rollUp(live());
  const expire = (jobs: Jobs): Promise<unknown> => jobs(T0 + 60 * DAY).expire(live());
  const purge = async (jobs: Jobs): Promise<unknown> => {
    await client.query('UPDATE promkeep_queries SET deleted_at = now(), delete_data = true');
    await test.endGrace(url);
    return jobs(T0 + 3 * DAY).removeDeleted(live());
  };
  // Expiry deletes from a partition, where only triggers for rows are handed on to; one row of eight is enough.
  const ONE_ROW = `FOR EACH ROW WHEN (OLD.time = '2026-01-01Z' AND OLD.series_id % 2 = 0)`;

  it.each([
    ['packing', pack, 'promkeep_packed', 'INSERT', 'FOR EACH STATEMENT'],
    ['condensing', pack, 'promkeep_fetches', 'DELETE', 'FOR EACH STATEMENT'],
    ['rollups', rollUp, 'promkeep_rollups', 'INSERT', 'FOR EACH STATEMENT'],
    ['expiry', expire, 'promkeep_samples', 'DELETE', ONE_ROW],
    ['purging', purge, 'promkeep_series', 'DELETE', 'FOR EACH STATEMENT'],
  ])('still finishes its upkeep: %s', async (_, work, table, event, each) => {
    await client.query(
      'TRUNCATE promkeep_sources CASCADE; TRUNCATE promkeep_samples, promkeep_packed, promkeep_rollups'
    );
    const archive = test.archive(url);
    for (const minute of [0, 1]) {
      const range = { fromMs: T0 + minute * 60_000, toMs: T0 + minute * 60_000 + 3 * STEP };
      const series = manySeries(2, 4, (n, i) => n + i).map((one) => ({
        ...one,
        timesMs: one.timesMs.map((timeMs) => timeMs + minute * 60_000),
      }));
      await archive.samples.writeRange(writing(series, { range, covered: [range], retention: '30d' }), live());
    }
    const jobs: Jobs = (nowMs) => test.jobs(url, nowMs, undefined, LIMITS);
    if (work === expire) {
      // Samples go after their rollups are stored.
      await jobs(T0 + 60 * DAY).rollUp(live());
    }
    await slowDown(table, event, each);
    try {
      const startedMs = Date.now();
      await work(jobs);
      expect(Date.now() - startedMs).toBeGreaterThan(SLOW_S * 1_000);
    } finally {
      await client.query(`DROP TRIGGER slow ON ${table}`);
    }
    expect((await client.query('SELECT 1 FROM promkeep_samples')).rows).toHaveLength(work === rollUp ? 16 : 0);
  });

  it('is given up on for what somebody waits for, and by the server first', async () => {
    const database = new Database(connectionFromUrl(url), silentLogger, LIMITS);
    const slow = database.transaction((tx) => tx.rows('SELECT pg_sleep($1::float8)', [SLOW_S]), { readOnly: true });
    await expect(slow).rejects.toMatchObject({
      code: 'ARCHIVE_BUSY',
      message: expect.stringContaining('statement timeout'),
    });
    await database.close();
  });

  it('is waited for longer by the program than by the server, for every purpose', () => {
    for (const purpose of ['asked', 'upkeep', 'migration'] as const) {
      expect(answerLimitMs(STATEMENT_LIMITS, purpose)).toBeGreaterThan(STATEMENT_LIMITS.serverMs[purpose]);
    }
  });
});
