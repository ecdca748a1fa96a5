import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';

/** A request as it arrived. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** An HTTP server on 127.0.0.1 that behaves as a test wants, which a real Prometheus cannot be made to do. */
export interface RudeServer {
  url: string;
  host: string;
  seen: Seen[];
  /** Connections accepted so far. */
  connections(): number;
  stop(): Promise<void>;
}

export type Behaviour = (request: Seen, response: ServerResponse, socket: Socket) => void;

export async function startRudeServer(behave: Behaviour, tls?: ServerOptions): Promise<RudeServer> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      behave(one, response, socket);
    });
  };
  const server = tls ? createTlsServer(tls, listen) : createServer(listen);
  server.keepAliveTimeout = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${tls ? 'https' : 'http'}://${host}`,
    host,
    seen,
    connections: () => connections,
    async stop() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Asks a real Prometheus what a rude one was asked. */
export async function forwardTo(
  target: string,
  { method, url, headers, body }: Seen
): Promise<{ status: number; text: string }> {
  const type = headers['content-type'];
  const response = await fetch(`${target}${url}`, {
    method,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    ...(method === 'POST' ? { body } : {}),
  });
  return { status: response.status, text: await response.text() };
}
