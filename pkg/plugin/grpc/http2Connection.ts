import { type Socket } from 'node:net';
import { HpackDecoder, HpackError } from './hpackDecoder';
import {
  ConnectionError,
  contentOf,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  FLAG,
  type Frame,
  FRAME_TYPE,
  FrameReader,
  MAX_WINDOW_BYTES,
  numbersFrame,
  pingAnswer,
  readNumber,
  readSettings,
  SETTING,
  settingsFrame,
} from './http2Frames';
import { Http2Stream } from './http2Stream';
import { Outbox } from './outbox';

/** A request that has come; the returned listener serves it. */
export type OnRequest = (stream: Http2Stream, headers: ReadonlyMap<string, string>) => Http2Stream['listener'];

/** What a client may send of one request, and of all, before it hears that it arrived. */
const STREAM_WINDOW_BYTES = 1 << 20;
const CONNECTION_WINDOW_BYTES = 16 << 20;
/** More headers than any request of Grafana has by far. */
const MAX_HEADER_BYTES = 256 * 1024;

interface HeaderBlock {
  streamId: number;
  endsStream: boolean;
  parts: Buffer[];
  bytes: number;
}

/**
 * The server's side of one HTTP/2 connection (RFC 9113) to a client who knows that this is HTTP/2. Does what gRPC needs: no
 * push, no priorities.
 */
export class Http2Connection {
  private readonly reader = new FrameReader();
  private readonly hpack = new HpackDecoder();
  private readonly streams = new Map<number, Http2Stream>();
  private readonly outbox: Outbox;
  /** A header block of which more is to come; nothing else may come in between. */
  private block: HeaderBlock | undefined;
  private lastStreamId = 0;
  private streamWindowBytes = DEFAULT_WINDOW_BYTES;
  private unconfirmedBytes = 0;
  private closing = false;

