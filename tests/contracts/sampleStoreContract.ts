import { PromkeepError } from '../../pkg/core/model/errors';
import { type Archive, type SourceIdentity } from '../../pkg/core/ports/archive';
import { type QueryIdentity, type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { type Series } from '../../pkg/core/model/series';
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

const HOUR = 3_600_000;
const RECORDED: QueryIdentity = { kind: 'recorded', name: QUERY.name };
const KEPT = { kind: 'kept', expression: 'up', stepMs: STEP, phaseMs: 0 } as const satisfies QueryIdentity;

/** What every `SampleStore` promises, whatever ledger it tells. */
export function describeSampleStoreContract(name: string, begin: Begin): void {
  describeContract(`sample store contract: ${name}`, begin, (open) => {
    describeRoundTrip(withQuery(open));
    describeReplacing(withQuery(open));
    describeSeparation(withQuery(open));
    describeKept(withQuery(open));
    describeTelling(withQuery(open));
    describeRefusals(withQuery(open));
  });
}

function describeRoundTrip(open: Open): void {
  // [A14]
  it('gives back what was written, with NaN, infinities and -0 exact', async () => {
    const archive = await open();
    const values = [1.5, NaN, Infinity, -Infinity, -0, 1e-300];
    const labels = { __name__: 'up', job: 'a "quoted" \\ back\nslash ✓', instance: 'h:1' };
    const outcome = await archive.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, values)]), live());
    expect(outcome).toEqual({ inserted: 6, unchanged: 0, revised: 0, withdrawn: 0, refused: [] });
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, values)]);
  });

  // [A14]
  it('keeps a metric without labels and one that differs only by name apart', async () => {
    const archive = await open();
    const written = [seriesOf({ __name__: 'a' }, [1]), seriesOf({ __name__: 'b' }, [2])];
    await archive.samples.writeRange(writingOf(RECORDED, written), live());
    expect(sorted(await read(archive, RECORDED))).toEqual(written);
  });

  it('stores a result without a metric name', async () => {
    const archive = await open();
    const outcome = await archive.samples.writeRange(
      writingOf(RECORDED, [seriesOf({ instance: 'h:1' }, [1, 2]), seriesOf(undefined, [3, 4])]),
      live()
    );
    expect(outcome.inserted).toBe(4);
    const found = await read(archive, RECORDED);
    expect(found.map(({ values }) => [...values])).toEqual(
      expect.arrayContaining([
        [1, 2],
        [3, 4],
      ])
    );
    expect(found.map(({ labels }) => labels?.instance)).toEqual(expect.arrayContaining(['h:1', undefined]));
  });

  it('reads only the range that was asked for, both ends inclusive', async () => {
    const archive = await open();
    await archive.samples.writeRange(writingOf(RECORDED, [seriesOf({ __name__: 'up' }, [1, 2, 3, 4])]), live());
    const found = await archive.samples.readSeries(
      { query: RECORDED, range: { fromMs: T0 + STEP, toMs: T0 + 2 * STEP } },
      live()
    );
    expect(found.map(({ values }) => [...values])).toEqual([[2, 3]]);
  });
}

