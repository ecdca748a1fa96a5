import { type Client } from 'pg';
import { connectionFromUrl } from '../../pkg/archive/connect/connection';
import { Database } from '../../pkg/archive/connect/database';
import { migrateSchema, type ReadySchema } from '../../pkg/archive/schema/migrator';
import { schemaScript, type SchemaScript } from '../../pkg/archive/schema/schemaScript';
import { SERVERS, silentLogger, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, manySeries, writing } from './archiveWrites';

jest.setTimeout(180_000);

const FIRST = schemaScript();
const VERSION = FIRST.migrations.length;
const LAST_UNRELEASED = 15;

/** The program of a later release: the file `classes` ends in this statement. */
function later(sql: string, revision = FIRST.revision + 1): SchemaScript {
  const routines = FIRST.routines.map((file) =>
    file.name === 'functions/classes' ? { ...file, sql: `${file.sql}${sql};\n` } : file
  );
  return { ...FIRST, routines, revision };
}

const describing = (text: string): string => `COMMENT ON FUNCTION promkeep_kept_from IS '${text}'`;

describe.each(SERVERS)('migrating on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const migrate = async (script?: SchemaScript, schema?: string): Promise<ReadySchema> => {
    const database = new Database(connectionFromUrl(url), silentLogger);
    try {
      return await migrateSchema(database, schema, script);
    } finally {
      await database.close();
    }
  };
  const row = async (sql: string): Promise<Record<string, unknown>> =>
    (await client.query<Record<string, unknown>>(sql)).rows[0];
  const description = async (): Promise<unknown> =>
    (await row(`SELECT obj_description('promkeep.promkeep_kept_from'::regproc) AS text`)).text;
  /** Which transactions last made these, by the catalogs' own columns. */
  const made = async (): Promise<string[]> => {
    const { rows } = await client.query<{ xmin: string }>(`
      SELECT xmin FROM pg_proc WHERE oid IN ('promkeep.promkeep_kept_from'::regproc, 'promkeep.promkeep_cover'::regproc)
      UNION ALL SELECT xmin FROM pg_class WHERE oid = 'promkeep.metrics_data'::regclass`);
    return rows.map(({ xmin }) => xmin);
  };

  it('makes what has changed again, and nothing else', async () => {
    expect(await migrate()).toMatchObject({ from: 0, to: VERSION });
    expect(new Set(await made()).size).toBe(1);
    expect(await migrate()).toMatchObject({ from: VERSION, to: VERSION });
    expect(new Set(await made()).size).toBe(1);
    expect(await migrate(later(describing('Changed.')))).toMatchObject({ from: VERSION, to: VERSION });
    expect(await description()).toBe('Changed.');
    expect(new Set(await made()).size).toBe(2);
    expect(
      await row('SELECT version, revision FROM promkeep.promkeep_migrations ORDER BY version DESC LIMIT 1')
    ).toEqual({
      version: VERSION,
      revision: FIRST.revision + 1,
    });
  });

  it('keeps rows, what was granted, and triggers when all is made again', async () => {
    const archive = test.archive(url);
    await archive.samples.writeRange(writing(manySeries(2, 5, (n, i) => n + i)), live());
    const guest = `guest_${new URL(url).pathname.slice(1)}`;
    await client.query(`CREATE ROLE ${guest} LOGIN PASSWORD 'p'; SELECT promkeep_grant_reader('${guest}', 1);
      GRANT INSERT, DELETE ON metrics_data TO ${guest}; GRANT EXECUTE ON FUNCTION promkeep_take_apart TO ${guest};
      CREATE VIEW public.derived AS SELECT d.id FROM metrics_data d, metrics_5m m`);
    const rights = `SELECT jsonb_agg(to_jsonb(a) ORDER BY name) AS all FROM (
      SELECT relname AS name, relacl AS acl FROM pg_class WHERE relnamespace = 'promkeep'::regnamespace UNION ALL
      SELECT proname, proacl FROM pg_proc WHERE pronamespace = 'promkeep'::regnamespace) a`;
    const before = await row(rights);
    await client.query(`UPDATE promkeep.promkeep_migrations SET texts = '{}'`);
    await migrate();
    expect(await row(rights)).toEqual(before);
    const theirs = new URL(url);
    [theirs.username, theirs.password] = [guest, 'p'];
    const reader = await test.client(theirs.href);
    const insert = `INSERT INTO promkeep.metrics_data (metric_name, metric_value, timestamp) VALUES ('mine', 1, '2026-01-01Z')`;
    await reader.query(insert);
    await reader.query(insert);
    expect((await reader.query('SELECT query FROM promkeep.metrics_data')).rows).toHaveLength(11);
    expect(
      await archive.samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + 86_400_000 } }, live())
    ).toHaveLength(2);
  });

  it('leaves the functions of a newer program alone, and works with them', async () => {
    const newer = later(describing('Newer.'));
    await migrate(newer);
    expect(await migrate()).toMatchObject({ to: VERSION });
    await test.archive(url).status();
    expect(await description()).toBe('Newer.');
    // While somebody works on them, the revision stays and the text changes.
    await migrate(later(describing('Newer still.'), newer.revision));
    expect(await description()).toBe('Newer still.');
  });

  it('runs a numbered migration with everything that is not numbered, or nothing of both', async () => {
    await migrate();
    const next = (sql: string): SchemaScript => ({
      ...later(describing('Next.')),
      migrations: [...FIRST.migrations, { name: 'next', files: [{ name: 'next', sql }] }],
    });
    const dropping = 'DROP FUNCTION metrics_between; DROP VIEW metrics_1h; CREATE TABLE promkeep_more (n integer);';
    await expect(migrate(next(`${dropping} SELECT 1 / 0`))).rejects.toMatchObject({ name: 'PromkeepError' });
    expect(await row('SELECT max(version) AS version FROM promkeep.promkeep_migrations')).toEqual({ version: VERSION });
    expect(await description()).not.toBe('Next.');
    expect(await migrate(next(dropping))).toMatchObject({ from: VERSION, to: VERSION + 1 });
    await client.query(`SELECT * FROM metrics_between('2026-01-01', '2026-01-02'), promkeep_more, metrics_1h`);
    await expect(migrate()).rejects.toMatchObject({ code: 'ARCHIVE_NEWER' });
  });

  it('changes functions once when several programs find that they have changed', async () => {
    await migrate();
    await client.query('CREATE SEQUENCE public.runs');
    const counting = later("SELECT nextval('public.runs')");
    await Promise.all([1, 2, 3, 4].map(() => migrate(counting)));
    expect(await row('SELECT last_value, is_called FROM public.runs')).toEqual({ last_value: '1', is_called: true });
  });

  it('makes functions for the new name of a schema that was renamed', async () => {
    await migrate();
    await client.query('ALTER SCHEMA promkeep RENAME TO "kept, it\'s"');
    await migrate(undefined, "kept, it's");
    const insert = `INSERT INTO "kept, it's".metrics_data (metric_name, metric_value, timestamp) VALUES ('mine', 1, '2026-01-01Z')`;
    expect((await client.query(insert)).rowCount).toBe(1);
  });

  /** What the unreleased migrations left: the tables of the first one, without two columns, and functions of another path. */
  const unreleased = async (version: number): Promise<void> => {
    await migrate();
    await client.query(`DROP TABLE promkeep.promkeep_chunks, promkeep.promkeep_raw_series, promkeep.promkeep_labels,
        promkeep.promkeep_metadata CASCADE;
      DROP TYPE promkeep.promkeep_named_series_row CASCADE;
      ALTER TABLE promkeep.promkeep_queries DROP COLUMN raw CASCADE;
      ALTER TABLE promkeep.promkeep_fetches DROP COLUMN series CASCADE;
      ALTER TABLE promkeep.promkeep_migrations DROP COLUMN revision, DROP COLUMN texts;
      DELETE FROM promkeep.promkeep_migrations;
      INSERT INTO promkeep.promkeep_migrations (version, name) SELECT n, 'unreleased' FROM generate_series(1, ${version}) AS n;
      ALTER FUNCTION promkeep.promkeep_cover SET search_path = pg_catalog, pg_temp`);
  };

  it('carries on an archive of the last unreleased version, and no older one', async () => {
    await unreleased(LAST_UNRELEASED);
    expect(await migrate()).toMatchObject({ from: LAST_UNRELEASED, to: VERSION });
    await test.archive(url).samples.writeRange(writing(manySeries(2, 5, (n, i) => n + i)), live());
    expect(await row('SELECT count(*)::int AS n, max(version) AS version FROM promkeep.promkeep_migrations')).toEqual({
      n: VERSION,
      version: VERSION,
    });
    await client.query('DROP SCHEMA promkeep CASCADE');
    await unreleased(LAST_UNRELEASED - 1);
    const error = { code: 'SETTINGS_INVALID', message: expect.stringContaining('before the first release') };
    await expect(migrate()).rejects.toMatchObject(error);
    await expect(test.archive(url).status()).rejects.toMatchObject(error);
  });
});
