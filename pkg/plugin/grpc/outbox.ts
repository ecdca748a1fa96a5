import { type Socket } from 'node:net';
import {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR_CODE,
  FRAME_TYPE,
  frameHead,
  numbersFrame,
} from './http2Frames';
import { type Http2Stream, type StreamOutlet } from './http2Stream';

/** What one stream may send before the next one has its turn: a short answer passes a long one. */
const TURN_BYTES = 256 * 1024;
/** Content waits for the socket. So much is there only of frames that obey no window, answers to pings, which a client does not read. */
const MAX_UNSENT_BYTES = 16 << 20;

/**
 * What a connection has to send. Frames collect until they are released, so that the headers, the content and the trailer of a
 * short answer reach the client in one piece: each piece would wake it up.
 */
export class Outbox implements StreamOutlet {
  /** How much content the client takes, of all streams together. */
  windowBytes = DEFAULT_WINDOW_BYTES;
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  private frames: Buffer[] = [];
  private bytes = 0;
  private held = false;
  /** Streams that have something left to send, in the order of their turns. */
  private readonly waiting = new Set<Http2Stream>();

  constructor(
    private readonly socket: Socket,
    private readonly onEnded: (stream: Http2Stream) => void
  ) {
    socket.on('drain', () => this.release());
  }

  /** Nothing is handed to the socket until the next `release`. */
  hold(): void {
    this.held = true;
  }

  /** Sends what was put, and lets the streams that wait have their turns. */
  release(): void {
    this.held = false;
    while (this.takeTurns()) {
      this.write();
    }
    this.write();
  }

  flush(stream: Http2Stream): void {
    this.waiting.add(stream);
    if (!this.held) {
      this.release();
    }
  }

  room(): number {
    return this.socket.writableNeedDrain ? 0 : this.windowBytes;
  }

  ended(stream: Http2Stream): void {
    if (!stream.remoteEnded) {
      // the rest of the request is not wanted
      this.putFrame(numbersFrame(FRAME_TYPE.resetStream, stream.id, ERROR_CODE.none));
    }
    this.onEnded(stream);
  }

  putFrame(frame: Buffer): void {
    this.frames.push(frame);
    this.bytes += frame.length;
  }

  putHeaders(streamId: number, flags: number, block: Buffer): void {
    this.putFrame(frameHead(FRAME_TYPE.headers, flags, streamId, block.length));
    this.putFrame(block);
  }

  putContent(streamId: number, pieces: readonly Buffer[], bytes: number): void {
    this.putFrame(frameHead(FRAME_TYPE.data, 0, streamId, bytes));
    pieces.forEach((piece) => this.putFrame(piece));
    this.windowBytes -= bytes;
  }

  /** Returns whether another round would send more. */
  private takeTurns(): boolean {
    let sentSome = false;
    for (const stream of [...this.waiting]) {
      const sent = stream.sendContent(TURN_BYTES);
      if (!stream.hasContent) {
        this.waiting.delete(stream);
      } else if (sent > 0) {
        sentSome = true;
        // to the end of the queue
        this.waiting.delete(stream);
        this.waiting.add(stream);
      }
    }
    return sentSome;
  }

  private write(): void {
    const { frames, bytes, socket } = this;
    this.frames = [];
    this.bytes = 0;
    if (frames.length === 0 || socket.destroyed) {
      return;
    }
    // one copy of a turn's bytes is cheaper than handing its pieces to the system one by one
    socket.write(frames.length === 1 ? frames[0] : Buffer.concat(frames, bytes));
    if (socket.writableLength > MAX_UNSENT_BYTES) {
      socket.destroy();
    }
  }
}
