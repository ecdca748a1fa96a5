import { type Worker } from 'node:worker_threads';
import { tooManySeries } from '../../core/memory/answerMemory';
import { PromkeepError } from '../../core/model/errors';
import { type Envelope } from '../answer/parser/answerParser';
import { MalformedAnswer } from '../answer/parser/malformedAnswer';
import { unpackEnvelope } from './packedAnswer';
import { type FromWorker, type ToWorker } from './workerMessages';

/** Chunks of a body are a few KB to 64 KB; messages cost 20 µs each, so they go in batches, of about 1 ms of parsing. */
const BATCH_BYTES = 256 * 1024;
/** How far the body may be ahead of its parser, so that it does not pile up in memory. */
const MAX_BATCHES_AHEAD = 4;
/** What is on its way to the thread, and what comes of it before it is known: 1 MB of short series takes 15 MB parsed. */
const AHEAD_BYTES = MAX_BATCHES_AHEAD * BATCH_BYTES * 8;

/** Parses one answer in a worker thread. */
export interface RemoteParser {
  /** What the answer takes in memory at its most, as far as it is known. */
  readonly memoryBytes: number;
  /** Takes the next bytes of the body, which are copied. Throws `MalformedAnswer`, `LIMIT_EXCEEDED`, and `INTERNAL` when the worker died. */
  feed(chunk: Uint8Array): Promise<void>;
  /** The answer, once the whole body was fed. Throws as `feed` does. */
  finish(): Promise<Envelope>;
  /** Must be called in the end, whatever came of it. */
  drop(): void;
}

/** Worker threads, started when they are needed and kept. They do not keep the process alive. */
export class ParserPool {
  private readonly members: Member[] = [];
  private lastId = 0;
  private closed = false;

  /**
   * @param start a thread that runs `answerWorker.ts`
   * @param size of the pool, at least 1
   */
  constructor(
    private readonly start: () => Worker,
    private readonly size: number
  ) {}

  /**
   * A parser in the thread that has least to do.
   *
   * @param maxSeries it throws `LIMIT_EXCEEDED` when the answer has more
   */
  open(maxSeries?: number): RemoteParser {
    if (this.closed) {
      throw new PromkeepError('QUERY_CANCELLED', 'The program is stopping');
    }
    const [idlest] = [...this.members].sort((a, b) => a.jobs.size - b.jobs.size);
    const member = idlest && (idlest.jobs.size === 0 || this.members.length >= this.size) ? idlest : this.add();
    return new Job(++this.lastId, member, maxSeries);
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.members.map(({ worker }) => worker.terminate()));
  }

  private add(): Member {
    const member: Member = { worker: this.start(), jobs: new Map() };
    member.worker.unref();
    member.worker.on('message', (message: FromWorker) => member.jobs.get(message.id)?.hear(message));
    const remove = (why: string): void => {
      const at = this.members.indexOf(member);
      if (at >= 0) {
        this.members.splice(at, 1);
      }
      const error = new PromkeepError('INTERNAL', `The thread that parsed the answer ended: ${why}`);
      [...member.jobs.values()].forEach((job) => job.fail(error));
    };
    member.worker.on('error', (error: Error) => remove(error.message));
    member.worker.on('exit', (code) => remove(`exit code ${code}`));
    this.members.push(member);
    return member;
  }
}

interface Member {
  worker: Worker;
  /** By id. */
  jobs: Map<number, Job>;
}

type Outcome = { envelope: Envelope } | { error: Error };

class Job implements RemoteParser {
  memoryBytes = AHEAD_BYTES;
  private batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
  private filled = 0;
  private batchesAhead = 0;
  private outcome: Outcome | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly id: number,
    private readonly member: Member,
    private readonly maxSeries: number | undefined
  ) {
    member.jobs.set(id, this);
    member.worker.ref();
  }

  async feed(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + BATCH_BYTES - this.filled);
      this.batch.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === BATCH_BYTES) {
        this.sendBatch();
        this.batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
        await this.until(() => this.batchesAhead < MAX_BATCHES_AHEAD);
      }
    }
    this.throwFailure();
  }

  async finish(): Promise<Envelope> {
    if (this.filled > 0) {
      this.sendBatch();
    }
    this.say({ kind: 'end', id: this.id });
    await this.until(() => false);
    this.throwFailure();
    if (!this.outcome || !('envelope' in this.outcome)) {
      throw new PromkeepError('INTERNAL', 'The thread that parsed the answer gave none');
    }
    return this.outcome.envelope;
  }

  drop(): void {
    const { worker, jobs } = this.member;
    if (!jobs.delete(this.id)) {
      return;
    }
    if (!this.outcome || 'error' in this.outcome) {
      // After a failure as well: chunks that were under way have made the worker begin anew.
      const message: ToWorker = { kind: 'drop', id: this.id };
      worker.postMessage(message);
    }
    if (jobs.size === 0) {
      worker.unref();
    }
  }

  hear(message: FromWorker): void {
    switch (message.kind) {
      case 'taken':
        this.batchesAhead--;
        this.memoryBytes = AHEAD_BYTES + message.memoryBytes;
        break;
      case 'parsed':
        this.outcome = { envelope: unpackEnvelope(message.packed) };
        this.memoryBytes -= AHEAD_BYTES;
        break;
      case 'malformed':
        this.outcome = { error: new MalformedAnswer(message.message, message.offset) };
        break;
      case 'refused':
        this.outcome = { error: tooManySeries(this.maxSeries ?? 0) };
        break;
      case 'failed':
        this.outcome = { error: new PromkeepError('INTERNAL', `The answer could not be parsed: ${message.message}`) };
        break;
    }
    this.wake();
  }

  fail(error: Error): void {
    this.outcome ??= { error };
    this.wake();
  }

  private sendBatch(): void {
    this.batchesAhead++;
    const bytes = this.batch.subarray(0, this.filled);
    this.filled = 0;
    this.say({ kind: 'chunk', id: this.id, bytes, maxSeries: this.maxSeries }, [this.batch.buffer]);
  }

  private say(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (!this.outcome) {
      this.member.worker.postMessage(message, transfer);
    }
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!this.outcome && !condition()) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private throwFailure(): void {
    if (this.outcome && 'error' in this.outcome) {
      throw this.outcome.error;
    }
  }
}
