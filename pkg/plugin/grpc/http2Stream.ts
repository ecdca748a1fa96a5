import { ReaderProgress } from '../../core/memory/readerProgress';
import { FLAG } from './http2Frames';

/** Takes the place of what is sent, so that it leaves the memory. */
const NOTHING = Buffer.alloc(0);

/** What a stream may do with its connection. */
export interface StreamOutlet {
  /** How many bytes of content the connection would take now; none while this is not above zero. */
  room(): number;
  /** A frame of headers, to be sent after everything that was put before. */
  putHeaders(streamId: number, flags: number, block: Buffer): void;
  readonly maxFrameBytes: number;
  /** One frame of content. */
  putContent(streamId: number, pieces: readonly Buffer[], bytes: number): void;
  /** Hands over to the socket what was put, and what the stream has left as far as it may. */
  flush(stream: Http2Stream): void;
  /** The stream has said its last word. */
  ended(stream: Http2Stream): void;
}

/** Who serves a stream. */
export interface StreamListener {
  onData(bytes: Buffer): void;
  /** The client has nothing more to say. */
  onEnd(): void;
  /** The client has cancelled, or is gone: nobody waits for the answer. */
  onAbort(): void;
  /** Nothing of the answer is left here: it is sent, or was aborted. */
  onGone(): void;
}

/**
 * One request and its answer. Content waits here until the windows of flow control and the socket take it; a trailer waits for
 * the content before it.
 */
export class Http2Stream {
  listener: StreamListener | undefined;
  /** The client has nothing more to say. */
  remoteEnded = false;
  /** Received, and not yet confirmed to the client. */
  unconfirmedBytes = 0;
  private closed = false;
  private content: Buffer[] = [];
  /** Of the first part that is not sent. A large answer has 100,000 parts; taking each off the front moves all others. */
  private next = 0;
  private trailer: Buffer | undefined;
  private waiting: Array<() => void> = [];
  private sentBytes = 0;
  private readonly progress = new ReaderProgress();

  /** @param windowBytes how much content the client takes; below zero after it has made its window smaller */
  constructor(
    readonly id: number,
    public windowBytes: number,
    private readonly outlet: StreamOutlet
  ) {}

  get hasContent(): boolean {
    return this.next < this.content.length;
  }

  /** Headers, which come before all content. Nothing leaves before `flush`. */
  writeHeaders(block: Buffer): void {
    if (!this.closed) {
      this.outlet.putHeaders(this.id, FLAG.endHeaders, block);
    }
  }

  /** Content; it is not copied, and must not change any more. */
  writeContent(parts: readonly Buffer[]): void {
    for (const part of this.closed ? [] : parts) {
      if (part.length > 0) {
        this.content.push(part);
      }
    }
  }

  /** The last headers, with which the answer is complete. */
  end(block: Buffer): void {
    if (!this.closed) {
      this.trailer = block;
    }
  }

  flush(): void {
    this.outlet.flush(this);
  }

  /** Whether the client does not take what is there for it. */
  hasStalled(nowMs: number): boolean {
    return this.progress.hasStalled(this.hasContent, this.sentBytes, nowMs);
  }

  /** Resolves when all content is on its way, or nobody wants it any more. */
  async drained(): Promise<void> {
    if (this.hasContent) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /**
   * Puts at most so many bytes, as far as the windows and the socket take them, and the trailer behind the last of them.
   * Returns how many bytes it were.
   */
  sendContent(limitBytes: number): number {
    const budget = Math.min(limitBytes, this.windowBytes, this.outlet.room());
    let sent = 0;
    while (this.hasContent && sent < budget) {
      sent += this.sendFrame(Math.min(budget - sent, this.outlet.maxFrameBytes));
    }
    this.windowBytes -= sent;
    this.sentBytes += sent;
    if (!this.hasContent && !this.closed) {
      this.release();
      this.finish();
    }
    return sent;
  }

  private sendFrame(limitBytes: number): number {
    const pieces: Buffer[] = [];
    let bytes = 0;
    while (this.hasContent && bytes < limitBytes) {
      const part = this.content[this.next];
      const piece = part.subarray(0, limitBytes - bytes);
      if (piece.length === part.length) {
        this.content[this.next++] = NOTHING;
      } else {
        this.content[this.next] = part.subarray(piece.length);
      }
      pieces.push(piece);
      bytes += piece.length;
    }
    if (!this.hasContent) {
      this.content = [];
      this.next = 0;
    }
    this.outlet.putContent(this.id, pieces, bytes);
    return bytes;
  }

  private finish(): void {
    if (this.trailer) {
      this.outlet.putHeaders(this.id, FLAG.endStream | FLAG.endHeaders, this.trailer);
      this.closed = true;
      this.outlet.ended(this);
      this.listener?.onGone();
    }
  }

  /** Forgets what was to be sent, and tells whoever serves the stream. */
  abort(): void {
    if (!this.closed) {
      this.closed = true;
      this.content = [];
      this.next = 0;
      this.release();
      this.listener?.onAbort();
      this.listener?.onGone();
    }
  }

  private release(): void {
    const { waiting } = this;
    this.waiting = [];
    waiting.forEach((resolve) => resolve());
  }
}
