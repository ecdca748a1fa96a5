import { ampleMemory } from '../../tests/fakes/ampleMemory';
import { type ArchiveStatus } from '../core/ports/archive';
import { createProcessMetrics } from './programMetrics';
import { type ArchiveWatch, type RecorderIdentity } from './recorderState';

const STATUS: ArchiveStatus = {
  schemaVersion: 5,
  serverVersion: '18',
  samples: 2_000,
  series: 4,
  bytes: 3_000,
  queries: [],
  pending: [{ what: 'retention', query: 'cpu', wanted: '1d', by: 'grafana:eva', askedAtMs: 0, atMs: 1 }],
  failures: [
    { query: 'cpu', task: 'pack', code: 'INTERNAL', message: 'no', runs: 1, sinceMs: 0 },
    { query: 'cpu', task: 'expire', code: 'INTERNAL', message: 'no', runs: 2, sinceMs: 0 },
  ],
};

function watchOf(more: Partial<ArchiveWatch> = {}): ArchiveWatch {
  return {
    clock: { nowMs: () => 0 },
    readGaps: async () => [],
    readStatus: async () => STATUS,
    readPool: () => ({ busy: 1, idle: 2, waiting: 0, limit: 4 }),
    ...more,
  };
}

const MAIN: RecorderIdentity = { source: { orgId: 1, name: 'main' } };

function setUp(watch = watchOf()) {
  const metrics = createProcessMetrics('1', ampleMemory());
  /** Lines of one metric, without help and type. */
  const linesOf = async (name: string): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
  return { linesOf, open: metrics.archive.open, recorder: metrics.archive.open(MAIN, watch) };
}

