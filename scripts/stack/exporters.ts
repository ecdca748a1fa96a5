import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { answersOk, type ManagedProcess, startProcess, waitUntilReady } from './managedProcess';
import { onPort } from './ports';

export interface RunningExporter {
  /** Where Prometheus scrapes it, without the path `/metrics`. */
  url: string;
  port: number;
  process: ManagedProcess;
  stop(): Promise<void>;
}

export interface ExporterOptions {
  port?: number;
  logFile?: string;
}

/** Starts the node exporter (Debian's name or upstream's) on 127.0.0.1 and resolves when it gives metrics. */
export async function startNodeExporter(
  options: ExporterOptions & { command?: string } = {}
): Promise<RunningExporter> {
  return startExporter(options, {
    name: 'node exporter',
    command: options.command ?? 'prometheus-node-exporter',
    args: (port) => [`--web.listen-address=127.0.0.1:${port}`],
  });
}

/**
 * Starts the PostgreSQL exporter on 127.0.0.1.
 *
 * @param options.dataSource connection URL of a role with `pg_monitor`; passed in the environment, since everybody can read
 * command lines
 */
export async function startPostgresExporter(
  options: ExporterOptions & { dataSource: string; command?: string }
): Promise<RunningExporter> {
  const command = options.command ?? 'prometheus-postgres-exporter';
  const quiet = await withoutOldCollectors(command);
  return startExporter(options, {
    name: 'PostgreSQL exporter',
    command,
    args: (port) => [`--web.listen-address=127.0.0.1:${port}`, ...quiet],
    env: { DATA_SOURCE_NAME: withSslMode(options.dataSource) },
  });
}

/** Old versions (0.11 is Debian 12's) ask for columns that PostgreSQL 17 has moved, and log an error at each scrape. */
async function withoutOldCollectors(command: string): Promise<string[]> {
  const help = await promisify(execFile)(command, ['--help']).catch((error: unknown) => Object(error));
  return `${help.stdout}${help.stderr}`.includes('--collector.bgwriter') ? ['--no-collector.bgwriter'] : [];
}

/** The exporter's driver demands TLS unless told otherwise, other clients do not. */
function withSslMode(dataSource: string): string {
  const url = new URL(dataSource);
  if (!url.searchParams.has('sslmode')) {
    url.searchParams.set('sslmode', 'disable');
  }
  return url.href;
}

interface ExporterProgram {
  name: string;
  command: string;
  args(port: number): string[];
  env?: Record<string, string>;
}

/** Starts a program that serves `/metrics`, and resolves when it does. */
export async function startExporter(options: ExporterOptions, program: ExporterProgram): Promise<RunningExporter> {
  return onPort(options.port, async (port) => {
    const managed = await startProcess({
      name: program.name,
      command: program.command,
      args: program.args(port),
      env: { ...process.env, ...program.env },
      logFile: options.logFile,
    });
    const url = `http://127.0.0.1:${port}`;
    await waitUntilReady(program.name, managed, () => answersOk(`${url}/metrics`));
    return { url, port, process: managed, stop: () => managed.stop() };
  });
}
