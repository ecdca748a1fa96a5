import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { ReaderProgress } from '../../core/memory/readerProgress';
import { onlyMessage, piecesOf, PREFIX_BYTES } from './rpcMessage';
import { type RpcContext, type RpcMethod } from './rpcHandler';
import { ANSWER_HEADERS, failureTrailer, OK_TRAILER, RpcFailure, STATUS, timeoutMs } from './rpcStatus';

/** `setTimeout` ends at once when it is told to wait for longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** From the headers of a call to the end of its request, which Grafana has at hand as a whole. */
const ARRIVAL_MS = 30_000;

/** One call of one method: bytes of a request in, messages and a status out. */
export class RpcCall {
  private readonly controller = new AbortController();
  private readonly context: RpcContext;
  private readonly timer: NodeJS.Timeout | undefined;
  private received: Buffer[] = [];
  private receivedBytes = 0;
  private ended = false;
  private readonly arrival: NodeJS.Timeout | undefined;
  private readonly goneListeners: Array<() => void> = [];
  private serving = false;
  private gone = false;
  private sentBytes = 0;
  private readonly progress = new ReaderProgress();

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly method: RpcMethod,
    headers: IncomingHttpHeaders,
    private readonly limits: { maxRequestBytes: number; onGone(call: RpcCall): void }
  ) {
    const onGone = (listener: () => void): void => void this.goneListeners.push(listener);
    this.context = { path: method.path, headers, signal: this.controller.signal, onGone };
    if (method.handler.kind !== 'drain') {
      this.arrival = setTimeout(() => this.refuseLate(), ARRIVAL_MS);
    }
    const limitMs = timeoutMs(headers['grpc-timeout']?.toString());
    if (limitMs !== undefined) {
      this.timer = setTimeout(() => this.giveUp(), Math.min(limitMs, MAX_TIMER_MS));
    }
    stream.on('data', (bytes: Buffer) => this.receive(bytes));
    stream.on('end', () => this.begin());
    stream.on('close', () => this.leave());
  }

  /** Asks the handler to stop; it still may say how it ended. */
  cancel(): void {
    if (!this.ended) {
      this.controller.abort();
    }
  }

  /** Breaks off an answer that the client does not take, so that it leaves the memory. To be called every `LOOK_MS`. */
  endIfStalled(nowMs: number): void {
    if (this.progress.hasStalled(this.stream.bufferSize > 0, this.sentBytes, nowMs)) {
      this.stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  private receive(bytes: Buffer): void {
    if (this.ended || this.method.handler.kind === 'drain') {
      return;
    }
    this.received.push(bytes);
    this.receivedBytes += bytes.length;
    const { maxRequestBytes } = this.limits;
    if (this.receivedBytes > maxRequestBytes + PREFIX_BYTES) {
      this.fail(new RpcFailure(STATUS.resourceExhausted, `The request is larger than ${maxRequestBytes} bytes`));
    }
  }

  /** The client has nothing more to say. */
  private begin(): void {
    clearTimeout(this.arrival);
    if (this.ended) {
      return;
    }
    if (this.method.handler.kind === 'drain') {
      this.succeed();
      return;
    }
    const received = this.received.length === 1 ? this.received[0] : Buffer.concat(this.received);
    this.received = [];
    try {
      void this.serve(this.method.decode(onlyMessage(received)));
    } catch (error) {
      this.fail(error instanceof RpcFailure ? error : new RpcFailure(STATUS.internal, 'The request cannot be decoded'));
    }
  }

  /** The client has everything; or it has cancelled, or is gone: then nobody waits for the answer. */
  private leave(): void {
    if (!this.ended) {
      this.finish();
      this.controller.abort();
    }
    this.gone = true;
    this.tellGone();
    this.limits.onGone(this);
  }

  /** A handler holds what it works on also when the stream is gone. */
  private tellGone(): void {
    if (this.gone && !this.serving) {
      this.goneListeners.splice(0).forEach((listener) => listener());
    }
  }

  private async serve(request: object): Promise<void> {
    const { handler } = this.method;
    const send = (message: object): Promise<void> => this.send(message);
    this.serving = true;
    try {
      if (handler.kind === 'unary') {
        // not `send(await …)`: a function that waits holds the message, and with it all that is sent of it already
        await handler.run(request, this.context).then(send);
      } else if (handler.kind === 'streaming') {
        await handler.run(request, send, this.context);
      }
      this.succeed();
    } catch (error) {
      this.fail(error instanceof RpcFailure ? error : new RpcFailure(STATUS.unknown, String(error)));
    } finally {
      this.serving = false;
      this.tellGone();
    }
  }

  /** Resolves when the client has taken enough for more to be sent. */
  private send(message: object): Promise<void> {
    return this.isOver ? Promise.resolve() : this.sendPieces(piecesOf(this.method.encode(message)));
  }

  /** A piece is made when there is room for it; one that is taken by the client is held by nobody. */
  private async sendPieces(pieces: Iterable<Buffer>): Promise<void> {
    this.respond();
    for (const piece of pieces) {
      const { length } = piece;
      if (!this.stream.write(piece)) {
        await this.drained();
      }
      this.sentBytes += length;
      if (this.isOver) {
        return;
      }
    }
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.stream.off('drain', settle).off('close', settle);
        resolve();
      };
      this.stream.once('drain', settle).once('close', settle);
    });
  }

  private succeed(): void {
    if (!this.isOver) {
      this.respond();
      this.endWith(OK_TRAILER);
    }
  }

  private fail(failure: RpcFailure): void {
    if (this.isOver) {
      return;
    }
    const trailer = failureTrailer(failure);
    if (this.stream.headersSent) {
      this.endWith(trailer);
    } else {
      // an answer that is nothing but a failure has one block of headers
      this.finish();
      this.stream.respond({ ...ANSWER_HEADERS, ...trailer }, { endStream: true });
      this.refuseRest();
    }
  }

  private refuseLate(): void {
    this.fail(new RpcFailure(STATUS.deadlineExceeded, 'The request did not arrive in time'));
  }

  private giveUp(): void {
    this.fail(new RpcFailure(STATUS.deadlineExceeded, 'The time of the call is up'));
    this.controller.abort();
  }

  /** Answered, or nobody is there to answer; the stream tells of the latter by `close`, a little later. */
  private get isOver(): boolean {
    return this.ended || this.stream.closed || this.stream.destroyed;
  }

  private respond(): void {
    if (!this.stream.headersSent) {
      this.stream.respond(ANSWER_HEADERS, { waitForTrailers: true });
    }
  }

  private endWith(trailer: OutgoingHttpHeaders): void {
    this.finish();
    this.stream.once('wantTrailers', () => this.stream.sendTrailers(trailer));
    this.stream.end();
    this.refuseRest();
  }

  /** Tells the client that what it still has to say is not wanted, once the answer is out. */
  private refuseRest(): void {
    if (!this.stream.readableEnded) {
      this.stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }

  private finish(): void {
    this.ended = true;
    this.received = [];
    clearTimeout(this.timer);
    clearTimeout(this.arrival);
  }
}
