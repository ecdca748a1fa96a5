// `npm start`: Promkeep with everything it needs, without Docker. This file runs before any npm package is there; the rest is
// scripts/stack/runStack.ts. scripts/run.mjs sees to a Node that is new enough.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { whyBuild } from './distState.mjs';
import { installNpmPackages, packagesAreInstalled } from './npmPackages.mjs';
import { runQuietly } from './runProgram.mjs';
import { canInstall, findProgram, installLine, installPackages } from './systemPackages.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const USAGE = `npm start [-- --no-install]

Starts PostgreSQL, Prometheus, a second one that reads from the archive, node exporter, PostgreSQL exporter, a custom exporter and promkeep serve, and Grafana if one is
here; all on 127.0.0.1. Ctrl-C stops everything. Addresses: .promkeep/addresses.json, logs: .promkeep/logs.

  --no-install            install no system packages
  PROMKEEP_DATABASE_URL   use this PostgreSQL     PROMETHEUS_URL  use this Prometheus
  PROMETHEUS_BIN          this Prometheus binary  GRAFANA_HOME    this Grafana
  PROMKEEP_STATE_DIR      keep data, logs and addresses.json there instead of in .promkeep
  PROMKEEP_PORT, POSTGRES_PORT, PROMETHEUS_PORT, READER_PORT, NODE_EXPORTER_PORT, POSTGRES_EXPORTER_PORT, CUSTOM_EXPORTER_PORT, GRAFANA_PORT
                          fixed ports; without them a free one is taken when the usual one is in use
`;

const PROGRAMS = [
  { package: 'prometheus', names: ['prometheus'], unless: ['PROMETHEUS_URL', 'PROMETHEUS_BIN'] },
  {
    package: 'prometheus-node-exporter',
    names: ['prometheus-node-exporter', 'node_exporter'],
    unless: ['PROMETHEUS_URL'],
  },
  {
    package: 'prometheus-postgres-exporter',
    names: ['prometheus-postgres-exporter', 'postgres_exporter'],
    unless: ['PROMETHEUS_URL'],
  },
];

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(`\nnpm start: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
);

async function main() {
  const { values } = parseArgs({
    options: {
      'no-install': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  refuseSecondStart();
  await provideSystemPackages(!values['no-install']);
  if (!packagesAreInstalled(root)) {
    await installNpmPackages(root);
  }
  await build();
  const { require: requireTypescript } = await import('tsx/cjs/api');
  const { runStack } = requireTypescript('./stack/runStack.ts', import.meta.url);
  return runStack(root);
}

/** Early, before anything is built; the lock itself is taken when the stack starts. */
function refuseSecondStart() {
  const file = join(process.env.PROMKEEP_STATE_DIR || join(root, '.promkeep'), 'start.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (pid > 0 && isStart(pid)) {
    throw new Error(`Promkeep is running already in this folder (pid ${pid}). Its addresses: .promkeep/addresses.json`);
  }
}

function isStart(pid) {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self') || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.mjs');
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function provideSystemPackages(mayInstall) {
  const missing = PROGRAMS.filter(
    ({ names, unless }) => !unless.some((name) => process.env[name]) && !findProgram(...names)
  );
  if (missing.length === 0) {
    return;
  }
  const packages = missing.map((one) => one.package);
  if (!mayInstall || !canInstall()) {
    throw new Error(`These programs are missing: ${packages.join(', ')}. To install them:\n  ${installLine(packages)}`);
  }
  await installPackages(packages);
}

async function build() {
  const withGrafana = hasGrafana();
  const why = whyBuild(root, { withGrafana });
  if (why !== undefined) {
    console.log(`Building: ${why} …`);
    await runQuietly(process.execPath, ['scripts/build.mjs', '--no-executable'], { root });
  }
  if (withGrafana) {
    // Only Grafana runs the executable; without one its 100 MB are not worth the wait. Quick when it is up to date.
    console.log('Building the plugin executable, unless it is up to date …');
    await runQuietly(process.execPath, ['scripts/buildExecutable.mjs'], { root });
  }
}

function hasGrafana() {
  const home = process.env.GRAFANA_HOME;
  if (home && !(existsSync(home) && statSync(home).isDirectory())) {
    throw new Error(`GRAFANA_HOME is not a folder: ${home}`);
  }
  return Boolean(home) || findProgram('grafana') !== undefined;
}
