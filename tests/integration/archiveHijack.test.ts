import { type Client } from 'pg';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type Archive } from '../../pkg/core/ports/archive';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(240_000);

const DAY = 86_400_000;
const WEEK = 7 * DAY;

/**
 * From the side of another role of the same database, who wants our role, or a superuser who reads the archive, to run a function of
 * hers. Every function of hers notes for whom it ran.
 */
describe.each(SERVERS)('another role of the database, on $name,', (server) => {
  const test = new TestServer(server);
  let url: string;
  let admin: Client;
  let mallory: Client;
  let archive: Archive;
  let role: string;
  let roles = 0;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    admin = await test.client(url);
    role = `mallory_${++roles}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'; CREATE SCHEMA promkeep; GRANT USAGE ON SCHEMA promkeep TO ${role};
      CREATE TABLE public.trapped (who text, what text); GRANT INSERT ON public.trapped TO PUBLIC`);
    mallory = await as(role);
    archive = test.archive(url);
  });
  afterEach(() => test.closeAll());

  const as = (name: string): Promise<Client> => {
    const theirs = new URL(url);
    theirs.username = name;
    theirs.password = 'p';
    return test.client(theirs.href);
  };
  const trap = (schema: string, name: string, types: string, result: string): string =>
    `CREATE FUNCTION ${schema}.${name}(${types}) RETURNS ${result} LANGUAGE plpgsql AS $f$BEGIN
       INSERT INTO public.trapped VALUES (current_user, '${name}'); RETURN NULL; END$f$;`;
  const trapped = async (): Promise<unknown[]> =>
    (await admin.query("SELECT who, what FROM public.trapped WHERE who NOT LIKE 'mallory%'")).rows;
  const failure = async (work: Promise<unknown>): Promise<PromkeepError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason
    );
    if (!(error instanceof PromkeepError)) {
      throw new Error(`Expected a PromkeepError, got ${String(error)}`);
    }
    return error;
  };
  const write = (atMs: number, count = 4): Promise<unknown> => {
    const series = manySeries(2, count, (n, i) => n + i).map((one) => ({
      ...one,
      timesMs: one.timesMs.map((timeMs) => timeMs - T0 + atMs),
    }));
    const range = { fromMs: atMs, toMs: atMs + (count - 1) * STEP };
    return archive.samples.writeRange(writing(series, { range, covered: [range], retention: '30d' }), live());
  };
  const statementOf = ({ message }: PromkeepError): string => /run:? (.*;)/.exec(message)?.[1] ?? '';

  it('who may create in the schema is not started with; the statement in the message mends it', async () => {
    await archive.migrate();
    await admin.query(`CREATE ROLE apps_${role}; GRANT apps_${role} TO ${role}`);
    for (const grantee of ['PUBLIC', role, `apps_${role}`]) {
      await admin.query(`GRANT CREATE ON SCHEMA promkeep TO ${grantee}`);
      const error = await failure(test.archive(url).status());
      expect(error).toMatchObject({ code: 'SETTINGS_INVALID', message: expect.stringContaining(`(${grantee})`) });
      await admin.query(statementOf(error));
      await test.archive(url).status();
    }
  });

  it('who shares a group with our role is another role, and a member of our role is not', async () => {
    await admin.query(`DROP SCHEMA promkeep; CREATE ROLE keeper_${role} LOGIN PASSWORD 'p'; CREATE SCHEMA promkeep AUTHORIZATION keeper_${role};
      CREATE ROLE shared_${role}; GRANT shared_${role} TO keeper_${role}, ${role}`);
    const theirs = new URL(url);
    theirs.username = `keeper_${role}`;
    theirs.password = 'p';
    await test.archive(theirs.href).migrate();
    await admin.query(`GRANT CREATE ON SCHEMA promkeep TO shared_${role}`);
    const error = await failure(test.archive(theirs.href).status());
    expect(error).toMatchObject({ code: 'SETTINGS_INVALID', message: expect.stringContaining(`(shared_${role})`) });
    await (await as(`keeper_${role}`)).query(statementOf(error));
    await admin.query(
      `CREATE ROLE helper_${role} IN ROLE keeper_${role}; GRANT CREATE ON SCHEMA promkeep TO helper_${role}`
    );
    await test.archive(theirs.href).status();
  });

  it('who made overloads of our functions, or of those we call, before the right was taken from her is found', async () => {
    await archive.migrate();
    await admin.query(`GRANT CREATE ON SCHEMA promkeep TO ${role}`);
    await mallory.query(
      trap('promkeep', 'promkeep_cover', 'bigint, bigint, tstzmultirange', 'void').replace('RETURN NULL', 'RETURN') +
        trap('promkeep', 'promkeep_retention_class', 'varchar', 'text') +
        trap('promkeep', 'md5', 'varchar', 'text') +
        trap('promkeep', 'joined', 'bigint, text', 'text') +
        `CREATE OPERATOR promkeep.|| (LEFTARG = bigint, RIGHTARG = text, FUNCTION = promkeep.joined);
         CREATE DOMAIN promkeep.promkeep_samples_20300107 AS text`
    );
    await admin.query(`REVOKE CREATE ON SCHEMA promkeep FROM ${role}`);
    const seen: string[] = [];
    for (let round = 0; round < 6; round++) {
      const error = await failure(test.archive(url).status());
      expect(error).toMatchObject({ code: 'SETTINGS_INVALID', message: expect.stringContaining(role) });
      seen.push(statementOf(error));
      await admin.query(statementOf(error));
    }
    expect(seen).toEqual([
      'DROP OPERATOR promkeep.|| (bigint, text);',
      'DROP DOMAIN promkeep.promkeep_samples_20300107;',
      'DROP FUNCTION promkeep.joined(bigint, text);',
      'DROP FUNCTION promkeep.md5(character varying);',
      'DROP FUNCTION promkeep.promkeep_cover(bigint, bigint, tstzmultirange);',
      'DROP FUNCTION promkeep.promkeep_retention_class(character varying);',
    ]);
    await test.archive(url).status();
  });

  it('who laid out an archive of her own before us gets none of our rows', async () => {
    await admin.query('DROP SCHEMA promkeep; GRANT CREATE ON SCHEMA public TO PUBLIC');
    await mallory.query(`CREATE TABLE public.promkeep_migrations (version integer, name text);
      INSERT INTO public.promkeep_migrations VALUES (1000, 'mine')`);
    await admin.query(
      `CREATE ROLE keeper_${role} LOGIN PASSWORD 'p' CREATEROLE; GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO keeper_${role}`
    );
    const theirs = new URL(url);
    theirs.username = `keeper_${role}`;
    theirs.password = 'p';
    await test.archive(theirs.href).migrate();
    expect(
      (
        await admin.query(`SELECT nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
      WHERE relname = 'promkeep_samples'`)
      ).rows
    ).toEqual([{ nspname: 'promkeep' }]);
    // Told to use that schema, it refuses.
    const error = await failure(test.archive(theirs.href, { connection: { schema: 'public' } }).migrate());
    expect(error).toMatchObject({ code: 'SETTINGS_INVALID', message: expect.stringContaining('PUBLIC') });
  });

  it('who puts operators and functions on the path catches neither us nor who reads the archive', async () => {
    // Our calls may not fit hers exactly, so that the ones of pg_catalog would be passed over for hers.
    await admin.query(`GRANT CREATE ON SCHEMA public TO ${role}`);
    const operators = [
      ['||', 'bigint', 'text', 'text'],
      ['*', 'interval', 'bigint', 'interval'],
      ['*', 'interval', 'integer', 'interval'],
      ['=', 'name', 'text', 'boolean'],
      ['<=', 'timestamptz', 'timestamptz', 'boolean'],
      ['-', 'timestamptz', 'interval', 'timestamptz'],
    ];
    const functions = [
      ['md5', 'text', 'text'],
      ['date_bin', 'interval, timestamptz, timestamptz', 'timestamptz'],
      ['to_regclass', 'text', 'regclass'],
      ['floor', 'numeric', 'numeric'],
      ['current_schema', '', 'name'],
      ['coalesce_all', '', 'text'],
      ['generate_series', 'integer, integer', 'integer'],
      ['row_security_active', 'oid', 'boolean'],
    ];
    await mallory.query(
      functions.map(([name, types, result]) => trap('public', name, types, result)).join('\n') +
        operators
          .map(
            ([name, left, right, result], i) =>
              `${trap('public', `trap${i}`, `${left}, ${right}`, result)}
               CREATE OPERATOR public.${name} (LEFTARG = ${left}, RIGHTARG = ${right}, FUNCTION = public.trap${i});`
          )
          .join('\n')
    );
    const database = new URL(url).pathname.slice(1);
    await admin.query(`ALTER DATABASE ${database} SET search_path = public, promkeep, pg_catalog`);
    archive = test.archive(url);
    await write(T0);
    await write(T0 + 9 * DAY);
    const jobs = test.jobs(url, T0 + 8 * DAY);
    await jobs.packClosed(live());
    await jobs.rollUp(live());
    await jobs.expire(live());
    await archive.status();
    // A superuser with the same path; hers would run as him.
    const reader = await test.client(url);
    for (const statement of [
      'SELECT id, metric_value, labels FROM metrics_data',
      "SELECT * FROM metrics_between('2026-01-01', '2027-01-01')",
      "SELECT * FROM metrics_rollup('15 minutes', '2026-01-01', '2027-01-01')",
      'SELECT * FROM metrics_5m',
      'SELECT * FROM metrics_1h',
      "SELECT promkeep_grant_reader('postgres')",
      "INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels) VALUES ('mine', 1, '2026-01-01', '{}')",
      "UPDATE metrics_data SET metric_value = 2 WHERE metric_name OPERATOR(pg_catalog.=) 'mine'",
      "DELETE FROM metrics_data WHERE metric_name OPERATOR(pg_catalog.=) 'mine'",
    ]) {
      await reader.query(statement);
      expect([statement, await trapped()]).toEqual([statement, []]);
    }
    expect((await reader.query('SELECT 1 FROM metrics_data')).rows).toHaveLength(16);
  });

  it('leaves no function of ours that goes by the path of who calls it', async () => {
    await archive.migrate();
    const { rows } = await admin.query(`SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'promkeep'::regnamespace
      AND p.prosqlbody IS NULL AND NOT coalesce(p.proconfig @> ARRAY['search_path=promkeep, pg_temp'], false)`);
    // pg_catalog, which is not named, is looked into first. Make an SQL function with BEGIN ATOMIC, any other with
    // SET search_path FROM CURRENT.
    expect(rows).toEqual([]);
  });

  it('who shadows tables by temporary ones writes through our functions what is to be written, and no more', async () => {
    await write(T0);
    await admin.query(`GRANT INSERT, SELECT ON metrics_data TO ${role}; SELECT promkeep_grant_reader('${role}')`);
    await mallory.query(`CREATE TEMPORARY TABLE promkeep_queries (query_id bigint); CREATE TEMPORARY TABLE pg_inherits (inhparent oid);
      CREATE TEMPORARY TABLE promkeep_sources (source_id bigint); CREATE TEMPORARY TABLE promkeep_samples_20301230 (time timestamptz);
      CREATE TEMPORARY TABLE pg_roles (oid oid); CREATE TEMPORARY TABLE pg_class (oid oid, relname name);
      SET search_path = pg_temp, promkeep, pg_catalog;
      INSERT INTO promkeep.metrics_data (metric_name, metric_value, timestamp) VALUES ('hers', 1, '2031-01-01')`);
    const { rows } = await admin.query("SELECT org_id FROM metrics_data WHERE metric_name = 'hers'");
    expect(rows).toEqual([{ org_id: '1' }]);
    // Without USAGE, nothing of the schema is on the path of a function that runs with her rights, and her tables are all there is.
    await admin.query(`CREATE VIEW public.shared AS SELECT * FROM promkeep.metrics_data; GRANT INSERT ON public.shared TO ${role};
      REVOKE USAGE ON SCHEMA promkeep FROM ${role}`);
    await expect(
      mallory.query(`INSERT INTO public.shared (metric_name, metric_value, timestamp) VALUES ('hers', 1, '2031-01-02')`)
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('who has taken the name of a partition is named, whatever she made of it, and is in nobody’s way for ever', async () => {
    await write(T0);
    await admin.query(`GRANT CREATE ON SCHEMA promkeep TO ${role}`);
    for (const [i, made] of [
      'TABLE promkeep.promkeep_samples_20300107 (n int)',
      'VIEW promkeep.promkeep_samples_20300107 AS SELECT 1',
      "TYPE promkeep.promkeep_samples_20300107 AS ENUM ('a')",
    ].entries()) {
      await mallory.query(`CREATE ${made}`);
      const error = await failure(write(Date.parse('2030-01-08T00:00:00Z') + i * STEP));
      expect(error).toMatchObject({
        code: 'SETTINGS_INVALID',
        message: expect.stringContaining(
          'promkeep.promkeep_samples_20300107 is in the way of a partition of promkeep_samples'
        ),
      });
      await admin.query(`DROP ${made.split(' ').slice(0, 2).join(' ')}`);
    }
    await mallory.query('CREATE TABLE promkeep.promkeep_packed_30d (n int)');
    expect(await failure(test.jobs(url, T0 + 20 * DAY).packClosed(live()))).toMatchObject({ code: 'SETTINGS_INVALID' });
    await admin.query(`DROP TABLE promkeep.promkeep_packed_30d; REVOKE CREATE ON SCHEMA promkeep FROM ${role}`);
    await write(Date.parse('2030-01-08T00:00:00Z'));
    expect(await test.jobs(url, T0 + 20 * DAY).packClosed(live())).toMatchObject({ samples: 8 });
  });

  it('who holds advisory locks of every name we ever used stops nothing', async () => {
    for (const lock of ['promkeep partition', 'promkeep migration']) {
      for (const schema of ['promkeep', 'public']) {
        await mallory.query(`SELECT pg_advisory_lock(hashtext($1::text), hashtext($2::text))`, [lock, schema]);
      }
    }
    const startedMs = Date.now();
    await write(T0);
    await write(T0 + WEEK);
    expect(await test.jobs(url, T0 + 30 * DAY).packClosed(live())).toMatchObject({ samples: 16 });
    expect(Date.now() - startedMs).toBeLessThan(30_000);
  });

  it('who begins a week with a row of hers and never commits does not keep the archiver from the next week', async () => {
    await write(T0);
    await admin.query(`GRANT INSERT ON metrics_data TO ${role}`);
    await test.jobs(url, T0).packClosed(live());
    await mallory.query(
      `BEGIN; INSERT INTO promkeep.metrics_data (metric_name, metric_value, timestamp) VALUES ('hers', 1, '2031-01-01')`
    );
    const startedMs = Date.now();
    await write(T0 + DAY);
    await write(T0 + WEEK);
    expect(Date.now() - startedMs).toBeLessThan(30_000);
    await mallory.query('ROLLBACK');
  });

  it('who may read learns which organisations she sees herself, and of nobody else', async () => {
    await archive.migrate();
    await admin.query(
      `CREATE ROLE other_${role}; SELECT promkeep_grant_reader('other_${role}', 7); SELECT promkeep_grant_reader('${role}', 2)`
    );
    await expect(mallory.query(`SELECT promkeep.promkeep_organisations_of('other_${role}')`)).rejects.toMatchObject({
      code: '42883',
    });
    const own = async (): Promise<unknown> =>
      (await mallory.query('SELECT org_id FROM promkeep.promkeep_own_organisations')).rows;
    expect(await own()).toEqual([{ org_id: '2' }]);
    await mallory.query(`CREATE TEMPORARY TABLE told (org bigint)`);
    await mallory.query(`CREATE FUNCTION pg_temp.tell(org bigint) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
      $$BEGIN INSERT INTO told VALUES (org); RETURN true; END$$`);
    await mallory.query('SELECT 1 FROM promkeep.promkeep_own_organisations o WHERE pg_temp.tell(o.org_id)');
    expect((await mallory.query('SELECT DISTINCT org FROM told')).rows).toEqual([{ org: '2' }]);
    await admin.query(`GRANT ALL ON promkeep.promkeep_own_organisations TO ${role}`);
    await expect(mallory.query('UPDATE promkeep.promkeep_own_organisations SET org_id = NULL')).rejects.toMatchObject({
      code: '55000',
    });
    expect(await own()).toEqual([{ org_id: '2' }]);
  });

  // Some hundred tables take their time, and the limit is the same everywhere.
  if (server === SERVERS[0]) {
    it('who may insert rows cannot make a table for each week of ten thousand years', async () => {
      await archive.migrate();
      await admin.query(`GRANT INSERT ON metrics_data TO ${role}`);
      const flood = (weeks: number): Promise<unknown> =>
        mallory.query(`INSERT INTO promkeep.metrics_data (metric_name, metric_value, timestamp)
        SELECT 'x', 1, '1990-01-01'::timestamptz + n * interval '7 days' FROM generate_series(1, ${weeks}) AS n`);
      await expect(flood(521)).rejects.toMatchObject({ code: '54000' });
      await flood(520);
      await expect(flood(521)).rejects.toMatchObject({ code: '54000' });
      await write(T0);
    });
  }
});
