import { type IncomingHttpHeaders } from 'node:http2';

/** What a handler knows of its call besides the request. */
export interface RpcContext {
  /** `/package.Service/Method` */
  readonly path: string;
  /** The call's metadata; names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client cancels or is gone, when the call's time is up, and never after the answer. */
  readonly signal: AbortSignal;
  /** Calls back once, when nothing of the answer is in memory any more: its client has it all, or nobody waits for it. */
  onGone(listener: () => void): void;
}

/** One request, one answer. Fails with `RpcFailure`; any other error becomes the status UNKNOWN. */
export interface UnaryHandler {
  kind: 'unary';
  run(request: object, context: RpcContext): Promise<object>;
}

/** One request, any number of messages. `send` resolves when the client has taken enough for more to be sent. */
export interface StreamingHandler {
  kind: 'streaming';
  run(request: object, send: (message: object) => Promise<void>, context: RpcContext): Promise<void>;
}

/** Takes any number of messages without a look at them, and ends when the client does. */
export interface DrainHandler {
  kind: 'drain';
}

export type RpcHandler = UnaryHandler | StreamingHandler | DrainHandler;

/** Who serves the methods of one service, by their names. */
export type ServiceHandlers = Readonly<Record<string, RpcHandler>>;

/** The bytes of the messages of one method. */
export interface MethodCodec {
  path: string;
  decode(bytes: Buffer): object;
  /** The message in as many parts as it comes in; they must not change afterwards. */
  encode(message: object): Buffer[];
}

/** A method and who serves it. */
export interface RpcMethod extends MethodCodec {
  handler: RpcHandler;
}
