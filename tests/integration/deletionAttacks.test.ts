import { MemoryLogger } from '../fakes/callers';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';
import { SERVERS, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { DAY_MS, HistoryOfYears, HOUR_MS, POWER } from './archiveHistoryOfYears';
import { ADMIN, EDITOR, PluginProcess, VIEWER } from './pluginProcess';

/**
 * Who wants to empty the archive, through the plugin's own resources, a second datasource, the database or the configuration:
 * after each attack and some hours of upkeep, the years are still there.
 */
jest.setTimeout(180_000);

const test = new TestServer(SERVERS[0]);
let prometheus: RunningPrometheus;
let plugin: PluginProcess;
let history: HistoryOfYears;
let years: number;

beforeAll(async () => {
  [prometheus, plugin] = await Promise.all([
    startPrometheus({ config: 'global: {scrape_interval: 1s}\n' }),
    PluginProcess.start(),
    test.start(),
  ]);
});
afterAll(async () => {
  await plugin?.stop('SIGKILL');
  await Promise.all([prometheus?.stop(), test.stop()]);
});
beforeEach(async () => {
  history = await HistoryOfYears.make(test, plugin, prometheus.url);
  years = await history.old();
  expect(years).toBeGreaterThan(16_000);
});
afterEach(() => test.closeAll());

/** Days until the only thing that waits. */
async function daysLeft(): Promise<number> {
  const { waiting } = await history.list();
  expect(waiting).toHaveLength(1);
  return ((waiting as Array<{ atMs: number }>)[0].atMs - Date.now()) / DAY_MS;
}

// [A15]
describe('an Editor who wants to empty the archive', () => {
  it('shortens the retention', async () => {
    await history.shorten('1d');
    await history.upkeep();
    expect(await history.old()).toBe(years);
    expect(await history.list()).toMatchObject({
      queries: [{ name: 'power', retention: '1d' }],
      waiting: [{ what: 'retention', query: 'power', present: 'forever', wanted: '1d', by: 'grafana:eva' }],
    });
    expect(await daysLeft()).toBeCloseTo(7, 1);
    const { pending } = await history.archive.status();
    expect(pending).toMatchObject([{ query: 'power', wanted: '1d', samples: expect.any(Number) }]);
    expect(await history.audit()).toEqual(['1 grafana:eva asked retention power forever 1d']);
  });

  it('shortens it again and again, by other ways and in small steps', async () => {
    await history.shorten('5y');
    await history.shorten('1y');
    await history.client.query(`UPDATE promkeep_pending SET effective_at = effective_at - interval '6 days'`);
    await history.shorten('1d');
    expect(await daysLeft()).toBeCloseTo(7, 1);
    await history.shorten('1d');
    await history.upkeep();
    expect(await history.old()).toBe(years);
    // Who is content with less does not wait longer.
    await history.client.query(`UPDATE promkeep_pending SET effective_at = effective_at - interval '3 days'`);
    await history.shorten('30d');
    expect(await daysLeft()).toBeCloseTo(4, 1);
  });

  it('deletes the query keeping its data, and makes it again for a day', async () => {
    await history.must('/delete', { name: 'power', revision: await history.revision(), withData: false });
    await history.must('', { ...POWER, retention: '1d' });
    await history.upkeep();
    expect(await history.old()).toBe(years);
    expect(await daysLeft()).toBeCloseTo(7, 1);
  });

  it('gives it another expression and step with the shorter retention', async () => {
    const revision = await history.revision();
    await history.must('/update', { ...POWER, expression: 'vector(1)', stepMs: 60_000, retention: '1d', revision });
    await history.upkeep();
    expect(await history.old()).toBe(years);
  });

  it('asks for the deletion itself, or for what waits to be done at once', async () => {
    const revision = await history.revision();
    const refused = { status: 403, body: { code: 'FORBIDDEN' } };
    expect(await history.post('/delete', { name: 'power', revision, withData: true })).toMatchObject(refused);
    await history.shorten('1d');
    expect(await history.post('/carry-out', { name: 'power' })).toMatchObject(refused);
    expect(await history.post('/take-back', { name: 'power' }, VIEWER)).toMatchObject(refused);
    await history.upkeep();
    expect(await history.old()).toBe(years);
  });

  it('comes through another datasource of the same source, and from another organisation', async () => {
    const twin = { ...history.datasource, uid: 'twin' };
    await history.shorten('1d', EDITOR, twin);
    const theirs = { ...history.datasource, uid: 'theirs', orgId: 2 };
    await history.must('', { ...POWER, retention: '1d' }, ADMIN, theirs);
    expect(await history.post('/carry-out', { name: 'power' }, ADMIN, theirs)).toMatchObject({ status: 404 });
    await history.upkeep();
    expect(await history.old()).toBe(years);
    expect(await history.list(theirs)).toMatchObject({ waiting: [] });
  });

  it('uses a retention that no calendar holds, to stop the expiry of everybody else', async () => {
    const endless = { ...POWER, name: 'endless' };
    for (const retention of ['9999y', '99999y', '99999w', '36601d']) {
      expect(await history.post('', { ...endless, retention })).toMatchObject({ status: 400 });
    }
    // As an archive has it whose validators let it pass.
    await history.must('', endless);
    await history.client.query(`UPDATE promkeep_queries SET retention = '99999y' WHERE name = 'endless'`);
    const lastMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    await history.write('endless', lastMs - 60 * DAY_MS, lastMs - 40 * DAY_MS);
    await history.must('', { ...POWER, name: 'short', retention: '7d' });
    await history.write('short', lastMs - 60 * DAY_MS, lastMs - 40 * DAY_MS);
    await history.upkeep();
    expect(await history.old('short')).toBe(0);
    expect(await history.old('endless')).toBe(20 * 24 + 1);
    expect(await history.old()).toBe(years);
  });
});

describe('an Admin', () => {
  it('deletes with its data, thinks better of it, and everything is as it was', async () => {
    await history.must('/delete', { name: 'power', revision: await history.revision(), withData: true }, ADMIN);
    await history.upkeep();
    expect(await history.old()).toBe(years);
    expect(await history.list()).toMatchObject({ queries: [], waiting: [{ what: 'data', query: 'power' }] });
    // The name is not used meanwhile: nobody must take it back by mistake, nor lose what follows.
    expect(await history.post('', POWER)).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    await history.must('/take-back', { name: 'power' });
    await test.endGrace(history.url);
    await history.upkeep();
    expect(await history.old()).toBe(years);
    expect(await history.list()).toMatchObject({ queries: [{ name: 'power', retention: 'forever' }], waiting: [] });
    expect(await history.audit()).toEqual([
      '1 grafana:adam asked data power forever deleted',
      '1 grafana:eva taken back data power deleted',
    ]);
  });

  it('takes back what an Editor asked for, also by asking for the retention in force', async () => {
    await history.shorten('1d');
    await history.must('/take-back', { name: 'power' }, ADMIN);
    await history.shorten('7d');
    await history.shorten('forever', ADMIN);
    await test.endGrace(history.url);
    await history.upkeep();
    expect(await history.old()).toBe(years);
    expect((await history.audit()).map((line) => line.split(' ').slice(1, 4).join(' '))).toEqual([
      'grafana:eva asked retention',
      'grafana:adam taken back',
      'grafana:eva asked retention',
      'grafana:adam taken back',
    ]);
    expect(await history.post('/take-back', { name: 'power' })).toMatchObject({ status: 404 });
  });

  it('does not wait, when that is what they want', async () => {
    await history.shorten('1d');
    await history.must('/carry-out', { name: 'power' }, ADMIN);
    await history.upkeep();
    expect(await history.old()).toBe(0);
    expect((await history.audit()).at(-1)).toBe('1 grafana:adam at once retention power forever 1d');
  });

  it('sees done what nobody took back, and who had asked for it', async () => {
    await history.shorten('1d');
    await test.endGrace(history.url);
    await history.upkeep();
    expect(await history.old()).toBe(0);
    expect((await history.audit()).at(-1)).toBe('1 grafana:eva carried out retention power forever 1d');
  });
});

describe('whoever is not in Grafana', () => {
  it('changes the tables by hand, and waits as well', async () => {
    await history.client.query(`UPDATE promkeep_queries SET retention = '1d', deleted_at = now(), delete_data = true`);
    await history.client.query(
      `INSERT INTO promkeep_settings (name, value) VALUES ('hourly_rollups', '1d'), ('five_minute_rollups', 'none')
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`
    );
    await history.upkeep();
    expect(await history.old()).toBe(years);
    const { rows } = await history.client.query('SELECT DISTINCT actor FROM promkeep_audit');
    expect(rows).toEqual([{ actor: expect.stringMatching(/^role:/) }]);
  });

  it('shortens a retention in a config file: it is told what goes, and waits', async () => {
    const logger = new MemoryLogger();
    const archive = test.archive(history.url, { logger });
    await archive.definitions.provision([{ ...POWER, retention: '1d' }]);
    await archive.definitions.provision([{ ...POWER, retention: '1d' }]);
    await history.upkeep();
    expect(await history.old()).toBe(years);
    const attributes = {
      query: 'power',
      from: 'forever',
      to: '1d',
      deletesDays: 730,
      deletesSamples: expect.closeTo(729.3 * 24, -2),
    };
    expect(logger.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('shortens'), attributes }]);
    expect(await history.audit()).toEqual(['1 config asked retention power forever 1d']);
    await archive.definitions.provision([POWER]);
    await test.endGrace(history.url);
    await history.upkeep();
    expect(await history.old()).toBe(years);
  });

  it('removes rollups by a setting, and waits', async () => {
    await history.shorten('30d', ADMIN);
    await history.must('/carry-out', { name: 'power' }, ADMIN);
    await history.upkeep();
    const buckets = async (): Promise<number> =>
      (await history.client.query<{ n: number }>('SELECT count(*)::int AS n FROM promkeep_rollups')).rows[0].n;
    const before = await buckets();
    expect(before).toBeGreaterThan(20);
    const jobs = test.jobs(history.url, Date.now(), { hours: 'none', fiveMinutes: '7d' });
    await jobs.expire(live());
    await jobs.expire(live());
    expect(await buckets()).toBe(before);
    expect((await history.list()).waiting).toMatchObject([
      { what: 'five_minute_rollups', wanted: '7d', by: 'config' },
      { what: 'hourly_rollups', wanted: 'none', by: 'config' },
    ]);
    await test.endGrace(history.url);
    await jobs.expire(live());
    expect(await buckets()).toBeLessThan(before);
  });

  it('keeps a result again through a datasource with a shorter retention of kept results', async () => {
    const kept = { expression: 'up', stepMs: HOUR_MS, phaseMs: 0 };
    const keep = (retention: string, atMs: number): Promise<unknown> => history.keep(kept, retention, atMs);
    await keep('forever', Date.now() - 400 * DAY_MS);
    await keep('1d', Date.now());
    await history.upkeep();
    expect(await history.old('up [kept every 3600s]')).toBe(1);
  });

  it('reads the audit of their own organisation, and never writes it', async () => {
    await history.shorten('1d');
    await history.must('', { ...POWER, retention: '7d' }, ADMIN, { ...history.datasource, uid: 'theirs', orgId: 2 });
    await history.client.query(`CREATE ROLE spy; SELECT promkeep_grant_reader('spy', 2)`);
    await history.client.query('SET ROLE spy');
    expect(
      (await history.client.query('SELECT 1 FROM promkeep_audit UNION ALL SELECT 1 FROM promkeep_pending')).rows
    ).toEqual([]);
    for (const statement of [
      `INSERT INTO promkeep_audit (actor, action, what) VALUES ('me', 'asked', 'data')`,
      'UPDATE promkeep_audit SET actor = NULL',
      'DELETE FROM promkeep_audit',
      'UPDATE promkeep_pending SET effective_at = now()',
      `SELECT promkeep_take_back(1, 'retention')`,
      `SELECT promkeep_note_audit(1, 'me', 'asked', 'data', '', '', now(), 1)`,
    ]) {
      await expect(history.client.query(statement)).rejects.toThrow(/permission denied/);
    }
    await history.client.query('RESET ROLE');
  });
});
