import { startExporter as startCustomExporter } from '../../examples/customExporter/exporterServer';
import { type CallOptions, type MetricSource } from '../../pkg/core/ports/metricSource';
import { plainPrometheusSettings } from '../../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../../pkg/source/prometheusSource';
import { allDashboards } from '../../scripts/dashboards/all';
import { startNodeExporter, startPostgresExporter } from '../../scripts/stack/exporters';
import { freePort } from '../../scripts/stack/ports';
import { startPostgres } from '../../scripts/stack/postgres';
import { startPrometheus } from '../../scripts/stack/prometheus';
import { serve, temporaryFile } from './promkeepProgram';

jest.setTimeout(180_000);

const call = (): CallOptions => ({ signal: new AbortController().signal });
/** What a container or a virtual machine may lack. */
const DEPENDS_ON_THE_MACHINE = /node_disk_|node_network_|node_filesystem_|node_sockstat_/;
/** What an archive has only after a failure, a gap, or its first five minutes. */
const EMPTY_WHILE_ALL_IS_WELL = /promkeep_gap_|_failures_|_refused_|promkeep_upkeep_/;
/** Their servers and exporters are not among the parts of this test; the metrics' names were compared by hand. */
const NOT_RUNNING_HERE = ['mysql.json', 'redis.json'];
/** Recording begins after one step of 15 s, and a program starts slowly on a busy machine. */
const PATIENCE_MS = 90_000;

const closers: Array<() => Promise<void>> = [];
let source: MetricSource;
let metricsText: string;

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
  const promkeepPort = await freePort();
  const targets = {
    prometheus: port,
    node_exporter: node.port,
    postgresql_exporter: database.port,
    custom_app: app.port,
    promkeep: promkeepPort,
  };
  const jobs = Object.entries(targets).map(
    ([job, target]) => `  - { job_name: ${job}, static_configs: [{ targets: ['127.0.0.1:${target}'] }] }`
  );
  const config = `global: { scrape_interval: 1s }\nscrape_configs:\n${jobs.join('\n')}\n`;
  const prometheus = await startPrometheus({ port, config });
  closers.push(() => prometheus.stop());
  source = createPrometheusSource(plainPrometheusSettings(prometheus.url));
  closers.push(() => source.close());
  const settings = await temporaryFile('promkeep.yaml', 'prometheus: { scrape_interval: 1s, scrape_timeout: 1s }\n');
  closers.push(() => settings.remove());
  const promkeep = await serve({
    args: ['--port', String(promkeepPort), '--config', settings.file],
    environment: { PROMETHEUS_URL: prometheus.url, PROMKEEP_DATABASE_URL: postgres.url },
  });
  closers.push(() => promkeep.process.stop());
  metricsText = await (await fetch(`${promkeep.url}/metrics`)).text();
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
    'count(count_over_time(up[1m]) > 4) and on () count(prometheus_http_requests_total{handler="/api/v1/query"}) and on () (sum(promkeep_archive_samples_total) > 0 and sum(promkeep_collect_duration_seconds_count) > 0)';
  for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs;) {
    const { series } = await source.queryInstant({ expr, timeMs: Date.now() }, call());
    if (series[0]?.values[0] === count) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`Not every target was scraped, or nothing recorded, within ${PATIENCE_MS / 1000} s.`);
}

/** The expression as Grafana sends it when every job and instance is chosen. */
function expand(expr: string): string {
  return expr.replaceAll('$__rate_interval', '1m').replace(/\$(job|instance)\b/g, '.+');
}

const dashboards = allDashboards().filter(({ file }) => !NOT_RUNNING_HERE.includes(file));
const queries = dashboards.flatMap(({ file, dashboard }) =>
  dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets
      .filter(({ queryType }) => queryType !== 'summary')
      .map(({ expr, refId }): [string, string] => [`${file}, ${title}, ${refId}`, expand(expr)])
  )
);

describe('the queries of the dashboards on a real Prometheus', () => {
  it.each(queries)('%s has data', async (_name, expr) => {
    const { series } = await source.queryInstant({ expr, timeMs: Date.now() }, call());
    if (!DEPENDS_ON_THE_MACHINE.test(expr) && !EMPTY_WHILE_ALL_IS_WELL.test(expr)) {
      expect(series.length).toBeGreaterThan(0);
    }
  });

  it('use metrics that promkeep serve has, also those without a value yet', () => {
    const used = queries.flatMap(([, expr]) => expr.match(/promkeep_\w+/g) ?? []);
    const known = new Set<string>(metricsText.match(/(?<=^# TYPE )\w+/gm));
    const names = [...new Set(used.map((name) => name.replace(/_(bucket|count|sum)$/, '')))];
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(
    dashboards.map(({ file, dashboard }): [string, string] => [file, String(dashboard.templating.list[1].definition)])
  )('%s offers a job', async (_file, definition) => {
    const scope = /^label_values\((\w+), job\)$/.exec(definition)?.[1] ?? '';
    const { series } = await source.queryInstant({ expr: `group by (job) (${scope})`, timeMs: Date.now() }, call());
    expect(series.length).toBeGreaterThan(0);
  });
});