  constructor(
    private readonly socket: Socket,
    private readonly onRequest: OnRequest
  ) {
    this.outbox = new Outbox(socket, (stream) => this.forget(stream));
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.abortStreams());
    this.outbox.putFrame(settingsFrame([[SETTING.initialWindowSize, STREAM_WINDOW_BYTES]]));
    const more = CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES;
    this.outbox.putFrame(numbersFrame(FRAME_TYPE.windowUpdate, 0, more));
    this.outbox.release();
  }

  /** Takes no new requests, and ends the connection with the last one that runs. */
  close(): void {
    this.closing = true;
    this.sayGoodbye(ERROR_CODE.none);
    this.endIfDone();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Breaks off what the client does not take, so that it leaves the memory. */
  endStalled(nowMs: number): void {
    for (const stream of [...this.streams.values()].filter((one) => one.hasStalled(nowMs))) {
      this.outbox.putFrame(numbersFrame(FRAME_TYPE.resetStream, stream.id, ERROR_CODE.cancel));
      this.forget(stream);
      stream.abort();
    }
    this.outbox.release();
  }

  /** Everything that came at once is read before anything is sent, so that short answers leave in one piece. */
  private receive(chunk: Buffer): void {
    this.outbox.hold();
    try {
      this.reader.append(chunk);
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) {
        this.take(frame);
      }
    } catch (error) {
      this.fail(error);
    }
    this.outbox.release();
  }

  private fail(error: unknown): void {
    const isHpack = error instanceof HpackError;
    if (!isHpack && !(error instanceof ConnectionError)) {
      throw error;
    }
    this.sayGoodbye(isHpack ? ERROR_CODE.compression : error.code);
    this.outbox.release();
    this.socket.destroySoon();
    this.abortStreams();
  }

  private take(frame: Frame): void {
    if (this.block && (frame.type !== FRAME_TYPE.continuation || frame.streamId !== this.block.streamId)) {
      throw new ConnectionError(ERROR_CODE.protocol, 'a frame in the middle of headers');
    }
    switch (frame.type) {
      case FRAME_TYPE.data:
        return this.takeData(frame);
      case FRAME_TYPE.headers:
        this.block = {
          streamId: frame.streamId,
          endsStream: (frame.flags & FLAG.endStream) !== 0,
          parts: [],
          bytes: 0,
        };
        return this.takeHeaders(frame, this.block);
      case FRAME_TYPE.continuation:
        return this.takeHeaders(frame, this.block);
      case FRAME_TYPE.resetStream:
        return this.takeReset(frame);
      case FRAME_TYPE.settings:
        return this.takeSettings(frame);
      case FRAME_TYPE.ping:
        if (!(frame.flags & FLAG.ack)) {
          this.outbox.putFrame(pingAnswer(frame));
        }
        return undefined;
      case FRAME_TYPE.windowUpdate:
        return this.takeWindowUpdate(frame);
      case FRAME_TYPE.pushPromise:
        throw new ConnectionError(ERROR_CODE.protocol, 'a client cannot push');
      default:
        // the other types are advice, or of extensions nobody has agreed on
        return undefined;
    }
  }

  private takeData(frame: Frame): void {
    const stream = this.streamOf(frame);
    this.confirm(stream, frame.payload.length);
    const content = contentOf(frame);
    if (stream?.remoteEnded) {
      throw new ConnectionError(ERROR_CODE.streamClosed, 'content after its end');
    }
    stream?.listener?.onData(content);
    if (frame.flags & FLAG.endStream) {
      this.endRemote(stream);
    }
  }

  /** Content of requests that are answered already counts too. */
  private confirm(stream: Http2Stream | undefined, bytes: number): void {
    this.unconfirmedBytes += bytes;
    if (this.unconfirmedBytes >= CONNECTION_WINDOW_BYTES / 2) {
      this.outbox.putFrame(numbersFrame(FRAME_TYPE.windowUpdate, 0, this.unconfirmedBytes));
      this.unconfirmedBytes = 0;
    }
    if (stream) {
      stream.unconfirmedBytes += bytes;
      if (stream.unconfirmedBytes >= STREAM_WINDOW_BYTES / 2) {
        this.outbox.putFrame(numbersFrame(FRAME_TYPE.windowUpdate, stream.id, stream.unconfirmedBytes));
        stream.unconfirmedBytes = 0;
      }
    }
  }

  private takeHeaders(frame: Frame, block: HeaderBlock | undefined): void {
    if (!block) {
      throw new ConnectionError(ERROR_CODE.protocol, 'more of headers that never began');
    }
    const part = frame.type === FRAME_TYPE.headers ? contentOf(frame) : frame.payload;
    block.parts.push(part);
    // an empty frame counts too, or they could go on for ever
    block.bytes += part.length + 1;
    if (block.bytes > MAX_HEADER_BYTES) {
      throw new ConnectionError(ERROR_CODE.enhanceYourCalm, 'too many headers');
    }
    if (frame.flags & FLAG.endHeaders) {
      this.block = undefined;
      const headers = this.hpack.decode(block.parts.length === 1 ? part : Buffer.concat(block.parts));
      this.begin(block, headers);
    }
  }

  /** A new request, or the end of one that runs: headers of closed streams had to be read, but mean nothing. */
  private begin({ streamId, endsStream }: HeaderBlock, headers: ReadonlyMap<string, string>): void {
    if (streamId % 2 === 0) {
      throw new ConnectionError(ERROR_CODE.protocol, 'a request with a number of the server');
    }
    if (streamId > this.lastStreamId && !this.closing) {
      this.lastStreamId = streamId;
      const stream = new Http2Stream(streamId, this.streamWindowBytes, this.outbox);
      this.streams.set(streamId, stream);
      stream.listener = this.onRequest(stream, headers);
    }
    if (endsStream) {
      this.endRemote(this.streams.get(streamId));
    }
  }

  private endRemote(stream: Http2Stream | undefined): void {
    if (stream) {
      stream.remoteEnded = true;
      stream.listener?.onEnd();
    }
  }

  private takeReset(frame: Frame): void {
    readNumber(frame);
    const stream = this.streamOf(frame);
    if (stream) {
      this.forget(stream);
      stream.abort();
    }
  }

  private takeSettings(frame: Frame): void {
    if (frame.flags & FLAG.ack) {
      return;
    }
    for (const [id, value] of readSettings(frame.payload)) {
      if (id === SETTING.initialWindowSize) {
        this.resizeWindows(value);
      } else if (id === SETTING.maxFrameSize) {
        this.outbox.maxFrameBytes = Math.max(value, DEFAULT_MAX_FRAME_BYTES);
      }
    }
    this.outbox.putFrame(settingsFrame([], FLAG.ack));
  }

  /** Applies to the requests that run as well, whose windows may fall below zero by that. */
  private resizeWindows(bytes: number): void {
    if (bytes > MAX_WINDOW_BYTES) {
      throw new ConnectionError(ERROR_CODE.flowControl, 'too large a window');
    }
    for (const stream of this.streams.values()) {
      stream.windowBytes += bytes - this.streamWindowBytes;
    }
    this.streamWindowBytes = bytes;
  }

  private takeWindowUpdate(frame: Frame): void {
    const more = readNumber(frame) & MAX_WINDOW_BYTES;
    const window = frame.streamId === 0 ? this.outbox : this.streamOf(frame);
    if (!window) {
      return;
    }
    window.windowBytes += more;
    if (more === 0 || window.windowBytes > MAX_WINDOW_BYTES) {
      throw new ConnectionError(more === 0 ? ERROR_CODE.protocol : ERROR_CODE.flowControl, 'a window out of bounds');
    }
  }

  /** The stream a frame is about; `undefined` once it has ended. */
  private streamOf({ streamId }: Frame): Http2Stream | undefined {
    if (streamId === 0 || (streamId > this.lastStreamId && !this.closing)) {
      throw new ConnectionError(ERROR_CODE.protocol, 'a frame of no stream');
    }
    return this.streams.get(streamId);
  }

  private forget(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    this.endIfDone();
  }

  private abortStreams(): void {
    const streams = [...this.streams.values()];
    this.streams.clear();
    streams.forEach((stream) => stream.abort());
  }

  private sayGoodbye(code: number): void {
    this.outbox.putFrame(numbersFrame(FRAME_TYPE.goAway, 0, this.lastStreamId, code));
    this.outbox.release();
  }

  private endIfDone(): void {
    if (this.closing && this.streams.size === 0) {
      this.outbox.release();
      this.socket.end();
    }
  }
}
