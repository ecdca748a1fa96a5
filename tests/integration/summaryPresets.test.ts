import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type CallOptions, type MetricSource } from '../../pkg/core/ports/metricSource';
import { evaluateSummaryRange } from '../../pkg/core/summary/summaryEvaluate';
import { SUMMARY_DEFAULTS } from '../../pkg/core/summary/summaryDefaults';
import { PRESET_NAMES, SUMMARY_PRESETS } from '../../pkg/core/summary/summaryPresets';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { startNodeExporter, type RunningExporter } from '../../scripts/stack/exporters';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';

jest.setTimeout(120_000);

const clock = { nowMs: () => Date.now() };
const call = (): CallOptions => ({ signal: new AbortController().signal });

let prometheus: RunningPrometheus;
let node: RunningExporter;
let source: MetricSource;
/** A Redis exporter that is there and gives nothing of Redis, as while Redis itself is down. */
const hollow = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  response.end('redis_up 0\n');
});

beforeAll(async () => {
  node = await startNodeExporter();
  await new Promise<void>((resolve) => hollow.listen(0, '127.0.0.1', resolve));
  // A server that listens on a host and port has no other kind of address.
  const hollowPort = (hollow.address() as AddressInfo).port;
  prometheus = await startPrometheus({
    config: `
global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: node_exporter, static_configs: [{ targets: ['127.0.0.1:${node.port}'] }] }
  - { job_name: redis_exporter, static_configs: [{ targets: ['127.0.0.1:${hollowPort}'] }] }
`,
  });
  source = createPrometheusSource(plainPrometheusSettings(prometheus.url));
  await untilScraped();
});

afterAll(async () => {
  await source?.close();
  await prometheus?.stop();
  await node?.stop();
  await new Promise((resolve) => hollow.close(resolve));
});

/** A rate needs two samples, and a value must not be younger than the grid. */
async function untilScraped(): Promise<void> {
  const expr = 'count_over_time(node_load1[1m] offset 20s) > 1 and on () up{job="redis_exporter"}';
  for (let attempt = 0; attempt < 80; attempt++) {
    const { series } = await source.queryInstant({ expr, timeMs: Date.now() }, call());
    if (series.length > 0) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('Prometheus has not scraped twice in 40 s.');
}

function evaluate(metrics: (typeof SUMMARY_PRESETS)['node']) {
  const toMs = Date.now();
  const range = { fromMs: toMs - 300_000, toMs };
  const deps = { source, clock, scrapeInterval: '1s' };
  return Promise.all(
    metrics.map((metric) => evaluateSummaryRange(deps, metric, { range, stepMs: 15_000, groupBy: '' }, call()))
  );
}

describe('summary presets on a real Prometheus', () => {
  // [R2]
  it('give values where the job is scraped', async () => {
    for (const { metric, groups, failure } of await evaluate(SUMMARY_PRESETS.node)) {
      expect([metric.key, failure, groups.length]).toEqual([metric.key, undefined, 1]);
      expect(groups[0].value.value).toBeGreaterThanOrEqual(0);
    }
  });

  // [R2]
  it.each(['postgres', 'mysql', 'app'] as const)('show nothing of %s, which nothing scrapes', async (name) => {
    const evaluations = await evaluate(SUMMARY_PRESETS[name]);
    expect(evaluations.map(({ failure, groups }) => [failure, groups])).toEqual(
      SUMMARY_PRESETS[name].map(() => [undefined, []])
    );
  });

  it('say "no data", never 0, where the job is scraped and gives nothing', async () => {
    for (const { groups } of await evaluate(SUMMARY_PRESETS.redis)) {
      expect(groups.map(({ value }) => [value.value, value.noDataReason])).toEqual([
        [null, 'no series: is the job redis_exporter scraped?'],
      ]);
    }
  });

  it('do not hide the four of the summary', async () => {
    const values = (await evaluate(SUMMARY_DEFAULTS)).map(({ groups }) => groups.length);
    expect(values).toEqual([1, 1, 1, 1]);
  });

  it('use each key once', () => {
    const metrics = PRESET_NAMES.flatMap((name) => SUMMARY_PRESETS[name].map(({ key }) => key));
    expect(metrics).toEqual([...new Set(metrics)]);
  });
});
