import { type Archive } from '../../pkg/core/ports/archive';
import { type LeaseState } from '../../pkg/core/ports/lease';
import { live } from '../contracts/underTest';
import { SERVERS, TestServer } from './archiveServers';
import { CPU, gridSeries, writing } from './archiveWrites';

/** Leadership at the level of the database [A11]. */
jest.setTimeout(120_000);

const UP = [gridSeries({ __name__: 'up' }, [1, 2, 3])];

describe.each(SERVERS)('leases on $name', (server) => {
  const test = new TestServer(server);
  let url: string;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
  });
  afterEach(() => test.closeAll());

  const hold = (archive: Archive, holder: string, durationMs = 60_000): Promise<LeaseState> =>
    archive.lease.hold({ holder, durationMs });
  const expire = async (): Promise<void> => {
    const client = await test.client(url);
    await client.query(`UPDATE promkeep_leases SET expires_at = clock_timestamp() - interval '1 s'`);
  };

  it('gives one of many candidates the lease, and tells the others who has it', async () => {
    const archives = Array.from({ length: 6 }, () => test.archive(url));
    const leases = await Promise.all(archives.map((archive, i) => hold(archive, `candidate ${i}`)));
    expect(new Set(leases.map(({ holder }) => holder)).size).toBe(1);
    expect(new Set(leases.map(({ epoch }) => epoch))).toEqual(new Set([1]));
    expect(await archives[0].lease.current()).toMatchObject({ holder: leases[0].holder, epoch: 1 });
    expect((await archives[0].status()).lease).toMatchObject({ holder: leases[0].holder, epoch: 1 });
  });

  it('gives an expired lease to one of many with the next epoch', async () => {
    const archives = Array.from({ length: 6 }, () => test.archive(url));
    await hold(archives[0], 'gone');
    await expire();
    const leases = await Promise.all(archives.map((archive, i) => hold(archive, `candidate ${i}`)));
    expect(new Set(leases.map(({ holder }) => holder)).size).toBe(1);
    expect(new Set(leases.map(({ epoch }) => epoch))).toEqual(new Set([2]));
  });

  it('keeps the epoch of a holder that renews, also late', async () => {
    const archive = test.archive(url);
    await hold(archive, 'a');
    await expire();
    expect(await hold(archive, 'a')).toMatchObject({ holder: 'a', epoch: 1 });
    expect((await hold(archive, 'b')).holder).toBe('a');
  });

  it('refuses what the holder of an expired lease still writes, once another one leads', async () => {
    const archive = test.archive(url);
    await hold(archive, 'a');
    expect(await archive.samples.writeRange(writing(UP, { epoch: 1 }), live())).toMatchObject({ inserted: 3 });
    await expire();
    await hold(archive, 'b');
    const changed = writing([gridSeries({ __name__: 'up' }, [7, 8, 9])], { epoch: 1 });
    await expect(archive.samples.writeRange(changed, live())).rejects.toMatchObject({ code: 'ARCHIVE_NOT_LEADER' });
    const [series] = await archive.samples.readSeries({ query: CPU, range: { fromMs: 0, toMs: Date.now() } }, live());
    expect([...series.values]).toEqual([1, 2, 3]);
    expect(await archive.samples.writeRange(writing(UP, { epoch: 2 }), live())).toMatchObject({ unchanged: 3 });
  });

  it('lets a renewal pass while a write is under way, and makes a change of leader wait for it', async () => {
    const archive = test.archive(url);
    await hold(archive, 'a');
    const writer = await test.client(url);
    await writer.query('BEGIN');
    await writer.query('SELECT 1 FROM promkeep_leases WHERE epoch = 1 FOR KEY SHARE');
    expect(await hold(archive, 'a')).toMatchObject({ holder: 'a', epoch: 1 });
    await expire();
    let taken = false;
    const taking = hold(test.archive(url), 'b').then((lease) => {
      taken = true;
      return lease;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(taken).toBe(false);
    await writer.query('COMMIT');
    expect(await taking).toMatchObject({ holder: 'b', epoch: 2 });
  });
});
