import { type Archive } from '../../pkg/core/ports/archive';
import { type StoredDefinition, type DefinitionEdit } from '../../pkg/core/ports/definitions';
import { type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { gridSeries, writing } from './archiveWrites';

jest.setTimeout(120_000);

/** One covered series on the 15 s grid from `fromMs`. */
function recordedWrite(part: { name: string; expression: string; values: number[]; fromMs?: number }): RangeWrite {
  const { name, expression, values, fromMs = T0 } = part;
  const series = gridSeries({ __name__: 'm' }, values, fromMs);
  const range = { fromMs, toMs: fromMs + (values.length - 1) * 15_000 };
  const write = writing([series], { query: { kind: 'recorded', name }, range, covered: [range] });
  return { ...write, provenance: { ...write.provenance, expression } };
}

/** Definitions of recorded queries as people change them, on real servers. */
describe.each(SERVERS)('recorded queries on $name', (server) => {
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

  const QUERY = { name: 'cpu', expression: 'up', stepMs: 15_000, retention: '30d' };
  const editOf = ({ name, revision }: StoredDefinition, by = 'eva'): DefinitionEdit => ({ name, revision, by });
  const write = (expression = 'up', values = [1, 2, 3]) =>
    archive.samples.writeRange(recordedWrite({ name: 'cpu', expression, values }), live());
  const count = async (sql: string): Promise<number> =>
    Number((await (await test.client(url)).query<{ n: string }>(sql)).rows[0].n);

  // [A13]
  it('starts a new version with another expression, and old samples keep theirs', async () => {
    const made = await archive.definitions.create(QUERY, 'eva');
    await write();
    const changed = await archive.definitions.change(editOf(made), { expression: 'up == 1' });
    expect(changed.version).toBe(2);
    expect(await archive.ledger.coverage('cpu')).toEqual([]);
    expect(await count(`SELECT count(*) AS n FROM metrics_data WHERE query = 'cpu'`)).toBe(3);
    expect(
      await count(
        `SELECT count(DISTINCT f.version) AS n FROM promkeep_fetches f JOIN promkeep_samples s USING (fetch_id) WHERE f.version = 1`
      )
    ).toBe(1);
    // An archiver that still has the old definition must not write under the new one.
    await expect(write('up', [7, 7, 7])).rejects.toMatchObject({ code: expect.stringMatching(/^ARCHIVE_/) });
  });

  it('lets one of two editors win, and tells the other who was faster', async () => {
    const made = await archive.definitions.create(QUERY, 'eva');
    const other = test.archive(url);
    const edits = [
      archive.definitions.change(editOf(made, 'eva'), { retention: '7d' }),
      other.definitions.change(editOf(made, 'adam'), { retention: '1y' }),
    ];
    const outcomes = await Promise.allSettled(edits);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = outcomes.find((one) => one.status === 'rejected');
    expect(lost?.reason).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/changed by (eva|adam) at 2/),
    });
  });

  // [A9]
  it('deletes a query with its data, packed or not, and nothing else', async () => {
    const made = await archive.definitions.create(QUERY, 'eva');
    await archive.definitions.create({ ...QUERY, name: 'other' }, 'eva');
    await write();
    await archive.samples.writeRange(recordedWrite({ name: 'other', expression: 'up', values: [5] }), live());
    await test.jobs(url).packClosed(live());
    await archive.samples.writeRange(
      recordedWrite({ name: 'cpu', expression: 'up', values: [4], fromMs: T0 + 45_000 }),
      live()
    );
    expect(await count('SELECT count(*) AS n FROM promkeep_packed')).toBe(2);
    await archive.definitions.remove(editOf(made), true);
    expect(await archive.definitions.carryOut('cpu', 'adam', live())).toBe(true);
    expect((await archive.definitions.list()).map(({ name }) => name)).toEqual(['other']);
    expect((await archive.ledger.entries()).map(({ name }) => name)).toEqual(['other']);
    expect(await count(`SELECT count(*) AS n FROM metrics_data`)).toBe(1);
    for (const table of ['fetches', 'series', 'coverage']) {
      expect([table, await count(`SELECT count(*) AS n FROM promkeep_${table}`)]).toEqual([table, 1]);
    }
  });

  it('does not let a late archiver make a deleted query again', async () => {
    const made = await archive.definitions.create(QUERY, 'eva');
    await write();
    await archive.definitions.remove(editOf(made), true);
    await archive.definitions.carryOut('cpu', 'adam', live());
    await expect(write()).rejects.toMatchObject({ code: 'ARCHIVE_QUERY_CHANGED' });
    expect(await count('SELECT count(*) AS n FROM metrics_data')).toBe(0);
    const again = await archive.definitions.create({ ...QUERY, expression: 'up == 1' }, 'adam');
    expect(again).toMatchObject({ createdBy: 'adam', paused: false, version: 2 });
    await expect(write()).rejects.toMatchObject({ code: 'ARCHIVE_QUERY_CHANGED' });
    await write('up == 1');
    expect(await count('SELECT count(*) AS n FROM metrics_data')).toBe(3);
  });

  it('keeps the data when asked to, and goes on with it under the same name', async () => {
    const made = await archive.definitions.create(QUERY, 'eva');
    await write();
    await archive.definitions.remove(editOf(made), false);
    expect(await archive.definitions.list()).toEqual([]);
    expect(await count(`SELECT count(*) AS n FROM metrics_data WHERE query = 'cpu'`)).toBe(3);
    await archive.definitions.create(QUERY, 'adam');
    expect(await archive.ledger.coverage('cpu')).toEqual([{ fromMs: T0, toMs: T0 + 30_000 }]);
  });

  it('finishes by the upkeep what a killed deletion left, and forgets the query in the end', async () => {
    const made = await archive.definitions.create(QUERY, 'eva');
    await write();
    const gone = AbortSignal.abort();
    await archive.definitions.remove(editOf(made), true);
    expect(await archive.definitions.carryOut('cpu', 'adam', gone)).toBe(false);
    expect(await archive.definitions.list()).toEqual([]);
    const jobs = test.jobs(url);
    expect(await jobs.removeDeleted(live())).toMatchObject({ queries: 1, samples: 3, packedRows: 0 });
    expect(await jobs.removeDeleted(live())).toMatchObject({ queries: 0, samples: 0, packedRows: 0 });
    expect(await count('SELECT count(*) AS n FROM promkeep_queries')).toBe(1);
    await (await test.client(url)).query(`UPDATE promkeep_queries SET deleted_at = now() - interval '2 hours'`);
    await jobs.removeDeleted(live());
    expect(await count('SELECT count(*) AS n FROM promkeep_queries')).toBe(0);
  });

  it('takes over a deleted name that a config file provisions', async () => {
    const made = await archive.definitions.create(QUERY, 'eva');
    await write();
    await archive.definitions.remove(editOf(made), true);
    await archive.definitions.carryOut('cpu', 'adam', AbortSignal.abort());
    await archive.definitions.provision([{ ...QUERY, retention: '1y' }]);
    expect(await archive.definitions.list()).toMatchObject([{ name: 'cpu', provisioned: true, retention: '1y' }]);
    expect(await count('SELECT count(*) AS n FROM metrics_data')).toBe(0);
  });
});
