import { Client } from 'pg';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { startNodeExporter } from '../../scripts/stack/exporters';
import { startPostgres, type RunningPostgres } from '../../scripts/stack/postgres';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';
import { ADDED_SERVERS, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { getJson, serve, temporaryFile, until, type ServingProgram } from './promkeepProgram';

/** Recorded from a real Prometheus each second by the tests of leadership, healing and faults. */
export const QUERIES = [
  { name: 'load', expr: 'node_load1', stepMs: 1_000 },
  { name: 'cpu', expr: 'sum by (mode) (rate(node_cpu_seconds_total[10s]))', stepMs: 2_000 },
];

/** The PostgreSQL of these suites, also for those that start it again. */
export const STACK_POSTGRES = { binDir: ADDED_SERVERS[0]?.binDir };

const configOf = (lease: string): string => `
prometheus: {scrape_interval: 1s, scrape_timeout: 1s}
archive: {lease: ${lease}}
recorded_queries:
${QUERIES.map(({ name, expr, stepMs }) => `  - {name: ${name}, expr: '${expr}', step: ${stepMs / 1000}s, retention: 7d}`).join('\n')}
`;

/** Exporter, Prometheus, PostgreSQL, and any number of `promkeep serve` on them. */
export class ArchiverStack {
  prometheus!: RunningPrometheus;
  postgres!: RunningPostgres;
  configFile = '';
  private readonly programs: ServingProgram[] = [];
  private readonly closers: Array<() => Promise<unknown>> = [];

  async start(options: { lease?: string; postgres?: Parameters<typeof startPostgres>[0] } = {}): Promise<void> {
    const config = await temporaryFile('promkeep.yaml', configOf(options.lease ?? '2s'));
    this.configFile = config.file;
    const exporter = await startNodeExporter();
    this.closers.push(config.remove, () => exporter.stop());
    [this.prometheus, this.postgres] = await Promise.all([
      startPrometheus({
        config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: node_exporter
    static_configs: [{targets: ['127.0.0.1:${exporter.port}']}]
`,
      }),
      startPostgres({ ...STACK_POSTGRES, ...options.postgres }),
    ]);
    await until('Prometheus has data that has settled', async () => {
      const query = encodeURIComponent('count(up offset 6s)');
      const { body } = await getJson(`${this.prometheus.url}/api/v1/query?query=${query}`);
      return JSON.stringify(body).includes('"value"');
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.programs.map(({ process: one }) => one.stop('SIGKILL')));
    await Promise.all([this.prometheus?.stop(), this.postgres?.stop()]);
    await Promise.all(this.closers.map((close) => close()));
  }

  environment(databaseUrl = this.postgres.url): Record<string, string> {
    return { PROMETHEUS_URL: this.prometheus.url, PROMKEEP_DATABASE_URL: databaseUrl };
  }

  async archiver(databaseUrl?: string, environment: Record<string, string> = {}): Promise<ServingProgram> {
    const program = await serve({
      args: ['--config', this.configFile],
      environment: { ...this.environment(databaseUrl), ...environment },
    });
    this.programs.push(program);
    return program;
  }

  async sql(text: string, database = this.postgres.url): Promise<Array<Record<string, unknown>>> {
    const client = new Client({ connectionString: database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Waits until every query is covered without a hole from its first time to `timeMs`. */
  async recordedUntil(timeMs: number, limitMs = 60_000): Promise<void> {
    let ranges: TimeRange[][] = [];
    const isRecorded = async (): Promise<boolean> => {
      ranges = await this.coverage();
      return ranges.length === QUERIES.length && ranges.every((one) => one.length === 1 && one[0].toMs >= timeMs);
    };
    await until('everything is recorded', isRecorded, limitMs).catch(async (error: unknown) => {
      const gaps = await this.sql('SELECT missing::text, reason, detail, tries FROM promkeep_gaps');
      throw new Error(
        `${String(error)}; wanted ${timeMs}, covered ${JSON.stringify(ranges)}, gaps ${JSON.stringify(gaps)}`
      );
    });
  }

  coverage(): Promise<TimeRange[][]> {
    return this.withArchive((archive) => Promise.all(QUERIES.map(({ name }) => archive.ledger.coverage(name))));
  }

  async withArchive<T>(work: (archive: ReturnType<TestServer['archive']>) => Promise<T>): Promise<T> {
    const server = new TestServer({ name: 'running' });
    try {
      return await work(server.archive(this.postgres.url));
    } finally {
      await server.closeAll();
    }
  }

  /** Every sample once, none missing and none too many against Prometheus itself, one covered range a query, no gap. */
  async expectExact(): Promise<void> {
    const [counts] = await this.sql(
      'SELECT count(*)::int AS samples, count(DISTINCT (query, metric_name, labels::text, timestamp))::int AS different FROM metrics_data'
    );
    expect(counts.samples).toBeGreaterThan(0);
    expect(counts.samples).toBe(counts.different);
    await this.withArchive(async (archive) => {
      for (const entry of await archive.ledger.entries()) {
        expect([entry.name, entry.covered.length, entry.gaps]).toEqual([entry.name, 1, []]);
        const [range] = entry.covered;
        const kept = await archive.samples.readSeries({ query: { kind: 'recorded', name: entry.name }, range }, live());
        const found = kept.map(({ labels, timesMs, values }) => [plain(labels), [...timesMs], [...values]]);
        expect(sorted(found)).toEqual(sorted(await this.askPrometheus(entry.expression, range, entry.stepMs)));
      }
    });
  }

  private async askPrometheus(expr: string, range: TimeRange, stepMs: number): Promise<unknown[]> {
    const form = new URLSearchParams({
      query: expr,
      start: String(range.fromMs / 1000),
      end: String(range.toMs / 1000),
      step: String(stepMs / 1000),
    });
    const { body } = await getJson(`${this.prometheus.url}/api/v1/query_range?${form}`);
    const answer = body as {
      data: { result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }> };
    };
    return answer.data.result.map(({ metric, values }) => [
      plain(metric),
      values.map(([seconds]) => seconds * 1000),
      values.map(([, value]) => Number(value)),
    ]);
  }
}

/** @param name with those of its labels that matter: `promkeep_gap_seconds{query="load"}` */
export async function metric(program: ServingProgram, name: string): Promise<number | undefined> {
  return valueOf(await (await fetch(`${program.url}/metrics`)).text(), name);
}

/** The first series of a metric that has these labels, in Prometheus' text format. */
export function valueOf(text: string, name: string): number | undefined {
  const [metricName, labels = ''] = name.replace(/\}$/, '').split('{');
  const wanted = labels.split(',');
  const line = text
    .split('\n')
    .find((one) => /^[^ {]+/.exec(one)?.[0] === metricName && wanted.every((label) => one.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

function plain(labels: Readonly<Record<string, string>> | undefined): string {
  const { __name__: _, ...rest } = labels ?? {};
  return JSON.stringify(Object.entries(rest).sort());
}

function sorted(rows: unknown[]): unknown[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
