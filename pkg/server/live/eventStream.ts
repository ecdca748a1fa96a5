import { type ServerResponse } from 'node:http';

export interface StreamEvent {
  /** A newer event of the same name replaces an older one that could not be sent yet. */
  name: string;
  id: string;
  /** One line. */
  data: string;
}

/** After a lost connection browsers come back after this long. */
const RETRY_MS = 2_000;
/** Proxies cut silent connections after 30 to 60 seconds; the page takes a longer silence for a dead connection. */
const HEARTBEAT_MS = 10_000;

/**
 * One reader of server-sent events. A reader that is slower than the events gets the newest of each name when it has room
 * again: nothing queues up for it. One that takes nothing is ended as of any reply (`openReplies.ts`).
 */
export class EventStream {
  private readonly waiting = new Map<string, StreamEvent>();
  private readonly heartbeat: NodeJS.Timeout;
  private isFull = false;

  /** @param response with its head unsent */
  constructor(
    private readonly response: ServerResponse,
    headers: Readonly<Record<string, string>>
  ) {
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would hold events back.
      'x-accel-buffering': 'no',
    });
    this.write(`retry: ${RETRY_MS}\n\n`);
    response.on('drain', () => this.flush());
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
    this.heartbeat.unref();
    response.on('close', () => clearInterval(this.heartbeat));
  }

  send(event: StreamEvent): void {
    if (this.isFull) {
      this.waiting.set(event.name, event);
      return;
    }
    this.write(textOf(event));
  }

  onClosed(listener: () => void): void {
    this.response.on('close', listener);
  }

  close(): void {
    clearInterval(this.heartbeat);
    this.response.end();
  }

  private write(text: string): void {
    if (!this.response.writableEnded && !this.response.write(text)) {
      this.isFull = true;
    }
  }

  private flush(): void {
    this.isFull = false;
    const events = [...this.waiting.values()];
    this.waiting.clear();
    events.forEach((event) => this.send(event));
  }

  private beat(): void {
    if (!this.isFull) {
      this.write('event: heartbeat\ndata: {}\n\n');
    }
  }
}

function textOf({ name, id, data }: StreamEvent): string {
  return `event: ${name}\nid: ${id}\ndata: ${data}\n\n`;
}
