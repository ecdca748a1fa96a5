import { type Http2Stream, type StreamListener } from './http2Stream';
import { type RpcContext, type RpcMethod } from './rpcHandler';
import { ANSWER_HEADERS, failureTrailer, OK_TRAILER, RpcFailure, STATUS, timeoutMs } from './rpcStatus';

/** Before each message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
/** `setTimeout` ends at once when it is told to wait for longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** From the headers of a call to the end of its request, which Grafana has at hand as a whole. */
const ARRIVAL_MS = 30_000;

/** One call of one method: bytes of a request in, messages and a status out. */
export class RpcCall implements StreamListener {
  private readonly controller = new AbortController();
  private readonly context: RpcContext;
  private readonly timer: NodeJS.Timeout | undefined;
  private received: Buffer[] = [];
  private receivedBytes = 0;
  private headersSent = false;
  private ended = false;
  private readonly arrival: NodeJS.Timeout | undefined;
  private readonly goneListeners: Array<() => void> = [];
  private serving = false;
  private gone = false;

  constructor(
    private readonly stream: Http2Stream,
    private readonly method: RpcMethod,
    headers: ReadonlyMap<string, string>,
    private readonly limits: { maxRequestBytes: number; onFinish(call: RpcCall): void }
  ) {
    const onGone = (listener: () => void): void => void this.goneListeners.push(listener);
    this.context = { path: method.path, headers, signal: this.controller.signal, onGone };
    if (method.handler.kind !== 'drain') {
      this.arrival = setTimeout(() => this.refuseLate(), ARRIVAL_MS);
    }
    const limitMs = timeoutMs(headers.get('grpc-timeout'));
    if (limitMs !== undefined) {
      this.timer = setTimeout(() => this.giveUp(), Math.min(limitMs, MAX_TIMER_MS));
    }
  }

  onData(bytes: Buffer): void {
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

  onEnd(): void {
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

  onAbort(): void {
    this.finish();
    this.controller.abort();
  }

  onGone(): void {
    this.gone = true;
    this.tellGone();
  }

  /** Asks the handler to stop; it still may say how it ended. */
  cancel(): void {
    this.controller.abort();
  }

  private async serve(request: object): Promise<void> {
    const { handler } = this.method;
    this.serving = true;
    try {
      if (handler.kind === 'unary') {
        this.write(await handler.run(request, this.context));
      } else if (handler.kind === 'streaming') {
        await handler.run(request, (message) => this.send(message), this.context);
      }
      this.succeed();
    } catch (error) {
      this.fail(error instanceof RpcFailure ? error : new RpcFailure(STATUS.unknown, String(error)));
    } finally {
      this.serving = false;
      this.tellGone();
    }
  }

  /** A handler holds what it works on also when the stream is gone. */
  private tellGone(): void {
    if (this.gone && !this.serving) {
      this.goneListeners.splice(0).forEach((listener) => listener());
    }
  }

  private async send(message: object): Promise<void> {
    this.write(message);
    this.stream.flush();
    await this.stream.drained();
  }

  /** Leaves with the next flush. */
  private write(message: object): void {
    if (this.ended) {
      return;
    }
    const parts = this.method.encode(message);
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(
      parts.reduce((sum, part) => sum + part.length, 0),
      1
    );
    this.sendHeaders();
    this.stream.writeContent([prefix, ...parts]);
  }

  private succeed(): void {
    if (!this.ended) {
      this.sendHeaders();
      this.endWith(OK_TRAILER);
    }
  }

  private fail(failure: RpcFailure): void {
    if (!this.ended) {
      const trailer = failureTrailer(failure);
      // an answer that is nothing but a failure has one block of headers
      this.endWith(this.headersSent ? trailer : Buffer.concat([ANSWER_HEADERS, trailer]));
    }
  }

  private refuseLate(): void {
    this.fail(new RpcFailure(STATUS.deadlineExceeded, 'The request did not arrive in time'));
  }

  private giveUp(): void {
    this.fail(new RpcFailure(STATUS.deadlineExceeded, 'The time of the call is up'));
    this.controller.abort();
  }

  private sendHeaders(): void {
    if (!this.headersSent) {
      this.headersSent = true;
      this.stream.writeHeaders(ANSWER_HEADERS);
    }
  }

  private endWith(trailer: Buffer): void {
    this.finish();
    this.stream.end(trailer);
    this.stream.flush();
  }

  private finish(): void {
    this.ended = true;
    this.received = [];
    clearTimeout(this.timer);
    clearTimeout(this.arrival);
    this.limits.onFinish(this);
  }
}

/** The message, of which there must be exactly one. Throws `RpcFailure`. */
function onlyMessage(received: Buffer): Buffer {
  if (received.length < PREFIX_BYTES) {
    throw new RpcFailure(STATUS.internal, 'The request has no message');
  }
  if (received[0] !== 0) {
    throw new RpcFailure(STATUS.unimplemented, 'Compressed messages are not understood');
  }
  if (received.readUInt32BE(1) !== received.length - PREFIX_BYTES) {
    throw new RpcFailure(STATUS.internal, 'The request is not exactly one message');
  }
  return received.subarray(PREFIX_BYTES);
}
