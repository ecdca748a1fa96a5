import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { PromkeepError } from '../../core/model/errors';

export const MAGIC_COOKIE_NAME = 'grafana_plugin_type';
const MAGIC_COOKIE = 'datasource';
const CORE_PROTOCOL = 1;
const APP_PROTOCOL = 2;
/** `sun_path` holds 108 bytes on Linux and 104 on macOS, a NUL among them. */
const MAX_SOCKET_PATH_BYTES = 103;

/** What Grafana says through the environment; `undefined` where a variable is not set. */
export interface HostVariables {
  /** `grafana_plugin_type` */
  magicCookie: string | undefined;
  /** `PLUGIN_PROTOCOL_VERSIONS` */
  protocolVersions: string | undefined;
  /** `PLUGIN_UNIX_SOCKET_DIR` */
  socketDir: string | undefined;
  /** `PLUGIN_MULTIPLEX_GRPC` */
  multiplex: string | undefined;
  /** `PLUGIN_CLIENT_CERT` */
  clientCert: string | undefined;
}

/**
 * Throws `SETTINGS_INVALID` with a text for whoever started the program when that was not a host this plugin can talk to.
 */
export function checkHost(variables: HostVariables): void {
  if (variables.magicCookie !== MAGIC_COOKIE) {
    throw new PromkeepError(
      'SETTINGS_INVALID',
      'This is a Grafana plugin: Grafana starts it. To use Promkeep by hand, see --help.'
    );
  }
  const offered = (variables.protocolVersions ?? String(APP_PROTOCOL)).split(',').map((version) => version.trim());
  if (!offered.includes(String(APP_PROTOCOL))) {
    throw new PromkeepError(
      'SETTINGS_INVALID',
      `The host offers plugin protocol ${offered.join(', ')}; this plugin speaks 2`
    );
  }
}

/**
 * @param certificate DER, with AutoMTLS only
 * @returns the one line the host waits for, `\n` included
 */
export function handshakeLine(socketPath: string, variables: HostVariables, certificate?: Buffer): string {
  // go-plugin decodes without padding, and fails on it
  const encoded = certificate?.toString('base64').replaceAll('=', '') ?? '';
  const parts = [CORE_PROTOCOL, APP_PROTOCOL, 'unix', socketPath, 'grpc', encoded];
  if (variables.multiplex) {
    parts.push('false');
  }
  return parts.join('|') + '\n';
}

/** Where the socket will be, and how to remove all traces of it. */
export interface SocketPlace {
  path: string;
  remove(): void;
}

/**
 * A new path for the socket. In the directory the host names, or in one of its own that only this user may enter: a socket's
 * own mode depends on the umask.
 *
 * @param tmpDir the system's directory for temporary files
 */
export function reserveSocket(socketDir: string | undefined, tmpDir: string): SocketPlace {
  const ownDir = socketDir ? undefined : fs.mkdtempSync(path.join(tmpDir, 'promkeep-'));
  const socket = path.join(socketDir ?? ownDir ?? tmpDir, `plugin${randomBytes(4).toString('hex')}`);
  const remove = (): void => {
    fs.rmSync(socket, { force: true });
    if (ownDir) {
      fs.rmSync(ownDir, { force: true, recursive: true });
    }
  };
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) {
    remove();
    throw new PromkeepError(
      'SETTINGS_INVALID',
      `The directory for the plugin's socket has too long a name (${Buffer.byteLength(socket)} bytes with the socket, ` +
        `${MAX_SOCKET_PATH_BYTES} are possible): set TMPDIR to a shorter one`
    );
  }
  return { path: socket, remove };
}
