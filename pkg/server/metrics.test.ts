import { type ArchiveStatus } from '../core/ports';
import { type ArchiveWatch } from './archiveGauges';
import { createMetrics } from './metrics';

const STATUS: ArchiveStatus = {
  schemaVersion: 5,
  serverVersion: '18',
  samples: 2_000,
  series: 4,
  bytes: 3_000,
  queries: [],
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

/** Lines of one metric, without help and type. */
async function linesOf(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
}

describe('the metrics of the archive', () => {
  it('count what became of samples', async () => {
    const metrics = createMetrics('1');
    const outcome = { inserted: 3, unchanged: 2, revised: 1, withdrawn: 0, refused: [{ labels: {}, reason: 'NUL' }] };
    metrics.archiver.wrote('cpu', outcome);
    expect(await linesOf(metrics, 'promkeep_archive_samples_total')).toEqual([
      'promkeep_archive_samples_total{query="cpu",outcome="written"} 3',
      'promkeep_archive_samples_total{query="cpu",outcome="unchanged"} 2',
      'promkeep_archive_samples_total{query="cpu",outcome="revised"} 1',
      'promkeep_archive_samples_total{query="cpu",outcome="withdrawn"} 0',
    ]);
    expect(await linesOf(metrics, 'promkeep_archive_refused_series_total')).toEqual([
      'promkeep_archive_refused_series_total{query="cpu"} 1',
    ]);
  });

  it('show the lag as of the scrape, so that a loop that hangs is seen, and only while the query is recorded here', async () => {
    const metrics = createMetrics('1');
    let lagMs: number | undefined;
    const stop = metrics.archiver.follows('cpu', () => lagMs);
    const lag = (): Promise<string[]> => linesOf(metrics, 'promkeep_collect_lag_seconds');
    expect(await lag()).toEqual([]);
    lagMs = 15_000;
    expect(await lag()).toEqual(['promkeep_collect_lag_seconds{query="cpu"} 15']);
    lagMs = 90_000;
    expect(await lag()).toEqual(['promkeep_collect_lag_seconds{query="cpu"} 90']);
    stop();
    expect(await lag()).toEqual([]);
  });

  it('keep following when a new loop took the query over before the old one ended', async () => {
    const metrics = createMetrics('1');
    const stopOld = metrics.archiver.follows('cpu', () => 1_000);
    metrics.archiver.follows('cpu', () => 2_000);
    stopOld();
    expect(await linesOf(metrics, 'promkeep_collect_lag_seconds')).toEqual([
      'promkeep_collect_lag_seconds{query="cpu"} 2',
    ]);
  });

  it('tell size, samples and connections, and read the size at most every five minutes', async () => {
    let nowMs = 0;
    let reads = 0;
    const readStatus = async (): Promise<ArchiveStatus> => ({ ...STATUS, samples: 1_000 * ++reads });
    const metrics = createMetrics('1', watchOf({ clock: { nowMs: () => nowMs }, readStatus }));
    expect(await linesOf(metrics, 'promkeep_archive_(bytes|samples|series)')).toEqual([
      'promkeep_archive_bytes 3000',
      'promkeep_archive_samples 1000',
      'promkeep_archive_series 4',
    ]);
    nowMs = 299_000;
    expect(await linesOf(metrics, 'promkeep_archive_samples')).toEqual(['promkeep_archive_samples 1000']);
    nowMs = 301_000;
    expect(await linesOf(metrics, 'promkeep_archive_samples')).toEqual(['promkeep_archive_samples 2000']);
    expect(await linesOf(metrics, 'promkeep_archive_connections')).toEqual([
      'promkeep_archive_connections{state="busy"} 1',
      'promkeep_archive_connections{state="idle"} 2',
      'promkeep_archive_connections{state="waiting"} 0',
    ]);
  });

  it('go without what the archive refuses, and ask it again at the next scrape', async () => {
    let isAway = true;
    const readStatus = (): Promise<ArchiveStatus> =>
      isAway ? Promise.reject(new Error('away')) : Promise.resolve(STATUS);
    const metrics = createMetrics('1', watchOf({ readStatus, readGaps: () => Promise.reject(new Error('away')) }));
    expect(await linesOf(metrics, 'promkeep_archive_bytes')).toEqual([]);
    expect(await linesOf(metrics, 'promkeep_gap_seconds')).toEqual([]);
    isAway = false;
    expect(await linesOf(metrics, 'promkeep_archive_bytes')).toEqual(['promkeep_archive_bytes 3000']);
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
    const metrics = createMetrics('1', watchOf({ readGaps }));
    expect(await linesOf(metrics, 'promkeep_gap_seconds')).toEqual([
      'promkeep_gap_seconds{query="cpu",reason="source-down"} 90',
      'promkeep_gap_seconds{query="cpu",reason="not-recorded"} 15',
    ]);
  });

  it('count the runs of upkeep under a label that Prometheus does not rename', async () => {
    const metrics = createMetrics('1');
    metrics.upkeep.upkept('pack', 'done', 1.5);
    metrics.upkeep.upkept('pack', 'failed', 0.5);
    expect(await linesOf(metrics, 'promkeep_upkeep_runs_total')).toEqual([
      'promkeep_upkeep_runs_total{task="pack",outcome="done"} 1',
      'promkeep_upkeep_runs_total{task="pack",outcome="failed"} 1',
    ]);
    expect(await linesOf(metrics, 'promkeep_upkeep_duration_seconds')).toEqual([
      'promkeep_upkeep_duration_seconds{task="pack"} 0.5',
    ]);
  });
});
