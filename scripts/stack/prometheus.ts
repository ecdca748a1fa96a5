import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { answersOk, type ManagedProcess, startProcess, waitUntilReady } from './managedProcess';
import { onPort } from './ports';

export interface RunningPrometheus {
  url: string;
  port: number;
  process: ManagedProcess;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** The text of prometheus.yml; `rule_files` may name `files` relatively. */
  config: string;
  /** Further files beside it, by relative path. */
  files?: Record<string, string>;
  port?: number;
  /** Kept after stop; absent: a temporary directory that goes with it. */
  dataDir?: string;
  /** Where `config` and `files` are written; absent: the temporary directory. */
  configDir?: string;
  /** Further command-line flags. */
  flags?: string[];
  logFile?: string;
}

/** The Prometheus to run: `PROMETHEUS_BIN`, else the one on PATH. */
export function prometheusBinary(): string {
  return process.env.PROMETHEUS_BIN || 'prometheus';
}

/** Starts Prometheus on 127.0.0.1 and resolves when it answers queries. */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  return onPort(options.port, (port) => startOn(port, options));
}

async function startOn(port: number, options: PrometheusOptions): Promise<RunningPrometheus> {
  const workDir = await mkdtemp(path.join(os.tmpdir(), 'promkeep-prometheus-'));
  const removeWorkDir = (): Promise<void> => rm(workDir, { recursive: true, force: true, maxRetries: 3 });
  try {
    const configDir = options.configDir ?? workDir;
    await writeFiles(configDir, { 'prometheus.yml': options.config, ...options.files });
    const dataDir = options.dataDir ?? path.join(workDir, 'data');
    await mkdir(dataDir, { recursive: true });
    const managed = await startProcess({
      name: 'Prometheus',
      command: prometheusBinary(),
      args: [
        `--config.file=${path.join(configDir, 'prometheus.yml')}`,
        `--storage.tsdb.path=${dataDir}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--enable-feature=exemplar-storage',
        ...(options.flags ?? []),
      ],
      logFile: options.logFile,
    });
    const url = `http://127.0.0.1:${port}`;
    await waitUntilReady('Prometheus', managed, () => answersOk(`${url}/-/ready`));
    const stop = async (): Promise<void> => {
      await managed.stop();
      await removeWorkDir();
    };
    return { url, port, process: managed, stop };
  } catch (error) {
    await removeWorkDir();
    throw error;
  }
}

async function writeFiles(dir: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
