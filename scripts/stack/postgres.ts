import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type ManagedProcess, startProcess, waitUntilReady } from './managedProcess';
import { onPort } from './ports';
import {
  embeddedBinDir,
  everybodyCanEnter,
  postgresUser,
  type SystemUser,
  temporaryParent,
  usableBinDir,
} from './postgresBinaries';

export interface RunningPostgres {
  /** Connection URL of the superuser, database `promkeep`. */
  url: string;
  host: string;
  port: number;
  process: ManagedProcess;
  /** Makes an empty database, gives its URL. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Kept after stop: holds `pgdata/` and `superuser-password`. Absent: a temporary cluster without fsync that goes with stop. */
  dataDir?: string;
  port?: number;
  /** Another PostgreSQL, such as `/usr/lib/postgresql/15/bin`; absent: the one npm installed. */
  binDir?: string;
  logFile?: string;
  /** Further settings, as `postgres -c name=value`. */
  settings?: Record<string, string>;
}

const HOST = '127.0.0.1';
const SUPERUSER = 'postgres';
const DATABASE = 'promkeep';
/** The demo's alert fires above 100 connections, so the usual limit of 100 would hide it. */
const MAX_CONNECTIONS = 200;

interface Cluster {
  binDir: string;
  user: SystemUser | undefined;
  root: string;
  pgdata: string;
  password: string;
  temporary: boolean;
}

/** Starts PostgreSQL on 127.0.0.1 and resolves when it takes connections. */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const cluster = await prepareCluster(options);
  try {
    return await onPort(options.port, (port) => startOn(port, cluster, options));
  } catch (error) {
    await removeTemporary(cluster);
    throw error;
  }
}

async function prepareCluster(options: PostgresOptions): Promise<Cluster> {
  const user = await postgresUser();
  const binDir = options.binDir === undefined ? await embeddedBinDir(user) : await usableBinDir(options.binDir, user);
  const temporary = options.dataDir === undefined;
  const root = options.dataDir ?? (await mkdtemp(path.join(await temporaryParent(user), 'promkeep-postgres-')));
  await mkdir(root, { recursive: true, mode: 0o711 });
  await chmod(root, 0o711);
  if (user !== undefined && !(await everybodyCanEnter(root))) {
    throw new Error(`PostgreSQL's user cannot enter ${root}; choose a directory outside of private ones.`);
  }
  const pgdata = path.join(root, 'pgdata');
  const password = await clusterPassword(root);
  const cluster = { binDir, user, root, pgdata, password, temporary };
  if (!(await exists(path.join(pgdata, 'PG_VERSION')))) {
    await initialize(cluster);
  }
  return cluster;
}

async function clusterPassword(root: string): Promise<string> {
  const file = path.join(root, 'superuser-password');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept !== '') {
    return kept;
  }
  const password = randomBytes(24).toString('base64url');
  await writeFile(file, password, { mode: 0o600 });
  return password;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false
  );
}

/** `initdb`; an interrupted earlier one leaves a directory without PG_VERSION or without a control file and is begun anew. */
async function initialize({ binDir, user, root, pgdata, password, temporary }: Cluster): Promise<void> {
  await rm(pgdata, { recursive: true, force: true });
  await mkdir(pgdata, { mode: 0o700 });
  const passwordFile = path.join(root, 'initdb-password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) {
    await chown(pgdata, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  const args = [
    '-D',
    pgdata,
    '-U',
    SUPERUSER,
    `--pwfile=${passwordFile}`,
    '-A',
    'scram-sha-256',
    '-E',
    'UTF8',
    '--no-locale',
  ];
  try {
    await promisify(execFile)(path.join(binDir, 'initdb'), temporary ? [...args, '--no-sync'] : args, {
      ...user,
      cwd: '/',
    });
  } catch (error) {
    await rm(pgdata, { recursive: true, force: true });
    const output = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`initdb failed: ${output || String(error)}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function startOn(port: number, cluster: Cluster, options: PostgresOptions): Promise<RunningPostgres> {
  await removeStaleLock(cluster.pgdata);
  const settings: Record<string, string> = {
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(MAX_CONNECTIONS),
    timezone: 'UTC',
    ...(cluster.temporary
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '32MB' }
      : {}),
    ...options.settings,
  };
  const managed = await startProcess({
    name: 'PostgreSQL',
    command: path.join(cluster.binDir, 'postgres'),
    args: ['-D', cluster.pgdata, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: '/',
    user: cluster.user,
    // Fast shutdown: open transactions are rolled back, clients are disconnected, data is flushed.
    stopSignal: 'SIGINT',
    stopTimeoutMs: 20_000,
    logFile: options.logFile,
  });
  const urlOf = (database: string): string => `postgres://${SUPERUSER}:${cluster.password}@${HOST}:${port}/${database}`;
  await waitUntilReady('PostgreSQL', managed, () => canConnect(urlOf('postgres')));
  await createDatabase(urlOf('postgres'), DATABASE);
  return {
    url: urlOf(DATABASE),
    host: HOST,
    port,
    process: managed,
    createDatabase: async (name) => {
      await createDatabase(urlOf('postgres'), name);
      return urlOf(name);
    },
    stop: async () => {
      await managed.stop();
      await removeTemporary(cluster);
    },
  };
}

/**
 * `postmaster.pid` of a server that was killed. PostgreSQL removes it itself unless its pid belongs to a living process by
 * now, as happens after a reboot or in a new container; such a process is no postmaster of this directory.
 */
async function removeStaleLock(pgdata: string): Promise<void> {
  const file = path.join(pgdata, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!Number.isInteger(pid) || pid <= 0) {
    return;
  }
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const onLinux = process.platform === 'linux';
  if (onLinux && !commandLine.includes(pgdata)) {
    await rm(file, { force: true });
  }
}

async function canConnect(url: string): Promise<boolean> {
  await withClient(url, (client) => client.query('SELECT 1'));
  return true;
}

async function createDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      // As docs/sql.md says: `metrics_data` is found by its plain name, by every role.
      await client.query(`ALTER DATABASE ${client.escapeIdentifier(name)} SET search_path = promkeep, public`);
    }
  });
}

/** Runs `use` on a connection of its own. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A server that stops while a statement runs ends the connection a second time, after the statement has failed.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function removeTemporary(cluster: Cluster): Promise<void> {
  if (cluster.temporary) {
    await rm(cluster.root, { recursive: true, force: true, maxRetries: 3 });
  }
}
