import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startNodeExporter } from '../../scripts/stack/exporters';
import { answersOk, startProcess, waitUntilReady, type ManagedProcess } from '../../scripts/stack/managedProcess';
import { freePort } from '../../scripts/stack/ports';
import { startPostgres, type RunningPostgres } from '../../scripts/stack/postgres';
import { postgresUser, temporaryParent } from '../../scripts/stack/postgresBinaries';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';

/** The built program; `PROMKEEP_PROGRAM` tests another build, such as an installed one. */
const PROGRAM = process.env.PROMKEEP_PROGRAM || path.resolve(__dirname, '../../dist/promkeep/promkeep.js');

/** Recorded every second, so that a chart has a line soon. */
const CONFIG = JSON.stringify({
  prometheus: { scrape_interval: '1s', scrape_timeout: '1s' },
  // The default looks back 15 s; this one as far as Prometheus does, 4 s here, so that a short rest leaves a gap.
  archive: { probe: 'count(up)' },
  recorded_queries: [
    {
      name: 'memory_usage',
      expr: '(1 - (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)) * 100',
      step: '1s',
      retention: '7d',
    },
  ],
});

/** Without an archive: a metric with as many series as Prometheus' own page shows nobody. */
const PLAIN_CONFIG = JSON.stringify({
  summary: {
    metrics: [
      {
        ...{
          key: 'memory_usage',
          name: 'Memory usage',
          unit: 'percent',
          decimals: 1,
          aggregation: 'mean',
          min: 0,
          max: 100,
        },
        expr: '(1 - (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)) * 100',
      },
      {
        key: 'memory_parts',
        name: 'Parts of memory',
        expr: '{__name__=~"node_memory_.*_bytes"}',
        unit: 'bytes',
        aggregation: 'sum',
      },
    ],
  },
});

/**
 * The real thing: node exporter, Prometheus and PostgreSQL, and the built `promkeep serve` on top. Nothing serves the jobs of
 * the other two metrics, so their tiles have to say so.
 */
export class DashboardStack {
  readonly origin: string;
  private readonly closers: Array<() => Promise<void>> = [];
  private prometheus?: RunningPrometheus;
  private postgres?: RunningPostgres;
  private server?: ManagedProcess;

  private constructor(
    private readonly ports: { prometheus: number; postgres: number; server: number },
    private readonly dataDir: string
  ) {
    this.origin = `http://127.0.0.1:${ports.server}`;
    this.closers.push(() => rm(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  }

  static async start(): Promise<DashboardStack> {
    if (!existsSync(PROGRAM)) {
      throw new Error(`${PROGRAM} does not exist: run "npm run build" first.`);
    }
    const dataDir = await mkdtemp(path.join(await temporaryParent(await postgresUser()), 'promkeep-browser-'));
    // PostgreSQL's own user has to get through.
    await chmod(dataDir, 0o711);
    await writeFile(path.join(dataDir, 'promkeep.yaml'), CONFIG);
    const stack = new DashboardStack(
      { prometheus: await freePort(), postgres: await freePort(), server: await freePort() },
      dataDir
    );
    try {
      await stack.startParts();
    } catch (error) {
      await stack.stop();
      throw error;
    }
    return stack;
  }

  private async startParts(): Promise<void> {
    const [exporter] = await Promise.all([startNodeExporter(), this.startPostgres()]);
    this.closers.push(
      () => exporter.stop(),
      () => this.stopPostgres()
    );
    this.exporterPort = exporter.port;
    this.closers.push(
      () => this.stopPrometheus(),
      () => this.stopServer()
    );
    await this.startPrometheus();
    await this.startServer();
  }

  private exporterPort = 0;
  private databaseUrl = '';

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({ port: this.ports.postgres, dataDir: path.join(this.dataDir, 'postgres') });
    this.databaseUrl = this.postgres.url;
  }

  async stopPostgres(): Promise<void> {
    await this.postgres?.stop();
    this.postgres = undefined;
  }

  /** On the same port and data as before, as after a restart of the machine's service. */
  async startPrometheus(): Promise<void> {
    this.prometheus = await startPrometheus({
      port: this.ports.prometheus,
      dataDir: path.join(this.dataDir, 'prometheus'),
      // Prometheus itself would bridge five minutes: then a short rest leaves no gap.
      flags: ['--query.lookback-delta=4s'],
      config: JSON.stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: [
          { job_name: 'node_exporter', static_configs: [{ targets: [`127.0.0.1:${this.exporterPort}`] }] },
        ],
      }),
    });
  }

  async stopPrometheus(): Promise<void> {
    await this.prometheus?.stop();
    this.prometheus = undefined;
  }

  async startServer(): Promise<void> {
    this.server = await startProcess({
      name: 'promkeep serve',
      command: process.execPath,
      args: [PROGRAM, 'serve', '--config', path.join(this.dataDir, 'promkeep.yaml')],
      env: {
        ...process.env,
        PROMETHEUS_URL: `http://127.0.0.1:${this.ports.prometheus}`,
        PROMKEEP_DATABASE_URL: this.databaseUrl,
        PROMKEEP_PORT: String(this.ports.server),
      },
    });
    await waitUntilReady('promkeep serve', this.server, () => answersOk(`${this.origin}/healthz`));
  }

  /** Another `promkeep serve` on the same Prometheus, without an archive. */
  async startPlainServer(): Promise<string> {
    const port = await freePort();
    const config = path.join(this.dataDir, 'plain.yaml');
    await writeFile(config, PLAIN_CONFIG);
    const { PROMKEEP_DATABASE_URL: _, ...env } = process.env;
    const server = await startProcess({
      name: 'promkeep serve without an archive',
      command: process.execPath,
      args: [PROGRAM, 'serve', '--config', config],
      env: { ...env, PROMETHEUS_URL: `http://127.0.0.1:${this.ports.prometheus}`, PROMKEEP_PORT: String(port) },
    });
    this.closers.push(() => server.stop());
    const origin = `http://127.0.0.1:${port}`;
    await waitUntilReady('promkeep serve without an archive', server, () => answersOk(`${origin}/healthz`));
    return origin;
  }

  async stopServer(): Promise<void> {
    await this.server?.stop();
    this.server = undefined;
  }

  async startWhatIsStopped(): Promise<void> {
    if (!this.prometheus) {
      await this.startPrometheus();
    }
    if (!this.postgres) {
      await this.startPostgres();
    }
    if (!this.server) {
      await this.startServer();
    }
  }

  /** In reverse order of starting; all of it, also when one part fails. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.closers.splice(0).reverse()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, 'The stack of the dashboard test could not be stopped cleanly.');
    }
  }
}
