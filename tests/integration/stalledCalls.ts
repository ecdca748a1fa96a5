import http2 from 'node:http2';
import net from 'node:net';
import { loadProtocol } from '../../pkg/plugin/protocol';

const protocol = loadProtocol();
/** Less than any answer, so that each of them is stuck in the plugin. */
const WINDOW_BYTES = 16;

/** A client that makes calls on the plugin's socket and takes nothing of their answers: no library of gRPC would do that. */
export class StalledCalls {
  /** Calls that the plugin has ended by itself. */
  ended = 0;

  private readonly session: http2.ClientHttp2Session;

  constructor(socketPath: string) {
    this.session = http2.connect('http://plugin', {
      createConnection: () => net.connect(socketPath),
      settings: { initialWindowSize: WINDOW_BYTES },
    });
    this.session.on('error', () => undefined);
  }

  open(service: string, method: string, message: object): void {
    const { path, requestSerialize } = protocol.service(service)[method];
    const bytes = requestSerialize(message);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(bytes.length, 1);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = this.session.request(headers);
    stream.on('error', () => undefined);
    stream.on('close', () => this.ended++);
    stream.pause();
    stream.end(Buffer.concat([prefix, bytes]));
  }

  close(): void {
    this.session.destroy();
  }
}
