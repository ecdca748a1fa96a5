import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startExporter, startNodeExporter, startPostgresExporter } from './exporters';
import { findGrafana, type GrafanaProgram, startGrafana } from './grafana';
import {
  answersOk,
  crashError,
  interruptProcesses,
  type ManagedProcess,
  startProcess,
  waitUntilReady,
} from './managedProcess';
import { choosePort, type PortWish } from './portChoice';
import {
  CUSTOM_EXPORTER,
  GRAFANA,
  NODE_EXPORTER,
  POSTGRES,
  POSTGRES_EXPORTER,
  PROMETHEUS,
  READER,
  SERVE,
} from './portWishes';
import { startPostgres } from './postgres';
import { findOnPath } from './programs';
import { startPrometheus } from './prometheus';
import { localPrometheusFiles, localReaderConfig } from './prometheusConfig';
import { ensureRoles, type RoleUrls } from './roles';
import { openStateDir, type StateDir, takeLock } from './stateDir';
import { awaitFirstValues } from './firstValues';

/** What ends the stack: a signal, or a program that ended by itself. */
type Ending = { signal: NodeJS.Signals } | { crash: Error };

interface Stack {
  root: string;
  state: StateDir;
  ports: Set<number>;
  addresses: Record<string, string>;
  closers: Array<{ name: string; close(): Promise<void> }>;
  /** Aborted when the stack is to end. */
  ending: AbortController;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs everything until Ctrl-C or until a part of it ends; gives the exit code. Nothing is left running afterwards. */
export async function runStack(root: string): Promise<number> {
  const release = await takeLock(root);
  const state = await openStateDir(root);
  const addressFile = path.join(state.dir, 'addresses.json');
  await rm(addressFile, { force: true });
  const stack: Stack = { root, state, ports: new Set(), addresses: {}, closers: [], ending: new AbortController() };
  const stopListening = listenForEnd(stack);
  try {
    await startAll(stack);
    await writeFile(addressFile, `${JSON.stringify(stack.addresses, null, 2)}\n`, { mode: 0o600 });
    printTable(stack.addresses);
    await awaitFirstValues(stack.addresses.dashboard, say, stack.ending.signal);
    await untilEnd(stack.ending.signal);
  } catch (error) {
    end(stack, { crash: error instanceof Error ? error : new Error(String(error)) });
  } finally {
    await rm(addressFile, { force: true });
    await closeAll(stack);
    await release();
    stopListening();
  }
  return report(stack.ending.signal.reason);
}

function end(stack: Stack, ending: Ending): void {
  if (!stack.ending.signal.aborted) {
    stack.ending.abort(ending);
  }
}

function listenForEnd(stack: Stack): () => void {
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!stack.ending.signal.aborted) {
      say('\nStopping …');
      end(stack, { signal });
      interruptProcesses();
    }
  };
  signals.forEach((signal) => process.on(signal, onSignal));
  const timer = watchParent(() => onSignal('SIGHUP'));
  return () => {
    signals.forEach((signal) => process.off(signal, onSignal));
    clearInterval(timer);
  };
}

/** npm that is killed cannot pass it on; a start without npm may outlive its shell (nohup). Also keeps Node from ending. */
function watchParent(onGone: () => void): NodeJS.Timeout {
  const parent = process.ppid;
  const byNpm = process.env.npm_lifecycle_event === 'start';
  return setInterval(() => {
    if (byNpm && process.ppid !== parent) {
      onGone();
    }
  }, 1_000);
}

