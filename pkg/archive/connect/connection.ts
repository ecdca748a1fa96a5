import { readFileSync } from 'node:fs';
import { type PoolConfig } from 'pg';
import { ARCHIVE_DEFAULTS, type ArchiveSslMode } from '../../../src/contract/settings';
import { PromkeepError } from '../../core/model/errors';

/** Where the archive is. `password` and `caCert` are secrets of the settings: never log this object. */
export interface ArchiveConnection {
  /** A name, an address, or the directory of a Unix socket (then it begins with `/`). */
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string;
  sslMode: ArchiveSslMode;
  /** PEM. */
  caCert?: string;
  /** Schema of the archive's tables; absent: `promkeep`, see `migrateSchema`. */
  schema?: string;
}

const DEFAULT_PORT = 5432;
const SSL_MODES: readonly ArchiveSslMode[] = ['disable', 'require', 'verify-ca', 'verify-full'];
const PARAMETERS = ['sslmode', 'sslrootcert', 'schema', 'host', 'port', 'application_name', 'connect_timeout'];

/** Host, port and database, for messages. */
export function describeConnection({ host, port, database }: ArchiveConnection): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

/**
 * Reads a connection URL: `postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=/path/ca.pem&schema=name`.
 * Throws `SETTINGS_INVALID`; no message repeats the URL, it holds the password.
 */
export function connectionFromUrl(text: string): ArchiveConnection {
  const url = parseUrl(text);
  const unknown = [...url.searchParams.keys()].filter((name) => !PARAMETERS.includes(name));
  if (unknown.length > 0) {
    throw invalid(`unknown parameter ${unknown.join(', ')}; known are ${PARAMETERS.join(', ')}`);
  }
  const user = decode(url.username, 'user');
  const host = url.searchParams.get('host') || unbracket(decode(url.hostname, 'host')) || 'localhost';
  const database = decode(url.pathname.slice(1), 'database') || user;
  if (user === '') {
    throw invalid('it names no user');
  }
  const password = decode(url.password, 'password');
  const caPath = url.searchParams.get('sslrootcert');
  return {
    host,
    port: parsePort(url.searchParams.get('port') ?? url.port),
    database,
    user,
    ...(password === '' ? {} : { password }),
    sslMode: parseSslMode(url.searchParams.get('sslmode') ?? ARCHIVE_DEFAULTS.sslMode),
    ...(caPath ? { caCert: readCa(caPath) } : {}),
    ...(url.searchParams.get('schema') ? { schema: url.searchParams.get('schema') ?? '' } : {}),
  };
}

export function parseSslMode(text: string): ArchiveSslMode {
  const mode = SSL_MODES.find((known) => known === text);
  if (mode === undefined) {
    throw invalid(`sslmode ${JSON.stringify(text)} is not supported; choose one of ${SSL_MODES.join(', ')}`);
  }
  return mode;
}

/** `''` gives PostgreSQL's own port. */
export function parsePort(text: string): number {
  const port = text === '' ? DEFAULT_PORT : Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(`${JSON.stringify(text)} is not a port`);
  }
  return port;
}

/** Settings of `pg`'s pool. TLS as libpq does it: `require` with a CA checks it, only `verify-full` checks the host's name. */
export function poolConfig(connection: ArchiveConnection): PoolConfig {
  return {
    host: connection.host,
    port: connection.port,
    database: connection.database,
    user: connection.user,
    // An empty password keeps `pg` from looking into PGPASSWORD and ~/.pgpass, which are not ours to use.
    password: connection.password ?? '',
    ssl: tlsOptions(connection),
    application_name: 'promkeep',
  };
}

function tlsOptions({ sslMode, caCert }: ArchiveConnection): PoolConfig['ssl'] {
  if (sslMode === 'disable') {
    return false;
  }
  if (sslMode === 'require' && caCert === undefined) {
    return { rejectUnauthorized: false };
  }
  const checked = { rejectUnauthorized: true, ca: caCert };
  return sslMode === 'verify-full' ? checked : { ...checked, checkServerIdentity: () => undefined };
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    // libpq allows credentials without a host, URLs do not.
    url = new URL(text.replace(/^(postgres(?:ql)?:\/\/[^/?#@]*@)(?=[/?]|$)/, '$1localhost'));
  } catch {
    // The cause would quote the URL with its password.
    throw invalid('it cannot be read as postgres://user:password@host:port/database');
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw invalid('it must begin with postgres:// or postgresql://');
  }
  return url;
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`its ${part} has a broken percent escape`);
  }
}

function unbracket(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`the CA certificate ${path} (sslrootcert) cannot be read`, cause);
  }
}

function invalid(reason: string, cause?: unknown): PromkeepError {
  return new PromkeepError('SETTINGS_INVALID', `The archive's connection is not usable: ${reason}`, { cause });
}
