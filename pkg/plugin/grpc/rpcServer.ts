import { LOOK_MS } from '../../core/memory/readerProgress';
import net from 'node:net';
import tls from 'node:tls';
import { Http2Connection } from './http2Connection';
import { type Http2Stream } from './http2Stream';
import { RpcCall } from './rpcCall';
import { type RpcMethod } from './rpcHandler';
import { ANSWER_HEADERS, failureTrailer, RpcFailure, STATUS } from './rpcStatus';

export interface RpcServerOptions {
  maxRequestBytes: number;
  /** Encrypts, and wants to see a certificate of the client; PEM. Absent: neither. */
  protection?: { key: string; certificate: string; clientAuthority: string };
}

/** A gRPC server for one kind of client: grpc-go on this machine (docs/adr/0014). */
export class RpcServer {
  private readonly methods = new Map<string, RpcMethod>();
  private readonly connections = new Set<Http2Connection>();
  private readonly running = new Set<RpcCall>();
  private readonly server: net.Server;
  private looking: NodeJS.Timeout | undefined;

  constructor(private readonly options: RpcServerOptions) {
    const { protection } = options;
    const accept = (socket: net.Socket): void => this.accept(socket);
    this.server = protection
      ? tls.createServer(
          {
            key: protection.key,
            cert: protection.certificate,
            ca: protection.clientAuthority,
            requestCert: true,
            rejectUnauthorized: true,
            ALPNProtocols: ['h2'],
            minVersion: 'TLSv1.2',
          },
          accept
        )
      : net.createServer(accept);
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
    this.connections.forEach((connection) => connection.close());
    return closed;
  }

  /** Breaks off what is left. */
  destroy(): void {
    clearInterval(this.looking);
    this.connections.forEach((connection) => connection.destroy());
  }

  private endStalled(): void {
    const nowMs = performance.now();
    this.connections.forEach((connection) => connection.endStalled(nowMs));
  }

  private accept(socket: net.Socket): void {
    const connection = new Http2Connection(socket, (stream, headers) => this.begin(stream, headers));
    this.connections.add(connection);
    socket.on('close', () => this.connections.delete(connection));
  }

  private begin(stream: Http2Stream, headers: ReadonlyMap<string, string>): RpcCall | undefined {
    const path = headers.get(':path') ?? '';
    const method = this.methods.get(path);
    if (!method) {
      const failure = new RpcFailure(STATUS.unimplemented, `There is no method ${path}`);
      stream.end(Buffer.concat([ANSWER_HEADERS, failureTrailer(failure)]));
      stream.flush();
      return undefined;
    }
    const call = new RpcCall(stream, method, headers, {
      maxRequestBytes: this.options.maxRequestBytes,
      onFinish: (finished) => this.running.delete(finished),
    });
    this.running.add(call);
    return call;
  }
}
