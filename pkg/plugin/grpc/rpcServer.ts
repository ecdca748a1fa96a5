import http2 from 'node:http2';
import { LOOK_MS } from '../../core/readerProgress';
import { RpcCall } from './rpcCall';
import { type RpcMethod } from './rpcHandler';
import { ANSWER_HEADERS, failureTrailer, RpcFailure, STATUS } from './rpcStatus';

export interface RpcServerOptions {
  maxRequestBytes: number;
  /** Encrypts, and wants to see a certificate of the client; PEM. Absent: neither. */
  protection?: { key: string; certificate: string; clientAuthority: string };
}

/** What a client may send of one request, and of all, before it hears that it arrived. */
const STREAM_WINDOW_BYTES = 1 << 20;
const CONNECTION_WINDOW_BYTES = 16 << 20;
/** More headers than any request of Grafana has by far. */
const MAX_HEADER_BYTES = 256 * 1024;
/** Node's 10 MB for all streams of a connection would refuse new calls while one large answer waits to be read. */
const MAX_SESSION_MEGABYTES = 1 << 20;

/** A gRPC server for one kind of client: grpc-go on this machine (docs/adr/0024). HTTP/2 is Node's. */
export class RpcServer {
  private readonly methods = new Map<string, RpcMethod>();
  private readonly sessions = new Set<http2.ServerHttp2Session>();
  private readonly running = new Set<RpcCall>();
  private looking: NodeJS.Timeout | undefined;
  private readonly server: http2.Http2Server | http2.Http2SecureServer;

  constructor(private readonly options: RpcServerOptions) {
    const { protection } = options;
    const http2Options: http2.ServerOptions = {
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: MAX_HEADER_BYTES },
      maxSessionMemory: MAX_SESSION_MEGABYTES,
    };
    this.server = protection
      ? http2.createSecureServer({
          ...http2Options,
          key: protection.key,
          cert: protection.certificate,
          ca: protection.clientAuthority,
          requestCert: true,
          rejectUnauthorized: true,
          minVersion: 'TLSv1.2',
        })
      : http2.createServer(http2Options);
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
      stream.resume();
      return;
    }
    const call = new RpcCall(stream, method, headers, {
      maxRequestBytes: this.options.maxRequestBytes,
      onGone: (gone) => this.running.delete(gone),
    });
    this.running.add(call);
  }
}
