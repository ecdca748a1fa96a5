import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { type ManagedProcess, startProcess, waitUntilReady } from '../../scripts/stack/managedProcess';
import { freePort } from '../../scripts/stack/ports';

const POOLER = '/usr/sbin/pgbouncer';
export const hasPooler = existsSync(POOLER);

export interface RunningPooler {
  /** Of the database `promkeep`. */
  url: string;
  process: ManagedProcess;
  /** Ends it at once and starts it again on its port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * pgbouncer in transaction mode before a server.
 *
 * @param poolSize connections to the server, for all clients together
 */
export async function startPooler(target: string, poolSize = 2): Promise<RunningPooler> {
  const folder = await mkdtemp('/tmp/promkeep-pgbouncer-');
  await chmod(folder, 0o755);
  const server = new URL(target);
  const port = await freePort();
  const config = `[databases]
promkeep = host=127.0.0.1 port=${server.port} dbname=promkeep user=${server.username} password=${server.password} pool_size=${poolSize}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
`;
  await writeFile(`${folder}/pgbouncer.ini`, config, { mode: 0o644 });
  const start = async (): Promise<ManagedProcess> => {
    const asUser = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
    const started = await startProcess({
      name: 'pgbouncer',
      command: POOLER,
      args: [...asUser, `${folder}/pgbouncer.ini`],
    });
    await waitUntilReady('pgbouncer', started, () => accepts(port));
    return started;
  };
  let wanted = true;
  /** Its folder must not go while it starts. */
  let starting: Promise<void> = Promise.resolve();
  /** As its service does: version 1.18 was seen to end by itself, once in some ten runs, after a paused client had gone on. */
  const keepUp = (running: ManagedProcess): ManagedProcess => {
    void running.exited.then((code) => {
      if (wanted && pooler.process === running) {
        process.stderr.write(
          `pgbouncer ended by itself (${code}) and is started again: ${running.output().slice(-500)}\n`
        );
        starting = start().then((again) => {
          pooler.process = keepUp(again);
        });
      }
    });
    return running;
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await starting;
    wanted = false;
    await pooler.process.stop(signal);
  };
  const pooler: RunningPooler = {
    url: `postgres://anybody@127.0.0.1:${port}/promkeep`,
    process: await start(),
    async restart() {
      await end('SIGKILL');
      pooler.process = await start();
      wanted = true;
      keepUp(pooler.process);
    },
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
  keepUp(pooler.process);
  return pooler;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(() => resolve(true)));
    socket.on('error', () => resolve(false));
  });
}
