import { existsSync, realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { DATASOURCE_PLUGIN_ID, PANEL_PLUGIN_ID } from '../../src/contract/pluginIds';
import { answersOk, type ManagedProcess, startProcess, waitUntilReady } from './managedProcess';
import { findOnPath } from './programs';

export interface GrafanaOptions {
  /** The checkout: its `dist/` and `provisioning/` are used as they lie. */
  root: string;
  port: number;
  /** Database and logs of Grafana, kept between runs. */
  dataDir: string;
  adminPassword: string;
  prometheusUrl: string;
  /** Address of `promkeep serve`, where Prometheus' own API is. */
  promkeepUrl: string;
  /** Connection URL of the archive. */
  databaseUrl: string;
  logFile: string;
}

export interface GrafanaProgram {
  command: string;
  home: string;
}

/** `GRAFANA_HOME`, else the `grafana` on PATH; `undefined` when there is none. */
export function findGrafana(): GrafanaProgram | undefined {
  const home = process.env.GRAFANA_HOME;
  const onPath = findOnPath(['grafana']);
  if (home) {
    const own = path.join(home, 'bin', 'grafana');
    const command = existsSync(own) ? own : onPath;
    if (command === undefined) {
      throw new Error(`There is no bin/grafana in GRAFANA_HOME (${home}).`);
    }
    return { command, home };
  }
  if (onPath === undefined) {
    return undefined;
  }
  const beside = path.resolve(realpathSync(onPath), '../..');
  const homes = [beside, '/usr/share/grafana'];
  const found = homes.find((candidate) => existsSync(path.join(candidate, 'conf', 'defaults.ini')));
  return found === undefined ? undefined : { command: onPath, home: found };
}

export async function startGrafana(program: GrafanaProgram, options: GrafanaOptions): Promise<ManagedProcess> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const managed = await startProcess({
    name: 'Grafana',
    command: program.command,
    args: ['server', '--homepath', program.home],
    cwd: program.home,
    env: { ...process.env, ...grafanaEnvironment(options) },
    logFile: options.logFile,
  });
  // The first start creates its database, which took 40 s on a busy machine with two cores.
  await waitUntilReady('Grafana', managed, () => answersOk(`http://127.0.0.1:${options.port}/api/health`), 180_000);
  return managed;
}

function grafanaEnvironment(options: GrafanaOptions): Record<string, string> {
  const archive = new URL(options.databaseUrl);
  return {
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_SERVER_HTTP_PORT: String(options.port),
    GF_PATHS_DATA: options.dataDir,
    GF_PATHS_LOGS: path.join(options.dataDir, 'log'),
    GF_PATHS_PLUGINS: path.join(options.root, 'dist'),
    GF_PATHS_PROVISIONING: path.join(options.root, 'provisioning'),
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: `${DATASOURCE_PLUGIN_ID},${PANEL_PLUGIN_ID}`,
    // Grafana would fetch other plugins, and announce itself, over the network.
    GF_PLUGINS_PREINSTALL_DISABLED: 'true',
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    GF_NEWS_NEWS_FEED_ENABLED: 'false',
    GF_SECURITY_ADMIN_PASSWORD: options.adminPassword,
    PROMETHEUS_URL: options.prometheusUrl,
    PROMKEEP_URL: options.promkeepUrl,
    PROMKEEP_TOKEN: '',
    PROMKEEP_ARCHIVE_HOST: archive.host,
    PROMKEEP_ARCHIVE_DATABASE: decodeURIComponent(archive.pathname.slice(1)),
    PROMKEEP_ARCHIVE_USER: decodeURIComponent(archive.username),
    PROMKEEP_ARCHIVE_PASSWORD: decodeURIComponent(archive.password),
  };
}
