import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** A TCP port nobody listens on at 127.0.0.1 at this moment. */
export async function freePort(): Promise<number> {
  return listenOnce(0);
}

/** Whether a program could listen on this port of 127.0.0.1 now. */
export async function portIsFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false
  );
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      const chosen = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(chosen));
    });
  });
}

/**
 * Starts something on `port`, or on a free one. Between finding a free port and using it another program may take it, so
 * without a fixed port an "address in use" is tried again with another.
 */
export async function onPort<T>(port: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  if (port !== undefined) {
    if (!(await portIsFree(port))) {
      throw new Error(`Port ${port} of ${LOOPBACK} is taken by another program (address already in use).`);
    }
    return start(port);
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      const inUse = error instanceof Error && /address already in use/i.test(error.message);
      if (!inUse || attempt === 3) {
        throw error;
      }
    }
  }
}
