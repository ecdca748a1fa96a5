import { randomBytes } from 'node:crypto';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { PromkeepError } from '../../core/model/errors';
import { readParameters, shownRange } from '../../routes/parameters';
import { EventStream } from './eventStream';
import { Topic } from './topic';

/** What the page is told of by itself. */
export interface LiveFeeds {
  /** The summary over the last `rangeMs`. */
  summary(rangeMs: number, signal: AbortSignal): Promise<unknown>;
  /** The archive's overview; absent: there is none. */
  archive?(signal: AbortSignal): Promise<unknown>;
  maxRangeMs: number;
  /** Told how many read whenever that changes. */
  onReaders?(count: number): void;
}

export const LIVE_PATH = '/api/live';
const SUMMARY_INTERVAL_MS = 5_000;
const ARCHIVE_INTERVAL_MS = 10_000;
const LIMIT_MS = 20_000;
/** Each is a socket; more pages than this are told to poll. */
const MOST_READERS = 100;
/** Different ranges, each with an evaluation of its own every five seconds. */
const MOST_RANGES = 12;

/**
 * `GET /api/live[?rangeMs=]`: server-sent events `summary`, `archive` and `heartbeat`. Event ids are
 * `<run>.<range>.<summary's sequence>.<archive's>`; a reader that comes back with one is not told again what it knows.
 */
export function mountLive(server: FastifyInstance, feeds: LiveFeeds): void {
  const range = shownRange(feeds.maxRangeMs);
  const hub = new LiveHub(feeds);
  server.get(LIVE_PATH, (request, reply) => {
    const { rangeMs } = readParameters(new URL(request.url, 'http://localhost').searchParams, range);
    if (reply.raw.closed) {
      // gone while it was checked: nobody would ever give the place back
      return;
    }
    const summary = hub.admit(rangeMs);
    const headers = Object.fromEntries(
      Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)])
    );
    reply.hijack();
    hub.attach(new EventStream(reply.raw, headers), summary, rangeMs, request);
  });
  server.addHook('preClose', async () => hub.close());
}

class LiveHub {
  /** Sequences begin anew with each start of the program. */
  private readonly run = randomBytes(4).toString('hex');
  private sequence = 0;
  private readonly summaries = new Map<number, Topic>();
  private readonly archive: Topic | undefined;
  private readonly streams = new Set<EventStream>();

  constructor(private readonly feeds: LiveFeeds) {
    const { archive } = feeds;
    this.archive = archive && this.createTopic('archive', ARCHIVE_INTERVAL_MS, archive);
  }

  /** The topic of a range; refuses what would be too much. */
  admit(rangeMs: number): Topic {
    for (const [key, topic] of this.summaries) {
      if (topic.isIdle && key !== rangeMs) {
        this.summaries.delete(key);
      }
    }
    const known = this.summaries.get(rangeMs);
    if (this.streams.size >= MOST_READERS || (!known && this.summaries.size >= MOST_RANGES)) {
      throw new PromkeepError('LIMIT_EXCEEDED', 'Too many pages are open; ask now and then instead.', { status: 429 });
    }
    const produce = (signal: AbortSignal): Promise<unknown> => this.feeds.summary(rangeMs, signal);
    const topic = known ?? this.createTopic('summary', SUMMARY_INTERVAL_MS, produce);
    this.summaries.set(rangeMs, topic);
    return topic;
  }

  attach(stream: EventStream, summary: Topic, rangeMs: number, request: FastifyRequest): void {
    const seen = readSeen(String(request.headers['last-event-id'] ?? ''), this.run, rangeMs);
    const send = (name: 'summary' | 'archive', sequence: number, data: string): void => {
      seen[name] = sequence;
      stream.send({ name, id: `${this.run}.${rangeMs}.${seen.summary}.${seen.archive}`, data });
    };
    this.streams.add(stream);
    this.count();
    const leave = [summary.subscribe(({ sequence, json }) => send('summary', sequence, json), seen.summary)];
    if (this.archive) {
      leave.push(this.archive.subscribe(({ sequence, json }) => send('archive', sequence, json), seen.archive));
    } else {
      send('archive', 0, JSON.stringify({ off: true }));
    }
    stream.onClosed(() => {
      leave.forEach((one) => one());
      this.streams.delete(stream);
      this.count();
    });
  }

  close(): void {
    this.streams.forEach((stream) => stream.close());
  }

  private createTopic(name: string, intervalMs: number, produce: (signal: AbortSignal) => Promise<unknown>): Topic {
    return new Topic({ name, intervalMs, limitMs: LIMIT_MS, produce, nextSequence: () => ++this.sequence });
  }

  private count(): void {
    this.feeds.onReaders?.(this.streams.size);
  }
}

/** What a reader that comes back knows already. Of another run of the program, or another range, it knows nothing. */
function readSeen(lastEventId: string, run: string, rangeMs: number): { summary: number; archive: number } {
  const [ofRun, ofRange, summary, archive] = lastEventId.split('.');
  if (ofRun !== run) {
    return { summary: 0, archive: 0 };
  }
  return { summary: Number(ofRange) === rangeMs ? Number(summary) : 0, archive: Number(archive) };
}
