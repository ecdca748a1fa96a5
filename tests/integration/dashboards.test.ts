import { startExporter as startCustomExporter } from '../../examples/customExporter/exporterServer';
import { type CallOptions, type MetricSource } from '../../pkg/core/ports';
import { plainPrometheusSettings } from '../../pkg/prometheus/prometheusSettings';
import { createPrometheusSource } from '../../pkg/prometheus/prometheusSource';
import { allDashboards } from '../../scripts/dashboards/all';
import { startNodeExporter, startPostgresExporter } from '../../scripts/stack/exporters';
import { freePort } from '../../scripts/stack/ports';
import { startPostgres } from '../../scripts/stack/postgres';
import { startPrometheus } from '../../scripts/stack/prometheus';

jest.setTimeout(180_000);

const call = (): CallOptions => ({ signal: new AbortController().signal });
/** What a container or a virtual machine may lack. */
const DEPENDS_ON_THE_MACHINE = /node_disk_|node_network_|node_filesystem_|node_sockstat_/;

const closers: Array<() => Promise<void>> = [];
let source: MetricSource;

beforeAll(async () => {
  const postgres = await startPostgres();
  closers.push(() => postgres.stop());
  const node = await startNodeExporter();
  closers.push(() => node.stop());
  const database = await startPostgresExporter({ dataSource: postgres.url });
  closers.push(() => database.stop());
  const app = await startCustomExporter('127.0.0.1', 0);
  closers.push(() => app.stop());
  const port = await freePort();
  const targets = {
    prometheus: port,
    node_exporter: node.port,
    postgresql_exporter: database.port,
    custom_app: app.port,
  };
  const jobs = Object.entries(targets).map(
    ([job, target]) => `  - { job_name: ${job}, static_configs: [{ targets: ['127.0.0.1:${target}'] }] }`
  );
  const config = `global: { scrape_interval: 1s }\nscrape_configs:\n${jobs.join('\n')}\n`;
  const prometheus = await startPrometheus({ port, config });
  closers.push(() => prometheus.stop());
  source = createPrometheusSource(plainPrometheusSettings(prometheus.url));
  closers.push(() => source.close());
  await untilScraped(Object.keys(targets).length);
});

afterAll(async () => {
  for (const close of closers.reverse()) {
    await close();
  }
});

/** Rates need two samples of each target, and the answers of one request come with the next scrape. */
async function untilScraped(count: number): Promise<void> {
  const expr =
    'count(count_over_time(up[1m]) > 4) and on () count(prometheus_http_requests_total{handler="/api/v1/query"})';
  for (let attempt = 0; attempt < 120; attempt++) {
    const { series } = await source.queryInstant({ expr, timeMs: Date.now() }, call());
    if (series[0]?.values[0] === count) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('Not every target was scraped within a minute.');
}

/** The expression as Grafana sends it when every job and instance is chosen. */
function expand(expr: string): string {
  return expr.replaceAll('$__rate_interval', '1m').replace(/\$(job|instance)\b/g, '.+');
}

const queries = allDashboards().flatMap(({ file, dashboard }) =>
  dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets
      .filter(({ queryType }) => queryType !== 'summary')
      .map(({ expr, refId }): [string, string] => [`${file}, ${title}, ${refId}`, expand(expr)])
  )
);

describe('the queries of the dashboards on a real Prometheus', () => {
  it.each(queries)('%s has data', async (_name, expr) => {
    const { series } = await source.queryInstant({ expr, timeMs: Date.now() }, call());
    if (!DEPENDS_ON_THE_MACHINE.test(expr)) {
      expect(series.length).toBeGreaterThan(0);
    }
  });

  it.each(
    allDashboards().map(({ file, dashboard }): [string, string] => [
      file,
      String(dashboard.templating.list[1].definition),
    ])
  )('%s offers a job', async (_file, definition) => {
    const scope = /^label_values\((\w+), job\)$/.exec(definition)?.[1] ?? '';
    const { series } = await source.queryInstant({ expr: `group by (job) (${scope})`, timeMs: Date.now() }, call());
    expect(series.length).toBeGreaterThan(0);
  });
});