function describeReplacing(open: Open): void {
  const labels = { __name__: 'up', job: 'x' };

  // [A3]
  it('changes nothing when the same range comes again', async () => {
    const archive = await open();
    const write = writingOf(RECORDED, [seriesOf(labels, [1, NaN, -0])]);
    await archive.samples.writeRange(write, live());
    expect(await archive.samples.writeRange(write, live())).toMatchObject({
      inserted: 0,
      unchanged: 3,
      revised: 0,
      withdrawn: 0,
    });
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, [1, NaN, -0])]);
  });

  // [A3]
  it('lets a revised value win and counts it', async () => {
    const archive = await open();
    await archive.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [1, 2, 3])]), live());
    const outcome = await archive.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [1, 20, 3])]), live());
    expect(outcome).toMatchObject({ inserted: 0, unchanged: 2, revised: 1, withdrawn: 0 });
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, [1, 20, 3])]);
  });

  // [A3]
  it('removes what the new answer no longer has, also a whole series, and counts it', async () => {
    const archive = await open();
    const gone = { __name__: 'up', job: 'gone' };
    await archive.samples.writeRange(
      writingOf(RECORDED, [seriesOf(labels, [1, 2, 3]), seriesOf(gone, [9, 9])]),
      live()
    );
    const outcome = await archive.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [1, 2])]), live());
    expect(outcome).toMatchObject({ inserted: 0, unchanged: 2, revised: 0, withdrawn: 3 });
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, [1, 2])]);
  });

  it('leaves samples outside the written range alone', async () => {
    const archive = await open();
    await archive.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [1, 2, 3])]), live());
    const later = { fromMs: T0 + STEP, toMs: T0 + STEP };
    const outcome = await archive.samples.writeRange({ ...writingOf(RECORDED, []), range: later }, live());
    expect(outcome.withdrawn).toBe(1);
    expect((await read(archive, RECORDED)).map(({ values }) => [...values])).toEqual([[1, 3]]);
  });

  // [A3]
  it('only adds where the write says that the answer is incomplete', async () => {
    const archive = await open();
    const gone = { __name__: 'up', job: 'gone' };
    await archive.samples.writeRange(writing([seriesOf(labels, [1, 2, 3]), seriesOf(gone, [9, 9, 9])]), live());
    const gaps = [{ ...span(1, 2), reason: 'partial-answer' }] as const;
    const outcome = await archive.samples.writeRange(writing([seriesOf(labels, [1])], { gaps }), live());
    expect(outcome).toMatchObject({ inserted: 0, withdrawn: 1 });
    expect((await read(archive, RECORDED)).map(({ values }) => [...values])).toEqual([
      [1, 2, 3],
      [9, 9],
    ]);
  });
}

function describeSeparation(open: Open): void {
  const labels = { __name__: 'up' };

  // [A2]
  it.each<[string, SourceIdentity]>([
    ['another source of the organisation', { orgId: 1, name: 'second' }],
    ['a source of the same name in another organisation', { orgId: 2, name: 'default' }],
  ])('hides samples from %s', async (_, other) => {
    const [mine, theirs] = [await open(), await open(other)];
    await mine.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [1])]), live());
    expect(await read(theirs, RECORDED)).toEqual([]);
    await theirs.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [2])]), live());
    expect(await read(mine, RECORDED)).toEqual([seriesOf(labels, [1])]);
  });

  // [A1]
  it('tells kept results apart by expression, step and phase', async () => {
    const archive = await open();
    const others: QueryIdentity[] = [
      { ...KEPT, expression: 'up offset 1m' },
      { ...KEPT, stepMs: 2 * STEP },
      { ...KEPT, phaseMs: 1 },
    ];
    await archive.samples.writeRange(writingOf(KEPT, [seriesOf(labels, [1, 2])]), live());
    for (const other of others) {
      expect(await read(archive, other)).toEqual([]);
    }
    expect(await read(archive, KEPT)).toEqual([seriesOf(labels, [1, 2])]);
  });

  // [A2]
  it('shows two archives of the same source the same samples', async () => {
    const [first, second] = [await open(), await open()];
    await first.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [1, 2])]), live());
    expect(await read(second, RECORDED)).toEqual([seriesOf(labels, [1, 2])]);
  });
}

