import { type QueryIdentity } from '../../pkg/core/ports/sampleStore';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(120_000);

// [A1]
describe.each(SERVERS)('kept results on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  it('answer nothing, though a recorded query has their expression, grid and series', async () => {
    const archive = test.archive(await test.freshDatabase());
    const kept: QueryIdentity = { kind: 'kept', expression: 'up', stepMs: STEP, phaseMs: T0 % STEP };
    const range = { fromMs: T0, toMs: T0 + 2 * STEP };
    const grid = { startMs: range.fromMs, endMs: range.toMs, stepMs: STEP };
    const query = { name: 'cpu', expression: 'up', stepMs: STEP };
    await archive.definitions.provision([{ ...query, retention: '1y' }]);
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'up' }, [1, 2, 3])], { query: kept }), live());

    const nothing = await archive.history.readGrid({ query, grid, matchers: [] }, live());
    expect(nothing).toMatchObject({ covered: [], series: [] });
    expect(await archive.history.seriesLabels({ name: 'cpu', range, limit: 10 }, live())).toEqual([]);
    expect(await archive.ledger.coverage('cpu')).toEqual([]);

    const recorded = writing([gridSeries({ __name__: 'up' }, [9])], { query: CPU });
    await archive.samples.writeRange({ ...recorded, covered: [{ fromMs: T0, toMs: T0 }] }, live());
    const one = await archive.history.readGrid({ query, grid, matchers: [] }, live());
    expect(one?.series.map(({ values }) => [...values])).toEqual([[9]]);
    expect((await archive.samples.readSeries({ query: kept, range }, live())).map(({ values }) => [...values])).toEqual(
      [[1, 2, 3]]
    );
    await test.closeAll();
  });
});
