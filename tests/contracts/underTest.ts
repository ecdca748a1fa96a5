import { type Archive, type SourceIdentity } from '../../pkg/core/ports/archive';
import { type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type Labels, type Series } from '../../pkg/core/model/series';

/** One empty database (or what stands for it). */
export interface ArchiveUnderTest {
  /** An archive for one source in this database; the suite closes it. */
  open(source: SourceIdentity): Promise<Archive>;
  dispose(): Promise<void>;
}

/** Gives a fresh, empty database for each test. */
export type Begin = () => Promise<ArchiveUnderTest>;
export type Open = (source?: Partial<SourceIdentity>) => Promise<Archive>;

/** 2026-01-01T00:00:00Z, on every grid and a border of all buckets used here. */
export const T0 = 1_767_225_600_000;
export const STEP = 15_000;
/** The recorded query of the suites. */
export const QUERY = { name: 'cpu', expression: 'up', stepMs: STEP, retention: '1y' };

/** A database for each test of a suite, and archives that are ready for use in it. */
export function describeContract(name: string, begin: Begin, describeCases: (open: Open) => void): void {
  describe(name, () => {
    let database: ArchiveUnderTest;
    let opened: Archive[];

    beforeEach(async () => {
      database = await begin();
      opened = [];
    });

    afterEach(async () => {
      await Promise.all(opened.map((archive) => archive.close()));
      await database.dispose();
    });

    describeCases(async (source) => {
      const archive = await database.open({ orgId: 1, name: 'default', ...source });
      opened.push(archive);
      await archive.migrate();
      return archive;
    });
  });
}

/** With the suites' query, as a config file defines it. */
export function withQuery(open: Open): Open {
  return async (source) => {
    const archive = await open(source);
    await archive.definitions.provision([QUERY]);
    return archive;
  };
}

export function writing(series: Series[], change: Partial<RangeWrite> = {}): RangeWrite {
  const { name, expression, stepMs, retention } = QUERY;
  return {
    query: { kind: 'recorded', name },
    range: { fromMs: T0, toMs: T0 + 3_600_000 },
    series,
    queryName: name,
    retention,
    provenance: { expression, stepMs, fetchedAtMs: T0 + 3_600_000, prometheusVersion: '2.53.0', warnings: [] },
    covered: [],
    gaps: [],
    ...change,
  };
}

/** A series on the grid from `T0` on; `undefined` is a hole. */
export function seriesOf(labels: Labels | undefined, values: ReadonlyArray<number | undefined>): Series {
  const there = values.flatMap((value, i) => (value === undefined ? [] : [[T0 + i * STEP, value] as const]));
  return {
    labels,
    timesMs: Float64Array.from(there, ([timeMs]) => timeMs),
    values: Float64Array.from(there, ([, value]) => value),
  };
}

/** From one grid time to another, counted from `T0`. */
export function span(from: number, to: number): TimeRange {
  return { fromMs: T0 + from * STEP, toMs: T0 + to * STEP };
}

export function live(): AbortSignal {
  return new AbortController().signal;
}