function describeKept(open: Open): void {
  const labels = { __name__: 'up' };

  it('counts kept samples of today, not recorded ones', async () => {
    const archive = await open();
    expect(await archive.samples.keptToday()).toBe(0);
    await archive.samples.writeRange(writingOf(RECORDED, [seriesOf(labels, [1, 2])]), live());
    expect(await archive.samples.keptToday()).toBe(0);
    await archive.samples.writeRange(writingOf(KEPT, [seriesOf(labels, [1, 2, 3])]), live());
    expect(await archive.samples.keptToday()).toBe(3);
  });

  it('does not ask for an epoch from kept results', async () => {
    const archive = await open();
    await archive.lease.hold({ holder: 'a', durationMs: 60_000 });
    const outcome = await archive.samples.writeRange(writingOf(KEPT, [seriesOf(labels, [1, 2, 3])]), live());
    expect(outcome.inserted).toBe(3);
  });
}

function describeTelling(open: Open): void {
  const labels = { __name__: 'up' };

  // [A4] [A5]
  it('tells the ledger what it has written, and of what was refused nothing', async () => {
    const archive = await open();
    const { epoch } = await archive.lease.hold({ holder: 'a', durationMs: 60_000 });
    const gap = { ...span(2, 3), reason: 'source-had-no-data' } as const;
    const first = writing([seriesOf(labels, [1, 2])], { covered: [span(0, 1)], gaps: [gap], epoch });
    await archive.samples.writeRange(first, live());
    const [entry] = await archive.ledger.entries();
    expect(entry).toMatchObject({ covered: [span(0, 1)], gaps: [gap] });
    const stale = writing([seriesOf(labels, [7, 8, 9, 9])], { covered: [span(0, 3)], epoch: epoch - 1 });
    await expect(archive.samples.writeRange(stale, live())).rejects.toMatchObject({ code: 'ARCHIVE_NOT_LEADER' });
    expect(await archive.ledger.entries()).toEqual([entry]);
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, [1, 2])]);
  });

  // [A13]
  it('refuses answers of a definition that is outdated', async () => {
    const archive = await open();
    await archive.samples.writeRange(writing([seriesOf(labels, [1])], { covered: [span(0, 0)] }), live());
    await archive.definitions.provision([{ ...QUERY, expression: 'up == 1' }]);
    const late = writing([seriesOf(labels, [7])], { covered: [span(0, 0)] });
    await expect(archive.samples.writeRange(late, live())).rejects.toMatchObject({ code: 'ARCHIVE_QUERY_CHANGED' });
    expect(await archive.ledger.coverage(QUERY.name)).toEqual([]);
  });
}

function describeRefusals(open: Open): void {
  // [A14]
  it('refuses only the series it cannot store, and says why', async () => {
    const archive = await open();
    const bad = { __name__: 'up', job: 'nul\u0000' };
    const good = { __name__: 'up', job: 'fine' };
    const outcome = await archive.samples.writeRange(
      writingOf(RECORDED, [seriesOf(bad, [1, 2]), seriesOf(good, [3, 4])]),
      live()
    );
    expect(outcome.inserted).toBe(2);
    expect(outcome.refused).toEqual([{ labels: bad, reason: expect.stringMatching(/NUL/i) }]);
    expect(await read(archive, RECORDED)).toEqual([seriesOf(good, [3, 4])]);
  });

  it('writes nothing for a caller that has gone', async () => {
    const archive = await open();
    const gone = AbortSignal.abort();
    const error: unknown = await archive.samples
      .writeRange(writingOf(RECORDED, [seriesOf({ __name__: 'up' }, [1])]), gone)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PromkeepError);
    expect(await read(archive, RECORDED)).toEqual([]);
  });
}

function writingOf(query: QueryIdentity, series: Series[]): RangeWrite {
  return writing(series, { query, queryName: query.kind === 'recorded' ? query.name : query.expression });
}

function read(archive: Archive, query: QueryIdentity): Promise<Series[]> {
  return archive.samples.readSeries({ query, range: { fromMs: T0 - HOUR, toMs: T0 + 2 * HOUR } }, live());
}

function sorted(series: Series[]): Series[] {
  return [...series].sort((a, b) => ((a.labels?.__name__ ?? '') < (b.labels?.__name__ ?? '') ? -1 : 1));
}