describe('the metrics of the archive', () => {
  it('count what became of samples', async () => {
    const { recorder, linesOf } = setUp();
    const outcome = { inserted: 3, unchanged: 2, revised: 1, withdrawn: 0, refused: [{ labels: {}, reason: 'NUL' }] };
    recorder.archiver.wrote('cpu', outcome);
    expect(await linesOf('promkeep_archive_samples_total')).toEqual([
      'promkeep_archive_samples_total{org_id="1",source_name="main",query="cpu",outcome="written"} 3',
      'promkeep_archive_samples_total{org_id="1",source_name="main",query="cpu",outcome="unchanged"} 2',
      'promkeep_archive_samples_total{org_id="1",source_name="main",query="cpu",outcome="revised"} 1',
      'promkeep_archive_samples_total{org_id="1",source_name="main",query="cpu",outcome="withdrawn"} 0',
    ]);
    expect(await linesOf('promkeep_archive_refused_series_total')).toEqual([
      'promkeep_archive_refused_series_total{org_id="1",source_name="main",query="cpu"} 1',
    ]);
  });

  it('show the lag as of the scrape, so that a loop that hangs is seen, and only while the query is recorded here', async () => {
    const { recorder, linesOf } = setUp();
    let lagMs: number | undefined;
    const stop = recorder.archiver.follows('cpu', () => lagMs);
    const lag = (): Promise<string[]> => linesOf('promkeep_collect_lag_seconds');
    expect(await lag()).toEqual([]);
    lagMs = 15_000;
    expect(await lag()).toEqual(['promkeep_collect_lag_seconds{org_id="1",source_name="main",query="cpu"} 15']);
    lagMs = 90_000;
    expect(await lag()).toEqual(['promkeep_collect_lag_seconds{org_id="1",source_name="main",query="cpu"} 90']);
    stop();
    expect(await lag()).toEqual([]);
  });

  it('keep following when a new loop took the query over before the old one ended', async () => {
    const { recorder, linesOf } = setUp();
    const stopOld = recorder.archiver.follows('cpu', () => 1_000);
    recorder.archiver.follows('cpu', () => 2_000);
    stopOld();
    expect(await linesOf('promkeep_collect_lag_seconds')).toEqual([
      'promkeep_collect_lag_seconds{org_id="1",source_name="main",query="cpu"} 2',
    ]);
  });

  it('tell size, samples and connections, and read the size at most every five minutes', async () => {
    let nowMs = 0;
    let reads = 0;
    const readStatus = async (): Promise<ArchiveStatus> => ({ ...STATUS, samples: 1_000 * ++reads });
    const { linesOf } = setUp(watchOf({ clock: { nowMs: () => nowMs }, readStatus }));
    expect(await linesOf('promkeep_archive_(bytes|samples|series)')).toEqual([
      'promkeep_archive_bytes{org_id="1",source_name="main"} 3000',
      'promkeep_archive_samples{org_id="1",source_name="main"} 1000',
      'promkeep_archive_series{org_id="1",source_name="main"} 4',
    ]);
    expect(await linesOf('promkeep_archive_(pending_deletions|upkeep_failing_queries)')).toEqual([
      'promkeep_archive_pending_deletions{org_id="1",source_name="main"} 1',
      'promkeep_archive_upkeep_failing_queries{org_id="1",source_name="main"} 1',
    ]);
    nowMs = 299_000;
    expect(await linesOf('promkeep_archive_samples')).toEqual([
      'promkeep_archive_samples{org_id="1",source_name="main"} 1000',
    ]);
    nowMs = 301_000;
    expect(await linesOf('promkeep_archive_samples')).toEqual([
      'promkeep_archive_samples{org_id="1",source_name="main"} 2000',
    ]);
    expect(await linesOf('promkeep_archive_connections')).toEqual([
      'promkeep_archive_connections{org_id="1",source_name="main",state="busy"} 1',
      'promkeep_archive_connections{org_id="1",source_name="main",state="idle"} 2',
      'promkeep_archive_connections{org_id="1",source_name="main",state="waiting"} 0',
    ]);
  });

  it('go without what the archive refuses, and ask it again at the next scrape', async () => {
    let isAway = true;
    const readStatus = (): Promise<ArchiveStatus> =>
      isAway ? Promise.reject(new Error('away')) : Promise.resolve(STATUS);
    const { linesOf } = setUp(watchOf({ readStatus, readGaps: () => Promise.reject(new Error('away')) }));
    expect(await linesOf('promkeep_archive_bytes')).toEqual([]);
    expect(await linesOf('promkeep_gap_seconds')).toEqual([]);
    isAway = false;
    expect(await linesOf('promkeep_archive_bytes')).toEqual([
      'promkeep_archive_bytes{org_id="1",source_name="main"} 3000',
    ]);
  });

  it('sum the gaps of a query by reason, without what is paused', async () => {
    const gap = (seconds: number, reason: 'source-down' | 'not-recorded') => ({
      reason,
      seconds,
      points: 1,
      fromMs: 0,
      toMs: 0,
    });
    const missing = [gap(30, 'source-down'), gap(15, 'not-recorded'), gap(60, 'source-down')];
    const readGaps = async () => [
      { name: 'cpu', stepMs: 15_000, paused: false, missing },
      { name: 'old', stepMs: 15_000, paused: true, missing },
    ];
    const { linesOf } = setUp(watchOf({ readGaps }));
    expect(await linesOf('promkeep_gap_seconds')).toEqual([
      'promkeep_gap_seconds{org_id="1",source_name="main",query="cpu",reason="source-down"} 90',
      'promkeep_gap_seconds{org_id="1",source_name="main",query="cpu",reason="not-recorded"} 15',
    ]);
  });

  it('count the runs of upkeep under a label that Prometheus does not rename', async () => {
    const { recorder, linesOf } = setUp();
    recorder.upkeep.upkept('pack', 'done', 1.5);
    recorder.upkeep.upkept('pack', 'failed', 0.5);
    expect(await linesOf('promkeep_upkeep_runs_total')).toEqual([
      'promkeep_upkeep_runs_total{org_id="1",source_name="main",task="pack",outcome="done"} 1',
      'promkeep_upkeep_runs_total{org_id="1",source_name="main",task="pack",outcome="failed"} 1',
    ]);
    expect(await linesOf('promkeep_upkeep_duration_seconds')).toEqual([
      'promkeep_upkeep_duration_seconds{org_id="1",source_name="main",task="pack"} 0.5',
    ]);
  });
});

