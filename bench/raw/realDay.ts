import { setTimeout as sleep } from 'node:timers/promises';
import { type Label } from '../../pkg/core/model/rawSeries';
import { type Samples } from '../../pkg/core/model/series';
import { startNodeExporter, startPostgresExporter } from '../../scripts/stack/exporters';
import { onPort } from '../../scripts/stack/ports';
import { startPrometheus } from '../../scripts/stack/prometheus';

export const DAY_MS = 86_400_000;
const INTERVAL_MS = 15_000;
const SCRAPES_A_DAY = DAY_MS / INTERVAL_MS;

export interface DaySeries {
  labels: Label[];
  samples: Samples;
}

/**
 * Every n-th series of node exporter, postgres exporter and Prometheus, scraped by a real Prometheus once a second for so many
 * seconds, and stretched to a day at 15 s: scrape after scrape in their order, each as far from its due time as it was, and from
 * the first again when all have been used. What never fell goes on from where it stood then, as a counter does.
 */
export async function realDay(dataSource: string, scrapes: number, every: number, dayMs: number): Promise<DaySeries[]> {
  const [node, postgres] = [await startNodeExporter(), await startPostgresExporter({ dataSource })];
  const target = (job: string, url: string): string =>
    `  - {job_name: ${job}, static_configs: [{targets: ['${new URL(url).host}']}]}`;
  const config = ['global: {scrape_interval: 1s, scrape_timeout: 1s}', 'scrape_configs:'];
  const prometheus = await onPort(undefined, (port) => {
    const self = target('prometheus', `http://127.0.0.1:${port}`);
    return startPrometheus({
      port,
      config: [...config, target('node', node.url), target('postgres', postgres.url), self].join('\n'),
    });
  });
  try {
    await sleep((scrapes + 5) * 1_000);
    const query = new URLSearchParams({ query: `{__name__=~".+"}[${scrapes}s]` });
    const answer = await fetch(`${prometheus.url}/api/v1/query?${query}`);
    const { data } = (await answer.json()) as {
      data: { result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }> };
    };
    return data.result
      .filter(({ values }, i) => i % every === 0 && values.length > 1)
      .map(({ metric, values }) => ({
        labels: Object.entries(metric)
          .map(([name, value]) => ({ name, value }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
        samples: stretch(
          values.map(([time, value]) => [Math.round(time * 1_000), Number(value.replace('Inf', 'Infinity'))]),
          dayMs
        ),
      }));
  } finally {
    await Promise.all([prometheus.stop(), node.stop(), postgres.stop()]);
  }
}

function stretch(real: Array<[timeMs: number, value: number]>, dayMs: number): Samples {
  const [first, last] = [real[0][1], real[real.length - 1][1]];
  const rises = last > first && real.every(([, value], i) => i === 0 || value >= real[i - 1][1]);
  const dueMs = real[0][0];
  const timesMs = new Float64Array(SCRAPES_A_DAY);
  const values = new Float64Array(SCRAPES_A_DAY);
  for (let i = 0; i < SCRAPES_A_DAY; i++) {
    const round = Math.floor(i / real.length);
    const [timeMs, value] = real[i % real.length];
    const late = ((timeMs - dueMs + 500) % 1_000) - 500;
    timesMs[i] = dayMs + i * INTERVAL_MS + Math.max(-500, late) + 500;
    values[i] = value + (rises ? round * (last - first) : 0);
  }
  return { timesMs, values };
}
