import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PoolClient } from 'pg';
import { type ArchiveConnection } from './connection';

const CANCEL_REQUEST_CODE = 80_877_102;
const GRACE_MS = 2_000;

/**
 * Asks the server to stop what this connection is running, by the protocol's CancelRequest (poolers understand it, while
 * `pg_cancel_backend` would need the pid behind the pooler). Where that has no effect the socket is cut.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancelRunningStatement(client: PoolClient, { host, port }: ArchiveConnection): Promise<void> {
  // `pg` keeps the key to itself; the fields have had these names since its first versions.
  const { processID, secretKey, connection } = client as unknown as Partial<ClientInternals>;
  if (typeof processID === 'number' && typeof secretKey === 'number') {
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    socket.setTimeout(GRACE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.end(cancelMessage(processID, secretKey));
  }
  await sleep(GRACE_MS, undefined, { ref: false });
  if ((client as unknown as Partial<ClientInternals>)._activeQuery) {
    connection?.stream?.destroy();
  }
}

function cancelMessage(processId: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  message.writeInt32BE(processId, 8);
  message.writeInt32BE(secretKey, 12);
  return message;
}

interface ClientInternals {
  processID: number;
  secretKey: number;
  _activeQuery: unknown;
  connection: { stream: { destroy(): void } };
}

/** `pg` offers no public way to cut a connection at once; `end()` waits for the running query. */
export function destroySocket(client: PoolClient): void {
  (client as unknown as Partial<ClientInternals>).connection?.stream?.destroy();
}
