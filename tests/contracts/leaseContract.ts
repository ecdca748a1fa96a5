import { type Archive } from '../../pkg/core/ports/archive';
import { type LeaseState } from '../../pkg/core/ports/lease';
import {
  type Begin,
  describeContract,
  live,
  type Open,
  QUERY,
  seriesOf,
  span,
  T0,
  withQuery,
  writing,
} from './underTest';

/** What every `Lease` promises, and those who write under its epoch [A11]. Time is not in it: see the tests of each. */
export function describeLeaseContract(name: string, begin: Begin): void {
  describeContract(`lease contract: ${name}`, begin, (open) => {
    describeHolding(open);
    describeFence(withQuery(open));
  });
}

function hold({ lease }: Archive, holder: string): Promise<LeaseState> {
  return lease.hold({ holder, durationMs: 60_000 });
}

function describeHolding(open: Open): void {
  it('is nobody’s at first', async () => {
    expect(await (await open()).lease.current()).toMatchObject({ holder: '', epoch: 0 });
  });

  it('is one candidate’s, and the others are told whose', async () => {
    const [first, second] = [await open(), await open()];
    expect(await hold(first, 'a')).toMatchObject({ holder: 'a', epoch: 1 });
    expect(await hold(second, 'b')).toMatchObject({ holder: 'a', epoch: 1 });
    const current = await second.lease.current();
    expect(current).toMatchObject({ holder: 'a', epoch: 1 });
    expect(current.expiresInMs).toBeGreaterThan(0);
  });

  it('keeps its epoch when its holder renews it', async () => {
    const archive = await open();
    await hold(archive, 'a');
    expect(await hold(archive, 'a')).toMatchObject({ holder: 'a', epoch: 1 });
  });

  it('lets others take a released lease at once, and ignores one who releases what is no longer his', async () => {
    const archive = await open();
    const first = await hold(archive, 'a');
    await archive.lease.release(first);
    expect(await archive.lease.current()).toMatchObject({ holder: '', epoch: 1 });
    expect(await hold(archive, 'b')).toMatchObject({ holder: 'b', epoch: 2 });
    await archive.lease.release(first);
    expect(await archive.lease.current()).toMatchObject({ holder: 'b', epoch: 2 });
  });

  it('says whether its holder has a config file', async () => {
    const archive = await open();
    const without = { holder: 'a', durationMs: 60_000, provisions: false };
    expect(await archive.lease.hold(without)).toMatchObject({ provisions: false });
    expect(await hold(archive, 'b')).toMatchObject({ holder: 'a', provisions: false });
    await archive.lease.release({ holder: 'a', epoch: 1 });
    expect(await hold(archive, 'b')).toMatchObject({ holder: 'b', provisions: true });
  });

  it('is another one for each source', async () => {
    await hold(await open(), 'a');
    expect(await hold(await open({ name: 'other' }), 'b')).toMatchObject({ holder: 'b', epoch: 1 });
  });
}

function describeFence(open: Open): void {
  it('refuses every kind of recorded write of an earlier epoch, and writes nothing of it', async () => {
    const archive = await open();
    const up = [seriesOf({ __name__: 'up' }, [1, 2, 3])];
    const first = await hold(archive, 'a');
    expect(await archive.samples.writeRange(writing(up, { epoch: 1 }), live())).toMatchObject({ inserted: 3 });
    await archive.lease.release(first);
    await hold(archive, 'b');
    const changed = writing([seriesOf({ __name__: 'up' }, [7, 8, 9])], { epoch: 1 });
    const gap = { ...span(4, 5), reason: 'source-down' } as const;
    for (const write of [
      () => archive.samples.writeRange(changed, live()),
      () => archive.ledger.noteGap(QUERY.name, gap, 1),
      () => archive.ledger.cover({ definition: QUERY, covered: [span(0, 5)], gaps: [], epoch: 1 }),
      () => archive.definitions.provision([], 1),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: 'ARCHIVE_NOT_LEADER' });
    }
    const range = { fromMs: 0, toMs: T0 * 2 };
    const [series] = await archive.samples.readSeries({ query: { kind: 'recorded', name: QUERY.name }, range }, live());
    expect([...series.values]).toEqual([1, 2, 3]);
    expect(await archive.ledger.entries()).toMatchObject([{ paused: false, covered: [], gaps: [] }]);
    expect(await archive.samples.writeRange(writing(up, { epoch: 2 }), live())).toMatchObject({ unchanged: 3 });
  });

  it('takes epoch 0 as long as nobody ever led', async () => {
    const archive = await open();
    const covered = [span(0, 1)];
    await archive.ledger.cover({ definition: QUERY, covered, gaps: [], epoch: 0 });
    expect(await archive.ledger.coverage(QUERY.name)).toEqual(covered);
  });
}
