import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(180_000);

const DAY = 86_400_000;
/** Of the rows that each task touches, one of the query that fails. */
const TASKS = [
  { task: 'pack', table: 'promkeep_packed', key: 'series_id' },
  { task: 'rollup', table: 'promkeep_rollup_state', key: 'query_id' },
  { task: 'expire', table: 'promkeep_coverage', key: 'query_id' },
  { task: 'remove deleted', table: 'promkeep_gaps', key: 'query_id' },
] as const;

/** The failure of one query is its own: each task serves the others, and says what failed until it works again. */
// [A15]
describe.each(SERVERS)('upkeep with one query that fails, on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    client = await test.client(url);
    // Whatever goes in order meets the failing one first.
    for (const name of ['bad', 'good']) {
      await archive.definitions.create({ name, expression: 'up', stepMs: STEP, retention: '7d' }, 'eva');
      const range = { fromMs: T0, toMs: T0 + 2 * STEP };
      const query = { kind: 'recorded', name } as const;
      const series = gridSeries({ __name__: name }, [1, 2, 3]);
      await archive.samples.writeRange(writing([series], { query, range, covered: [range], retention: '7d' }), live());
      await archive.ledger.noteGap(name, { fromMs: T0 + DAY, toMs: T0 + 2 * DAY, reason: 'source-down' });
    }
  });
  afterEach(() => test.closeAll());

  const run = (task: (typeof TASKS)[number]['task']): Promise<{ failedQueries: number }> => {
    const jobs = test.jobs(url, T0 + 40 * DAY);
    return task === 'pack'
      ? jobs.packClosed(live())
      : task === 'rollup'
        ? jobs.rollUp(live())
        : task === 'expire'
          ? jobs.expire(live())
          : jobs.removeDeleted(live());
  };
  const left = async (name: string): Promise<unknown> => {
    const { rows } = await client.query(
      `SELECT (SELECT count(*)::int FROM promkeep_samples s WHERE s.series_id IN (SELECT r.series_id FROM promkeep_series r WHERE r.query_id = q.query_id)) AS samples,
         (SELECT count(*)::int FROM promkeep_packed p WHERE p.series_id IN (SELECT r.series_id FROM promkeep_series r WHERE r.query_id = q.query_id)) AS packed,
         (SELECT count(*)::int FROM promkeep_rollup_state t WHERE t.query_id = q.query_id) AS widths
       FROM promkeep_queries q WHERE q.name = $1`,
      [name]
    );
    return rows[0];
  };
  const deleteBoth = async (): Promise<void> => {
    for (const query of await archive.definitions.list()) {
      await archive.definitions.remove({ ...query, by: 'adam' }, true);
    }
    await test.endGrace(url);
  };

  it.each(TASKS)(
    'serves the others in the task $task, and tells of the failure until it is mended',
    async ({ task, table, key }) => {
      const [packed, rolledUp] = [
        { samples: 0, packed: 1, widths: 0 },
        { samples: 3, packed: 0, widths: 2 },
      ];
      const gone = { samples: 0, packed: 0, widths: task === 'expire' ? 2 : 0 };
      const served = { pack: packed, rollup: rolledUp, expire: gone, 'remove deleted': gone }[task];
      const untouched = { samples: 3, packed: 0, widths: task === 'expire' ? 2 : 0 };
      if (task === 'expire') {
        await run('rollup');
      }
      if (task === 'remove deleted') {
        await deleteBoth();
      }
      await client.query(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        touched bigint := CASE TG_OP WHEN 'DELETE' THEN (to_jsonb(OLD) ->> '${key}')::bigint ELSE (to_jsonb(NEW) ->> '${key}')::bigint END;
      BEGIN
        IF touched IN (SELECT ${key === 'query_id' ? 'query_id' : 'series_id'} FROM ${key === 'query_id' ? 'promkeep_queries WHERE name' : 'promkeep_series WHERE metric_name'} = 'bad') THEN
          RAISE EXCEPTION 'no room for the bad one';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
      END $$;
      ALTER FUNCTION fail() SET search_path = promkeep, public;
      CREATE TRIGGER fail BEFORE INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION fail()`);
      expect(await run(task)).toMatchObject({ failedQueries: 1 });
      expect(await left('good')).toEqual(served);
      if (task !== 'remove deleted') {
        expect(await left('bad')).toEqual(untouched);
      }
      await run(task);
      const failure = { query: 'bad', task, runs: 2, message: expect.stringContaining('no room for the bad one') };
      expect((await archive.status()).failures).toMatchObject([failure]);
      await client.query(`DROP FUNCTION fail() CASCADE`);
      expect(await run(task)).toMatchObject({ failedQueries: 0 });
      expect((await archive.status()).failures).toEqual([]);
      expect(await left('bad')).toEqual(served);
    }
  );

  it('removes packed rows of the others from a partition that has to stay for the failing one', async () => {
    await run('pack');
    await run('rollup');
    await client.query(`UPDATE promkeep_rollup_state SET stale = '{[2026-01-01,2026-01-02)}', stored_until = '-infinity', raw_from = '-infinity'
      WHERE query_id = (SELECT query_id FROM promkeep_queries WHERE name = 'bad')`);
    await run('expire');
    expect(await left('good')).toMatchObject({ packed: 0 });
    expect(await left('bad')).toMatchObject({ packed: 1 });
  });

  it('lets a deletion whose date has come wait for nobody, when that of another query fails', async () => {
    await deleteBoth();
    await client.query(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'never'; END $$;
      CREATE TRIGGER fail BEFORE UPDATE OF delete_data ON promkeep_queries FOR EACH ROW WHEN (NEW.name = 'bad') EXECUTE FUNCTION fail()`);
    expect(await run('remove deleted')).toMatchObject({ failedQueries: 1, carriedOut: 1, queries: 1 });
    expect((await archive.status()).pending).toMatchObject([{ query: 'bad' }]);
  });
});
