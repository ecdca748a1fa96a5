import { type Archive } from '../../pkg/core/ports/archive';
import { type Gap, type GapReason } from '../../pkg/core/ports/ledger';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import {
  type Begin,
  describeContract,
  live,
  type Open,
  QUERY,
  seriesOf,
  span,
  STEP,
  T0,
  withQuery,
  writing,
} from './underTest';

type Cover = (archive: Archive, covered: TimeRange[]) => Promise<unknown>;

/** What every `Ledger` promises, of samples of its own store and of those of another. */
export function describeLedgerContract(name: string, begin: Begin): void {
  describeContract(`ledger contract: ${name}`, begin, (open) => {
    describeCovering('a write', withQuery(open), (archive, covered) =>
      archive.samples.writeRange(writing([], { range: covered[0], covered }), live())
    );
    describeCovering('what another store tells', withQuery(open), (archive, covered) =>
      archive.ledger.cover({ definition: QUERY, covered, gaps: [] })
    );
    describeTelling(withQuery(open));
    describeEntries(withQuery(open));
  });
}

function describeCovering(by: string, open: Open, cover: Cover): void {
  // [A5]
  it(`covers nothing at first, then the union of what was covered: by ${by}`, async () => {
    const archive = await open();
    expect(await archive.ledger.coverage(QUERY.name)).toEqual([]);
    await cover(archive, [span(0, 2)]);
    await cover(archive, [span(1, 4)]);
    expect(await archive.ledger.coverage(QUERY.name)).toEqual([span(0, 4)]);
  });

  // [A5]
  it(`never reports a covered range as a gap: by ${by}`, async () => {
    const archive = await open();
    await cover(archive, [span(0, 2)]);
    await archive.ledger.noteGap(QUERY.name, { ...span(0, 2), reason: 'source-down' });
    expect(await gapsOf(archive)).toEqual([]);
    await archive.ledger.noteGap(QUERY.name, { ...span(1, 4), reason: 'source-down' });
    expect(await gapsOf(archive)).toEqual([{ ...span(3, 4), reason: 'source-down' }]);
  });

  // [A5]
  it(`says why a range is missing, until it is covered: by ${by}`, async () => {
    const archive = await open();
    const gap: Gap = { ...span(0, 2), reason: 'source-down', detail: 'connection refused' };
    await archive.ledger.noteGap(QUERY.name, gap);
    expect(await gapsOf(archive)).toEqual([gap]);
    await cover(archive, [span(0, 0)]);
    expect(await gapsOf(archive)).toEqual([{ ...gap, ...span(1, 2) }]);
    await cover(archive, [span(1, 2)]);
    expect(await gapsOf(archive)).toEqual([]);
  });
}

function describeTelling(open: Open): void {
  it('notes what another store tells at once, and nothing when there is nothing', async () => {
    const archive = await open();
    const gap: Gap = { ...span(3, 4), reason: 'partial-answer', detail: 'a store did not answer' };
    await archive.ledger.cover({ definition: QUERY, covered: [span(0, 2), span(5, 6)], gaps: [gap] });
    const before = await archive.ledger.entries();
    expect(before).toMatchObject([{ covered: [span(0, 2), span(5, 6)], gaps: [gap] }]);
    await archive.ledger.cover({ definition: QUERY, covered: [], gaps: [] });
    expect(await archive.ledger.entries()).toEqual(before);
  });

  // [A13]
  it('begins a version with another expression, and takes nothing more of the one before', async () => {
    const archive = await open();
    const changed = { ...QUERY, expression: 'up == 1' };
    await archive.ledger.cover({ definition: QUERY, covered: [span(0, 2)], gaps: [] });
    await archive.ledger.cover({ definition: changed, covered: [span(2, 3)], gaps: [] });
    expect(await archive.ledger.coverage(QUERY.name)).toEqual([span(2, 3)]);
    await expect(archive.ledger.cover({ definition: QUERY, covered: [span(4, 5)], gaps: [] })).rejects.toMatchObject({
      code: 'ARCHIVE_QUERY_CHANGED',
    });
    expect(await archive.ledger.entries()).toMatchObject([{ expression: 'up == 1', covered: [span(2, 3)] }]);
  });

  it('takes nothing of a query that was deleted, and knows no gap of one that is not there', async () => {
    const archive = await open();
    const gone = { ...QUERY, name: 'gone' };
    const { revision } = await archive.definitions.create(gone, 'eva');
    await archive.definitions.remove({ name: 'gone', revision, by: 'eva' }, false);
    await expect(archive.ledger.cover({ definition: gone, covered: [span(0, 1)], gaps: [] })).rejects.toMatchObject({
      code: 'ARCHIVE_QUERY_CHANGED',
    });
    for (const name of ['gone', 'none']) {
      const noting = archive.ledger.noteGap(name, { ...span(0, 1), reason: 'source-down' });
      await expect(noting).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('lets the newest reason win, and joins what touches', async () => {
    const archive = await open();
    const note = (from: number, to: number, reason: GapReason): Promise<void> =>
      archive.ledger.noteGap(QUERY.name, { ...span(from, to), reason });
    await note(0, 4, 'source-down');
    await note(5, 6, 'source-down');
    await note(2, 3, 'query-failed');
    expect(await gapsOf(archive)).toEqual([
      { ...span(0, 1), reason: 'source-down' },
      { ...span(2, 3), reason: 'query-failed' },
      { ...span(4, 6), reason: 'source-down' },
    ]);
  });
}

function describeEntries(open: Open): void {
  it('lists all definitions by name, also those of which nothing is known', async () => {
    const archive = await open();
    const made = await archive.definitions.create({ ...QUERY, name: 'a', retention: '7d' }, 'eva');
    await archive.definitions.change({ name: 'a', revision: made.revision, by: 'eva' }, { paused: true });
    await archive.ledger.cover({ definition: QUERY, covered: [span(0, 0)], gaps: [] });
    const { expression, stepMs, retention } = QUERY;
    expect(await archive.ledger.entries()).toEqual([
      { name: 'a', expression, stepMs, retention: '7d', paused: true, covered: [], gaps: [] },
      { name: QUERY.name, expression, stepMs, retention, paused: false, covered: [span(0, 0)], gaps: [] },
    ]);
  });

  // [A2]
  it('knows nothing of what another source records', async () => {
    const [mine, theirs] = [await open(), await open({ name: 'second' })];
    await mine.ledger.cover({ definition: QUERY, covered: [span(0, 0)], gaps: [] });
    expect(await theirs.ledger.coverage(QUERY.name)).toEqual([]);
  });

  it('is the status of the archive, with what is stored', async () => {
    const archive = await open();
    const gap: Gap = { ...span(2, 2), reason: 'source-down' };
    await archive.samples.writeRange(writing([seriesOf({ __name__: 'up' }, [1, 2])], { gaps: [gap] }), live());
    const status = await archive.status();
    expect(status).toMatchObject({ samples: 2, series: 1 });
    expect(status.serverVersion).toMatch(/^\d/);
    expect(status.queries).toEqual([
      expect.objectContaining({
        ...{ name: QUERY.name, kind: 'recorded', stepMs: STEP, newestMs: T0 + STEP, gaps: [gap] },
      }),
    ]);
  });
}

async function gapsOf(archive: Archive): Promise<Gap[]> {
  return (await archive.ledger.entries()).flatMap(({ gaps }) => gaps);
}
