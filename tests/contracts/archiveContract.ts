import { PromkeepError } from '../../pkg/core/model/errors';
import { type Archive, type SourceIdentity } from '../../pkg/core/ports/archive';
import { type QueryIdentity, type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { type Labels, type Series } from '../../pkg/core/model/series';

/** One empty database (or what stands for it). */
export interface ArchiveUnderTest {
  /** An archive for one source in this database; the suite closes it. */
  open(source: SourceIdentity): Promise<Archive>;
  dispose(): Promise<void>;
}

const HOUR = 3_600_000;
/** 2026-01-01T00:00:00Z, on every grid used here. */
const T0 = 1_767_225_600_000;
const STEP = 15_000;
const RECORDED: QueryIdentity = { kind: 'recorded', name: 'cpu_usage' };
const KEPT = { kind: 'kept', expression: 'up', stepMs: STEP, phaseMs: 0 } as const satisfies QueryIdentity;
const SOURCE: SourceIdentity = { orgId: 1, name: 'default' };

/**
 * What every `Archive` promises. Run on the fake of the unit tests and on PostgreSQL.
 *
 * @param begin gives a fresh, empty database for each test
 */
export function describeArchiveContract(name: string, begin: () => Promise<ArchiveUnderTest>): void {
  describe(`archive contract: ${name}`, () => {
    let database: ArchiveUnderTest;
    let opened: Archive[];

    const open = async (source: SourceIdentity = SOURCE): Promise<Archive> => {
      const archive = await database.open(source);
      opened.push(archive);
      await archive.migrate();
      await archive.definitions.provision([{ name: 'cpu_usage', expression: 'up', stepMs: STEP, retention: '1y' }]);
      return archive;
    };

    beforeEach(async () => {
      database = await begin();
      opened = [];
    });

    afterEach(async () => {
      await Promise.all(opened.map((archive) => archive.close()));
      await database.dispose();
    });

    describeRoundTrip(open);
    describeReplacing(open);
    describeSeparation(open);
    describeLedger(open);
    describeRefusals(open);
  });
}

type Open = (source?: SourceIdentity) => Promise<Archive>;

function describeRoundTrip(open: Open): void {
  // [A14]
  it('gives back what was written, with NaN, infinities and -0 exact', async () => {
    const archive = await open();
    const values = [1.5, NaN, Infinity, -Infinity, -0, 1e-300];
    const labels = { __name__: 'up', job: 'a "quoted" \\ back\nslash ✓', instance: 'h:1' };
    const outcome = await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, values)]), live());
    expect(outcome).toEqual({ inserted: 6, unchanged: 0, revised: 0, withdrawn: 0, refused: [] });
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, values)]);
  });

  // [A14]
  it('keeps a metric without labels and one that differs only by name apart', async () => {
    const archive = await open();
    const written = [seriesOf({ __name__: 'a' }, [1]), seriesOf({ __name__: 'b' }, [2])];
    await archive.samples.writeRange(writing(RECORDED, written), live());
    expect(sorted(await read(archive, RECORDED))).toEqual(written);
  });

  it('stores a result without a metric name', async () => {
    const archive = await open();
    const outcome = await archive.samples.writeRange(
      writing(RECORDED, [seriesOf({ instance: 'h:1' }, [1, 2]), seriesOf(undefined, [3, 4])]),
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
    await archive.samples.writeRange(writing(RECORDED, [seriesOf({ __name__: 'up' }, [1, 2, 3, 4])]), live());
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
    const write = writing(RECORDED, [seriesOf(labels, [1, NaN, -0])]);
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
    await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 2, 3])]), live());
    const outcome = await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 20, 3])]), live());
    expect(outcome).toMatchObject({ inserted: 0, unchanged: 2, revised: 1, withdrawn: 0 });
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, [1, 20, 3])]);
  });

  // [A3]
  it('removes what the new answer no longer has, also a whole series, and counts it', async () => {
    const archive = await open();
    const gone = { __name__: 'up', job: 'gone' };
    await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 2, 3]), seriesOf(gone, [9, 9])]), live());
    const outcome = await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 2])]), live());
    expect(outcome).toMatchObject({ inserted: 0, unchanged: 2, revised: 0, withdrawn: 3 });
    expect(await read(archive, RECORDED)).toEqual([seriesOf(labels, [1, 2])]);
  });

  it('leaves samples outside the written range alone', async () => {
    const archive = await open();
    await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 2, 3])]), live());
    const later = { fromMs: T0 + STEP, toMs: T0 + STEP };
    const outcome = await archive.samples.writeRange({ ...writing(RECORDED, []), range: later }, live());
    expect(outcome.withdrawn).toBe(1);
    expect((await read(archive, RECORDED)).map(({ values }) => [...values])).toEqual([[1, 3]]);
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
    await mine.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1])]), live());
    expect(await read(theirs, RECORDED)).toEqual([]);
    await theirs.samples.writeRange(writing(RECORDED, [seriesOf(labels, [2])]), live());
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
    await archive.samples.writeRange(writing(KEPT, [seriesOf(labels, [1, 2])]), live());
    for (const other of others) {
      expect(await read(archive, other)).toEqual([]);
    }
    expect(await read(archive, KEPT)).toEqual([seriesOf(labels, [1, 2])]);
  });

  // [A2]
  it('shows two archives of the same source the same samples', async () => {
    const [first, second] = [await open(), await open()];
    await first.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 2])]), live());
    expect(await read(second, RECORDED)).toEqual([seriesOf(labels, [1, 2])]);
  });
}