describe('the metrics of several recorders', () => {
  const ours = { ...MAIN, datasource: 'ours' };
  const twin = { ...MAIN, datasource: 'twin' };
  const written = { inserted: 3, unchanged: 0, revised: 0, withdrawn: 0, refused: [] };
  const of = (datasource: string): string => `org_id="1",source_name="main",datasource="${datasource}"`;

  it('are told apart by organisation, source and datasource', async () => {
    const { open, linesOf } = setUp();
    open(ours, watchOf()).archiver.led(true, 4);
    open(twin, watchOf()).archiver.led(false, 4);
    open({ source: { orgId: 2, name: 'main' }, datasource: 'ours' }, watchOf());
    expect(await linesOf('promkeep_archive_leader')).toEqual([
      'promkeep_archive_leader{org_id="1",source_name="main"} 0',
      `promkeep_archive_leader{${of('ours')}} 1`,
      `promkeep_archive_leader{${of('twin')}} 0`,
      'promkeep_archive_leader{org_id="2",source_name="main",datasource="ours"} 0',
    ]);
  });

  it('go on when a datasource is saved: one series, counters that do not fall, whichever of the two leads', async () => {
    const { open, linesOf } = setUp();
    const before = open(ours, watchOf());
    before.archiver.led(true, 1);
    before.archiver.wrote('cpu', written);
    before.upkeep.upkept('pack', 'done', 2);
    before.archiver.follows('cpu', () => 5_000);
    const after = open(ours, watchOf());
    after.archiver.led(false, 1);
    const lines = (): Promise<string[]> => linesOf('promkeep_(archive_leader|archive_connections_limit|gap_seconds)');
    expect((await lines()).filter((line) => line.includes('ours'))).toEqual([
      `promkeep_archive_leader{${of('ours')}} 1`,
      `promkeep_archive_connections_limit{${of('ours')}} 8`,
    ]);
    before.archiver.led(false, 1);
    before.close();
    after.archiver.led(true, 2);
    after.archiver.wrote('cpu', written);
    expect((await lines()).filter((line) => line.includes('ours'))).toEqual([
      `promkeep_archive_leader{${of('ours')}} 1`,
      `promkeep_archive_connections_limit{${of('ours')}} 4`,
    ]);
    expect(await linesOf('promkeep_collect_lag_seconds')).toEqual([]);
    expect((await linesOf('promkeep_archive_samples_total'))[0]).toBe(
      `promkeep_archive_samples_total{${of('ours')},query="cpu",outcome="written"} 6`
    );
  });

  it('say nothing of the present of one that has ended; its counters stay', async () => {
    const { open, linesOf } = setUp();
    const ended = open(ours, watchOf());
    ended.archiver.led(true, 1);
    ended.archiver.skewed(10);
    ended.archiver.follows('cpu', () => 5_000);
    ended.archiver.wrote('cpu', written);
    ended.upkeep.upkept('pack', 'done', 2);
    ended.close();
    const left = (await linesOf('promkeep_\\w+')).filter((line) => line.includes('ours'));
    expect(new Set(left.map((line) => line.split('{')[0]))).toEqual(
      new Set(['promkeep_archive_samples_total', 'promkeep_archive_refused_series_total', 'promkeep_upkeep_runs_total'])
    );
  });

  it('do not count twice when two scrapes come at once', async () => {
    const missing = [{ reason: 'source-down' as const, seconds: 30, points: 2, fromMs: 0, toMs: 0 }];
    const readGaps = async () => [{ name: 'cpu', stepMs: 15_000, paused: false, missing }];
    const { linesOf } = setUp(watchOf({ readGaps }));
    const [one, other] = await Promise.all([linesOf('promkeep_gap_seconds'), linesOf('promkeep_gap_seconds')]);
    expect([one, other]).toEqual(
      Array(2).fill(['promkeep_gap_seconds{org_id="1",source_name="main",query="cpu",reason="source-down"} 30'])
    );
  });
});
