import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { COLLECT_DEFAULTS, defaultProbe, fetchRange } from '../../pkg/core/collect/fetchRange';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { startPrometheus } from '../../scripts/stack/prometheus';
import { live } from '../contracts/underTest';
import { pause, until } from './promkeepProgram';

/** What a real Prometheus that was stopped for a minute says of that minute. */
jest.setTimeout(180_000);

const config = `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: self
    static_configs: [{targets: ['127.0.0.1:9']}]
`;

// [A5]
it('the probe sees an outage of a minute, which count(up) takes for covered', async () => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'promkeep-test-probe-'));
  const first = await startPrometheus({ config, dataDir });
  const { port } = first;
  const source = createPrometheusSource(plainPrometheusSettings(first.url, {}), {});
  const held = async (): Promise<boolean> =>
    (await source.queryInstant({ expr: 'count(up)', timeMs: Date.now() }, { signal: live() })).series.length > 0;
  await until('something is scraped', held);
  const startMs = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
  await pause(8_000);
  await first.process.stop('SIGTERM');
  const stoppedMs = Date.now();
  await pause(60_000);
  const startedMs = Date.now();
  const second = await startPrometheus({ config, dataDir, port });
  await until('it scrapes again', async () => {
    const { series } = await source.queryInstant({ expr: 'timestamp(up)', timeMs: Date.now() }, { signal: live() });
    return series.some(({ values }) => values[0] * 1_000 > startedMs);
  });
  await pause(5_000);
  const endMs = Math.floor(Date.now() / 1_000) * 1_000 - 2_000;
  const fetched = (probe: string): ReturnType<typeof fetchRange> =>
    fetchRange(
      {
        source,
        clock: { nowMs: Date.now },
        settings: { ...COLLECT_DEFAULTS, settleMs: 0, probe },
        sourceVersion: async () => undefined,
      },
      { name: 'up', expression: 'up', stepMs: 1_000, retention: '7d' },
      { fromMs: startMs, toMs: endMs },
      { signal: live() }
    );
  try {
    expect((await fetched('count(up)')).gaps).toEqual([]);
    const { covered, gaps } = await fetched(defaultProbe(1_000));
    expect(gaps).toHaveLength(1);
    const [gap] = gaps;
    expect(gap.reason).toBe('source-had-no-data');
    // The window of 15 s after the last scrape counts as covered, and so does everything from the first new one on.
    expect(gap.fromMs).toBeGreaterThan(stoppedMs + 12_000);
    expect(gap.fromMs).toBeLessThan(stoppedMs + 17_000);
    expect(gap.toMs).toBeGreaterThan(startedMs - 2_000);
    expect(covered.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [startMs, gap.fromMs - 1_000],
      [gap.toMs + 1_000, endMs],
    ]);
  } finally {
    await source.close();
    await second.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