function describeLedger(open: Open): void {
  const labels = { __name__: 'up' };

  // [A5]
  it('covers nothing at first, then the union of what was covered', async () => {
    const archive = await open();
    expect(await archive.ledger.coverage('cpu_usage')).toEqual([]);
    const first = { fromMs: T0, toMs: T0 + 2 * STEP };
    const second = { fromMs: T0 + STEP, toMs: T0 + 4 * STEP };
    await archive.samples.writeRange({ ...writing(RECORDED, []), range: first, covered: [first] }, live());
    await archive.samples.writeRange({ ...writing(RECORDED, []), range: second, covered: [second] }, live());
    expect(await archive.ledger.coverage('cpu_usage')).toEqual([{ fromMs: T0, toMs: T0 + 4 * STEP }]);
  });

  // [A5]
  it('never reports a covered range as a gap', async () => {
    const archive = await open();
    const range = { fromMs: T0, toMs: T0 + 2 * STEP };
    await archive.samples.writeRange({ ...writing(RECORDED, []), range, covered: [range] }, live());
    await archive.ledger.noteGap('cpu_usage', { ...range, reason: 'source-down' });
    expect(await gapsOf(archive)).toEqual([]);
  });

  // [A5]
  it('says why a range is missing, until it is covered', async () => {
    const archive = await open();
    const range = { fromMs: T0, toMs: T0 + 2 * STEP };
    await archive.ledger.noteGap('cpu_usage', { ...range, reason: 'source-down', detail: 'connection refused' });
    expect(await gapsOf(archive)).toEqual(['source-down']);
    await archive.samples.writeRange({ ...writing(RECORDED, []), range, covered: [range] }, live());
    expect(await gapsOf(archive)).toEqual([]);
  });

  it('counts kept samples of today, not recorded ones', async () => {
    const archive = await open();
    expect(await archive.samples.keptToday()).toBe(0);
    await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 2])]), live());
    expect(await archive.samples.keptToday()).toBe(0);
    await archive.samples.writeRange(writing(KEPT, [seriesOf(labels, [1, 2, 3])]), live());
    expect(await archive.samples.keptToday()).toBe(3);
  });

  it('describes itself', async () => {
    const archive = await open();
    await archive.samples.writeRange(writing(RECORDED, [seriesOf(labels, [1, 2])]), live());
    const status = await archive.status();
    expect(status).toMatchObject({ samples: 2, series: 1 });
    expect(status.serverVersion).toMatch(/^\d/);
    expect(status.queries).toEqual([
      expect.objectContaining({ name: 'cpu_usage', kind: 'recorded', stepMs: STEP, newestMs: T0 + STEP }),
    ]);
  });
}

function describeRefusals(open: Open): void {
  // [A14]
  it('refuses only the series it cannot store, and says why', async () => {
    const archive = await open();
    const bad = { __name__: 'up', job: 'nul\u0000' };
    const good = { __name__: 'up', job: 'fine' };
    const outcome = await archive.samples.writeRange(
      writing(RECORDED, [seriesOf(bad, [1, 2]), seriesOf(good, [3, 4])]),
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
      .writeRange(writing(RECORDED, [seriesOf({ __name__: 'up' }, [1])]), gone)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PromkeepError);
    expect(await read(archive, RECORDED)).toEqual([]);
  });
}

function writing(query: QueryIdentity, series: Series[]): RangeWrite {
  return {
    query,
    range: { fromMs: T0, toMs: T0 + HOUR },
    series,
    queryName: query.kind === 'recorded' ? query.name : query.expression,
    retention: '1y',
    provenance: { expression: 'up', stepMs: STEP, fetchedAtMs: T0 + HOUR, prometheusVersion: '2.53.0', warnings: [] },
    covered: [],
    gaps: [],
  };
}

/** A series on the grid from `T0` on. */
function seriesOf(labels: Labels | undefined, values: number[]): Series {
  return {
    labels,
    timesMs: Float64Array.from(values, (_, i) => T0 + i * STEP),
    values: Float64Array.from(values),
  };
}

function read(archive: Archive, query: QueryIdentity): Promise<Series[]> {
  return archive.samples.readSeries({ query, range: { fromMs: T0 - HOUR, toMs: T0 + 2 * HOUR } }, live());
}

async function gapsOf(archive: Archive): Promise<string[]> {
  const { queries } = await archive.status();
  return queries.filter(({ kind }) => kind === 'recorded').flatMap(({ gaps }) => gaps.map(({ reason }) => reason));
}

function sorted(series: Series[]): Series[] {
  return [...series].sort((a, b) => ((a.labels?.__name__ ?? '') < (b.labels?.__name__ ?? '') ? -1 : 1));
}

function live(): AbortSignal {
  return new AbortController().signal;
}