function untilEnd(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function closeAll({ closers }: Stack): Promise<void> {
  for (const { name, close } of closers.reverse()) {
    await close().catch((error: unknown) => say(`${name}: ${String(error)}`));
  }
}

function report(ending: Ending): number {
  if ('crash' in ending) {
    process.stderr.write(`\n${ending.crash.message}\nEverything was stopped. Logs: .promkeep/logs\n`);
    return 1;
  }
  say('Stopped.');
  return 0;
}

// --- the parts, in the order in which they need each other -----------------------------------------------------------

async function startAll(stack: Stack): Promise<void> {
  const { addresses } = stack;
  const database = await providePostgres(stack);
  const targets: Record<string, string> = {};
  targets.node_exporter = await exporter(stack, NODE_EXPORTER, (port, logFile) =>
    startNodeExporter({ port, logFile, command: findOnPath(['prometheus-node-exporter', 'node_exporter']) })
  );
  targets.postgresql_exporter = await exporter(stack, POSTGRES_EXPORTER, (port, logFile) =>
    startPostgresExporter({
      port,
      logFile,
      dataSource: database.monitor,
      command: findOnPath(['prometheus-postgres-exporter', 'postgres_exporter']),
    })
  );
  targets.custom_app = await exporter(stack, CUSTOM_EXPORTER, (port, logFile) =>
    startExporter(
      { port, logFile },
      {
        name: 'custom exporter',
        command: process.execPath,
        args: (chosen) => [path.join(stack.root, 'dist/promkeep/exporter.js'), '--port', String(chosen)],
      }
    )
  );
  const servePort = await portFor(stack, SERVE);
  targets.promkeep = `127.0.0.1:${servePort}`;
  const grafana = await planGrafana(stack);
  if (grafana) {
    targets.promkeep_plugin = `127.0.0.1:${grafana.port}`;
  }
  await providePrometheus(stack, targets);
  await provideReader(stack, servePort);
  await startServe(stack, database.owner, servePort);
  addresses.postgres = database.owner;
  if (grafana) {
    await provideGrafana(stack, grafana, database.owner);
  }
}

const portFor = (stack: Stack, wish: PortWish): Promise<number> => choosePort(wish, process.env, stack.ports, say);
const logOf = (stack: Stack, name: string): string => path.join(stack.state.logs, `${name}.log`);

/** Says what is going on; refuses to begin with anything once the stack is to end. */
function beginStep(stack: Stack, what: string): void {
  stack.ending.signal.throwIfAborted();
  say(`Starting ${what} …`);
}

/** From here on the program belongs to the stack: it is stopped with it, and its end is the end of everything. */
function adopt(stack: Stack, name: string, managed: ManagedProcess, close: () => Promise<void>): void {
  stack.closers.push({ name, close });
  void managed.exited.then((code) => end(stack, { crash: crashError(name, code, managed.output()) }));
}

async function providePostgres(stack: Stack): Promise<RoleUrls> {
  const own = process.env.PROMKEEP_DATABASE_URL;
  if (own) {
    // Roles in somebody's server are not ours to make.
    const monitor = process.env.PROMKEEP_MONITOR_DATABASE_URL;
    say(
      `Using your PostgreSQL; its exporter connects ${monitor ? 'with PROMKEEP_MONITOR_DATABASE_URL' : 'as the same role'}.`
    );
    return { owner: own, monitor: monitor || own };
  }
  beginStep(stack, 'PostgreSQL');
  const postgres = await startPostgres({
    dataDir: stack.state.postgres,
    port: await portFor(stack, POSTGRES),
    logFile: logOf(stack, 'postgres'),
  });
  adopt(stack, 'PostgreSQL', postgres.process, postgres.stop);
  return ensureRoles(postgres.url, stack.state.secrets);
}

/** Starts one exporter; gives its `host:port`. */
async function exporter(
  stack: Stack,
  wish: PortWish,
  start: (
    port: number,
    logFile: string
  ) => Promise<{ url: string; port: number; process: ManagedProcess; stop(): Promise<void> }>
): Promise<string> {
  beginStep(stack, wish.what);
  const name = wish.what.replace(/^the /, '');
  const key = wish.variable.replace(/_PORT$/, '').toLowerCase();
  const running = await start(await portFor(stack, wish), logOf(stack, key));
  adopt(stack, name, running.process, running.stop);
  stack.addresses[key] = running.url;
  return `127.0.0.1:${running.port}`;
}

async function providePrometheus(stack: Stack, targets: Record<string, string>): Promise<void> {
  const own = process.env.PROMETHEUS_URL;
  if (own) {
    stack.addresses.prometheus = own;
    say('Using your Prometheus. The four values need these targets in it:');
    Object.entries(targets).forEach(([job, target]) => say(`  ${job}: ${target}`));
    return;
  }
  beginStep(stack, 'Prometheus');
  const port = await portFor(stack, PROMETHEUS);
  const dir = path.join(stack.root, 'provisioning/prometheus');
  const prometheus = await startPrometheus({
    ...(await localPrometheusFiles(dir, { ...targets, prometheus: `127.0.0.1:${port}` })),
    port,
    dataDir: path.join(stack.state.dir, 'prometheus'),
    configDir: path.join(stack.state.dir, 'prometheus-config'),
    logFile: logOf(stack, 'prometheus'),
  });
  adopt(stack, 'Prometheus', prometheus.process, prometheus.stop);
  stack.addresses.prometheus = prometheus.url;
}

/** Evaluates PromQL over the archive; nothing is stored in it, so that what it says is the archive's. */
async function provideReader(stack: Stack, servePort: number): Promise<void> {
  beginStep(stack, READER.what);
  const dir = path.join(stack.root, 'provisioning/prometheus');
  const reader = await startPrometheus({
    config: await localReaderConfig(dir, `http://127.0.0.1:${servePort}/api/v1/read`),
    port: await portFor(stack, READER),
    logFile: logOf(stack, 'reader'),
  });
  adopt(stack, 'the reader Prometheus', reader.process, reader.stop);
  stack.addresses.reader = reader.url;
}

async function startServe(stack: Stack, databaseUrl: string, port: number): Promise<void> {
  beginStep(stack, 'promkeep serve');
  const managed = await startProcess({
    name: 'promkeep serve',
    command: process.execPath,
    args: [
      path.join(stack.root, 'dist/promkeep/promkeep.js'),
      'serve',
      '--config',
      path.join(stack.root, 'provisioning/promkeep/promkeep.yaml'),
    ],
    env: {
      ...process.env,
      PROMETHEUS_URL: stack.addresses.prometheus,
      PROMKEEP_ENGINE_URL: stack.addresses.reader,
      PROMKEEP_DATABASE_URL: databaseUrl,
      PROMKEEP_HOST: '127.0.0.1',
      PROMKEEP_PORT: String(port),
    },
    logFile: logOf(stack, 'promkeep'),
  });
  adopt(stack, 'promkeep serve', managed, () => managed.stop());
  await waitUntilReady('promkeep serve', managed, () => answersOk(`http://127.0.0.1:${port}/healthz`));
  stack.addresses.dashboard = `http://127.0.0.1:${port}/dashboard`;
  stack.addresses.prometheus_api = `http://127.0.0.1:${port}`;
  stack.addresses.summary = `http://127.0.0.1:${port}/api/metrics/summary`;
}

/** Where Grafana will be, if there is one: Prometheus, which starts before it, scrapes the plugin in it. */
async function planGrafana(stack: Stack): Promise<{ program: GrafanaProgram; port: number } | undefined> {
  const program = findGrafana();
  if (program === undefined) {
    say('No Grafana here (not on PATH, no GRAFANA_HOME): going on without.');
    return undefined;
  }
  return { program, port: await portFor(stack, GRAFANA) };
}

async function provideGrafana(
  stack: Stack,
  { program, port }: { program: GrafanaProgram; port: number },
  databaseUrl: string
): Promise<void> {
  beginStep(stack, 'Grafana (its first start takes a while)');
  const managed = await startGrafana(program, {
    root: stack.root,
    port,
    dataDir: path.join(stack.state.dir, 'grafana'),
    adminPassword: stack.state.secrets.grafanaPassword,
    prometheusUrl: stack.addresses.prometheus,
    promkeepUrl: stack.addresses.prometheus_api,
    databaseUrl,
    logFile: logOf(stack, 'grafana'),
  });
  adopt(stack, 'Grafana', managed, () => managed.stop());
  Object.assign(stack.addresses, {
    grafana: `http://127.0.0.1:${port}`,
    grafana_user: 'admin',
    grafana_password: stack.state.secrets.grafanaPassword,
  });
}

/** Passwords stay in the file that only the owner can read. */
function printTable(addresses: Record<string, string>): void {
  const rows = Object.entries(addresses).filter(([key]) => !key.startsWith('grafana_'));
  say('');
  for (const [key, address] of rows) {
    say(`  ${key.padEnd(20)}${withoutPassword(address)}`);
  }
  say('\n  Passwords and the same addresses: .promkeep/addresses.json    Logs: .promkeep/logs    Stop: Ctrl-C\n');
}

function withoutPassword(address: string): string {
  const url = new URL(address);
  url.password = url.password ? '***' : '';
  return url.href.replace(/\/$/, '');
}
