import http2 from 'node:http2';
import { LOOK_MS } from '../../core/memory/readerProgress';
import { RpcCall } from './rpcCall';
import { type RpcMethod } from './rpcHandler';
import { ANSWER_HEADERS, failureTrailer, RpcFailure, STATUS } from './rpcStatus';

export interface RpcServerOptions {
  maxRequestBytes: number;
  /** Encrypts, and wants to see a certificate of the client; PEM. Absent: neither. */
  protection?: { key: string; certificate: string; clientAuthority: string };
}

/** What a client may send of all its requests before it hears that it arrived. */
const CONNECTION_WINDOW_BYTES = 16 << 20;

/**
 * Node's limits are against strangers, one connection each. Here all users of a Grafana share one: a limit that ends it, or
 * refuses what is new on it, would be a means for one of them against the others. What a single call may take is limited by
 * `RpcCall`, and all answers together by the memory budget.
 */
const HTTP2_OPTIONS: http2.ServerOptions = {
  settings: {
    // of one request, before the client hears that it arrived
    initialWindowSize: 1 << 20,
    // more than any request of Grafana has by far
    maxHeaderListSize: 256 * 1024,
  },
  maxHeaderListPairs: 4_096,
  // in megabytes; by default 10, which one large answer that waits to be read exceeds
  maxSessionMemory: 1 << 20,
  // a user who leaves a dashboard cancels; by default 1,000 at once and 33 a second end the connection
  streamResetBurst: 1 << 30,
  streamResetRate: 1 << 30,
};

/** A gRPC server for one kind of client: grpc-go on this machine (docs/adr/0024). HTTP/2 is Node's. */
export class RpcServer {
  private readonly methods = new Map<string, RpcMethod>();
  private readonly sessions = new Set<http2.ServerHttp2Session>();
  private readonly running = new Set<RpcCall>();
  private readonly server: http2.Http2Server | http2.Http2SecureServer;
  private looking: NodeJS.Timeout | undefined;

  constructor(private readonly options: RpcServerOptions) {
    const { protection } = options;
    this.server = protection
      ? http2.createSecureServer({
          ...HTTP2_OPTIONS,
          key: protection.key,
          cert: protection.certificate,
          ca: protection.clientAuthority,
          requestCert: true,
          rejectUnauthorized: true,
          minVersion: 'TLSv1.2',
        })
      : http2.createServer(HTTP2_OPTIONS);
    this.server.on('session', (session: http2.ServerHttp2Session) => this.accept(session));
    this.server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) =>
      this.begin(stream, headers)
    );
  }

  add(method: RpcMethod): void {
    this.methods.set(method.path, method);
  }

  /** Rejects when there can be no socket at this path. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(path, () => {
        this.server.off('error', reject);
        this.looking = setInterval(() => this.endStalled(), LOOK_MS).unref();
        resolve();
      });
    });
  }

  /** Aborts the signals of the calls that run. */
  cancelCalls(): void {
    this.running.forEach((call) => call.cancel());
  }

  /** Takes no more calls; resolves when the last one has ended and its client knows. */
  close(): Promise<void> {
    clearInterval(this.looking);
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.sessions.forEach((session) => session.close());
    return closed;
  }

  /** Breaks off what is left. */
  destroy(): void {
    clearInterval(this.looking);
    this.sessions.forEach((session) => session.destroy());
  }

  private endStalled(): void {
    const nowMs = performance.now();
    this.running.forEach((call) => call.endIfStalled(nowMs));
  }

  private accept(session: http2.ServerHttp2Session): void {
    this.sessions.add(session);
    session.on('close', () => this.sessions.delete(session));
    session.on('error', () => session.destroy());
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  }

  private begin(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const path = headers[':path'] ?? '';
    const method = this.methods.get(path);
    // what a client does to its stream is told by `close`
    stream.on('error', () => undefined);
    if (!method) {
      const failure = new RpcFailure(STATUS.unimplemented, `There is no method ${path}`);
      stream.respond({ ...ANSWER_HEADERS, ...failureTrailer(failure) }, { endStream: true });
      // whatever it still has to say is not wanted, however long it goes on
      stream.resume().close(http2.constants.NGHTTP2_NO_ERROR);
      return;
    }
    const call = new RpcCall(stream, method, headers, {
      maxRequestBytes: this.options.maxRequestBytes,
      onGone: (gone) => this.running.delete(gone),
    });
    this.running.add(call);
  }
}
