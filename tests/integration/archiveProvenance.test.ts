import { type Client } from 'pg';
import { type ArchiveUpkeep } from '../../pkg/archive/upkeep/upkeep';
import { type Archive } from '../../pkg/core/ports/archive';
import { type RangeWrite, type WriteOutcome } from '../../pkg/core/ports/sampleStore';
import { type Series } from '../../pkg/core/model/series';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, STEP, writing } from './archiveWrites';

jest.setTimeout(120_000);

const DAY = 86_400_000;

describe.each(SERVERS)('provenance of live writes, on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let archive: Archive;
  let client: Client;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  /** One grid time of two series, as the archiver writes it. */
  const tick = (timeMs: number, overrides: Partial<RangeWrite['provenance']> = {}): Promise<WriteOutcome> => {
    const series: Series[] = ['a', 'b'].map((job, n) =>
      gridSeries({ __name__: 'up', job }, [n + timeMs / STEP], timeMs)
    );
    const write = writing(series, { range: { fromMs: timeMs, toMs: timeMs } });
    write.provenance = { ...write.provenance, fetchedAtMs: timeMs + 40_000, ...overrides };
    return archive.samples.writeRange(write, live());
  };
  const ticks = async (fromMs: number, count: number, overrides?: Partial<RangeWrite['provenance']>): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await tick(fromMs + i * STEP, overrides);
    }
  };
  const fetches = async (): Promise<Array<Record<string, unknown>>> =>
    (
      await client.query<Record<string, unknown>>(
        `SELECT (extract(epoch FROM lower(fetched_range)) * 1000)::float8 AS from_ms,
           (extract(epoch FROM upper(fetched_range)) * 1000)::float8 AS to_ms, prometheus_version AS version, warnings,
           inserted::int, revised::int FROM promkeep_fetches ORDER BY fetch_id`
      )
    ).rows;
  const rows = async (): Promise<unknown[]> =>
    (
      await client.query(
        `SELECT labels, timestamp, metric_value, created_at FROM metrics_data ORDER BY labels, timestamp`
      )
    ).rows;
  const pack = (nowMs?: number): ReturnType<ReturnType<TestServer['jobs']>['packClosed']> =>
    test.jobs(url, nowMs).packClosed(live());

  // [A1]
  it('becomes one row a day once the samples are packed, with all counts and the whole range', async () => {
    await ticks(T0, 20);
    await ticks(T0 + DAY, 20);
    await tick(T0 + DAY + 20 * STEP);
    const before = (
      await archive.samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + 2 * DAY } }, live())
    ).map(({ values }) => [...values]);
    expect(await fetches()).toHaveLength(41);
    expect(await pack()).toMatchObject({ samples: 82, condensedFetches: 39 });
    const common = { version: '2.53.0', warnings: [], revised: 0 };
    expect(await fetches()).toEqual([
      { ...common, from_ms: T0, to_ms: T0 + 19 * STEP, inserted: 40 },
      { ...common, from_ms: T0 + DAY, to_ms: T0 + DAY + 20 * STEP, inserted: 42 },
    ]);
    expect(
      (await archive.samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + 2 * DAY } }, live())).map(
        ({ values }) => [...values]
      )
    ).toEqual(before);
    const { rows: orphans } = await client.query('SELECT 1 FROM metrics_data WHERE created_at IS NULL');
    expect(orphans).toEqual([]);
    // What has been condensed is not looked at again, and writing on is not disturbed.
    expect(await pack()).toMatchObject({ samples: 0, condensedFetches: 0 });
    expect(await tick(T0 + DAY + 20 * STEP)).toMatchObject({ unchanged: 2, inserted: 0 });
    expect(await tick(T0 + DAY + 21 * STEP)).toMatchObject({ unchanged: 0, inserted: 2 });
  });

  it('does not change when a value is said to have been written', async () => {
    await ticks(T0, 10);
    await test.jobs(url).packClosed(live());
    const packed = await rows();
    await client.query('UPDATE promkeep_queries SET condensed_until = NULL');
    await pack();
    expect(await rows()).toEqual(packed);
  });

  it('keeps apart what differs: Prometheus version, warnings, day', async () => {
    await ticks(T0, 3);
    await ticks(T0 + 3 * STEP, 3, { prometheusVersion: '2.54.0' });
    await ticks(T0 + 6 * STEP, 3, { prometheusVersion: '2.54.0', warnings: ['slow'] });
    await ticks(T0 + 9 * STEP, 3, { fetchedAtMs: T0 + 3 * DAY });
    await pack();
    expect((await fetches()).map(({ version, warnings, inserted }) => [version, warnings, inserted])).toEqual([
      ['2.53.0', [], 6],
      ['2.54.0', [], 6],
      ['2.54.0', ['slow'], 6],
      ['2.53.0', [], 6],
    ]);
  });

  it('keeps writes that samples still name: late ones beside the packed row, and the end of a series', async () => {
    await ticks(T0, 5);
    const alone = writing([gridSeries({ __name__: 'up', job: 'a' }, [1, 1], T0 + 5 * STEP)], {
      range: { fromMs: T0 + 5 * STEP, toMs: T0 + 6 * STEP },
    });
    await archive.samples.writeRange(alone, live());
    // Packed series by series: b ended with the fifth write, which therefore stays.
    await test.jobs(url).packClosed(live(), { batchSamples: 5 });
    expect((await fetches()).map(({ inserted }) => inserted)).toEqual([2, 10]);
    await client.query('UPDATE promkeep_queries SET condensed_until = NULL');
    await tick(T0 + 3600 * 4_000);
    await archive.samples.writeRange(
      writing([gridSeries({ __name__: 'up', job: 'b' }, [9], T0 + 6 * STEP)], {
        range: { fromMs: T0 + 6 * STEP, toMs: T0 + 6 * STEP },
        gaps: [{ fromMs: T0 + 6 * STEP, toMs: T0 + 6 * STEP, reason: 'partial-answer' }],
      }),
      live()
    );
    const seen = await rows();
    // Nothing is closed at this time, so that the late sample stays where it is.
    await test.jobs(url, T0).packClosed(live());
    expect(await rows()).toEqual(seen);
  });

  it('counts what was kept today as before', async () => {
    const kept = { kind: 'kept', expression: 'up', stepMs: STEP, phaseMs: 0 } as const;
    for (let i = 0; i < 4; i++) {
      const fromMs = T0 - 3 * DAY + i * STEP;
      const write = writing([gridSeries({ __name__: 'up' }, [i], fromMs)], {
        query: kept,
        range: { fromMs, toMs: fromMs },
      });
      write.provenance = { ...write.provenance, fetchedAtMs: i === 0 ? T0 - 1 : T0 + i };
      await archive.samples.writeRange(write, live());
    }
    expect(await archive.samples.keptToday()).toBe(3);
    expect(await pack()).toMatchObject({ condensedFetches: 2 });
    expect(await archive.samples.keptToday()).toBe(3);
    await test.jobs(url, T0).expire(live());
    expect(await archive.samples.keptToday()).toBe(3);
  });

  /** As the upkeep does: what is not rolled up does not expire. */
  const expire = async (nowMs: number): ReturnType<ArchiveUpkeep['expire']> => {
    const jobs = test.jobs(url, nowMs);
    await jobs.rollUp(live());
    return jobs.expire(live());
  };

  it('expires after the data, never before', async () => {
    await archive.definitions.provision([{ name: 'cpu', expression: 'up', stepMs: STEP, retention: '7d' }]);
    const short = async (timeMs: number): Promise<void> => {
      const write = writing([gridSeries({ __name__: 'up' }, [1], timeMs)], {
        range: { fromMs: timeMs, toMs: timeMs },
        retention: '7d',
      });
      await archive.samples.writeRange({ ...write, provenance: { ...write.provenance, fetchedAtMs: timeMs } }, live());
    };
    await short(T0);
    await short(T0 + 20 * DAY);
    await pack(T0 + 40 * DAY);
    // One week of class, one of the partition, one more for partitions that could not be dropped at once.
    await expire(T0 + 20 * DAY);
    expect(await fetches()).toHaveLength(2);
    expect(await expire(T0 + 22 * DAY)).toMatchObject({ expiredFetches: 1 });
    expect((await fetches()).map(({ from_ms: at }) => at)).toEqual([T0 + 20 * DAY]);
    await expire(T0 + 400 * DAY);
    expect(await fetches()).toEqual([]);
    // With nothing on record, what is stored is read before it is written.
    await short(T0 + 20 * DAY);
    expect(await fetches()).toHaveLength(1);
  });

  it('stays while samples of that time are there, whatever kept them', async () => {
    await archive.definitions.provision([{ name: 'cpu', expression: 'up', stepMs: STEP, retention: '7d' }]);
    const write = writing([gridSeries({ __name__: 'up' }, [1])], { retention: '7d' });
    await archive.samples.writeRange(write, live());
    await pack();
    const reader = await test.client(url);
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM promkeep_packed');
    expect(await expire(T0 + 100 * DAY)).toMatchObject({ expiredFetches: 0 });
    await reader.query('COMMIT');
    expect(await expire(T0 + 100 * DAY)).toMatchObject({ expiredFetches: 1 });
  });
});
