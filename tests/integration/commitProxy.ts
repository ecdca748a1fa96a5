import { connect, createServer, type Socket } from 'node:net';

export interface CommitProxy {
  port: number;
  /** COMMITs that reached the server and whose answers were lost. */
  lost(): number;
  stop(): void;
}

/**
 * A TCP proxy before PostgreSQL that lets each `every`-th COMMIT through and cuts the connection in place of its answer.
 * `COMMIT` is a simple query, so its text is in the stream as it is.
 */
export async function startCommitProxy(target: number, every: number): Promise<CommitProxy> {
  let commits = 0;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    const both = [inner, outer];
    let losing = false;
    both.forEach((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => both.forEach((one) => one.destroy()));
    });
    inner.on('data', (bytes) => {
      losing ||= bytes.includes('COMMIT\0') && ++commits % every === 0;
      outer.write(bytes);
    });
    outer.on('data', (bytes) => {
      if (losing) {
        lost++;
        both.forEach((one) => one.destroy());
      } else {
        inner.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    lost: () => lost,
    stop: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}
