import { type FastifyInstance } from 'fastify';
import { type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { LOOK_MS, ReaderProgress } from '../core/memory/readerProgress';

/**
 * Ends connections whose client does not take what was asked for, and those that ask again before they have their answer: an
 * answer behind another one waits in memory for as long as that one takes, behind an event stream for ever, and Node tells
 * nobody when the connection closes meanwhile. Browsers, curl, proxies and HTTP libraries wait for their answer.
 */
export function watchReplies(server: FastifyInstance): void {
  const open = new Map<ServerResponse, ReaderProgress>();
  const busy = new WeakSet<Socket>();
  server.addHook('onRequest', (request, { raw: response }, done) => {
    const { socket } = request.raw;
    if (busy.has(socket)) {
      // the request is left as it is
      socket.destroy();
      return;
    }
    busy.add(socket);
    open.set(response, new ReaderProgress());
    response.on('close', () => {
      busy.delete(socket);
      open.delete(response);
    });
    done();
  });
  const looking = setInterval(() => endStalled(open, performance.now()), LOOK_MS).unref();
  server.addHook('onClose', async () => clearInterval(looking));
}

function endStalled(open: ReadonlyMap<ServerResponse, ReaderProgress>, nowMs: number): void {
  for (const [{ socket }, progress] of open) {
    const unsentBytes = socket?.writableLength ?? 0;
    if (progress.hasStalled(unsentBytes > 0, (socket?.bytesWritten ?? 0) - unsentBytes, nowMs)) {
      socket?.destroy();
    }
  }
}

/** Calls back once when nothing is to be sent any more: the client has it all, or is gone, perhaps already. */
export function whenClosed(response: ServerResponse, listener: () => void): void {
  if (response.closed) {
    listener();
  } else {
    response.once('close', listener);
  }
}
