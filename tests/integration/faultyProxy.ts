import { connect, createServer, type Server, type Socket } from 'node:net';

export interface FaultyProxy {
  port: number;
  /** Lets the next COMMIT reach the server and swallows its answer. */
  loseNextCommitAnswer(): void;
  /** Cuts the connection in place of passing the next COMMIT on. */
  cutBeforeNextCommit(): void;
  /** Lets the next COPY reach the server to its end and swallows the answer. */
  loseNextCopyAnswer(): void;
  /** Passes nothing on from the beginning of the next COPY, and cuts nothing either. */
  stallNextCopy(): void;
  /** Whether what was asked for has happened. */
  lost(): boolean;
  /** Where new connections go from now on; those that are there are cut. */
  target(port: number): void;
  stop(): void;
}

type Mode = 'pass' | 'lose' | 'cut' | 'lose copy' | 'stall';

/**
 * A TCP proxy before PostgreSQL that fails on purpose. `COMMIT` is a simple query, and a command's tag comes as text, so both
 * are in the stream as they are.
 */
export async function startFaultyProxy(port: number, firstTarget: number): Promise<FaultyProxy> {
  let mode: Mode = 'pass';
  let target = firstTarget;
  let done = false;
  const sockets = new Set<Socket>();
  const cutAll = (): void => sockets.forEach((socket) => socket.destroy());
  const strike = (): void => {
    done = true;
    mode = 'pass';
  };
  const proxy: Server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    let losing = false;
    let stalled = false;
    const both = [inner, outer];
    both.forEach((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        both.forEach((one) => one.destroy());
      });
    });
    inner.on('data', (bytes) => {
      if ((mode === 'lose' || mode === 'cut') && bytes.includes('COMMIT\0')) {
        losing = mode === 'lose';
        strike();
        if (!losing) {
          both.forEach((one) => one.destroy());
          return;
        }
      }
      if (mode === 'stall' && bytes.includes('COPY ')) {
        stalled = true;
        strike();
      }
      if (!stalled) {
        outer.write(bytes);
      }
    });
    outer.on('data', (bytes) => {
      if (mode === 'lose copy' && /COPY [1-9]\d*\0/.test(bytes.toString('latin1'))) {
        losing = true;
        strike();
      }
      if (losing) {
        both.forEach((one) => one.destroy());
      } else {
        inner.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
  const address = proxy.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    loseNextCommitAnswer: () => (mode = 'lose'),
    cutBeforeNextCommit: () => (mode = 'cut'),
    loseNextCopyAnswer: () => (mode = 'lose copy'),
    stallNextCopy: () => (mode = 'stall'),
    lost: () => done,
    target: (next) => {
      target = next;
      cutAll();
    },
    stop: () => {
      proxy.close();
      cutAll();
    },
  };
}
