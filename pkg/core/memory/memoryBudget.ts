import { PromkeepError } from '../model/errors';
import { MemoryPart, type PartHolder } from './memoryPart';

const MIB = 1024 * 1024;

/** A share of this size has a part of its own beyond the budget: `up` is answered however full the memory is. */
export const TINY_BYTES = MIB / 4;
/** Above the budget: room for a hundred of them at a time in the smallest process, and for thousands that are answered. */
const TINY_PART = 0.15;
/** A share of up to this size, about 800 short series, may use all of the budget; a larger one leaves the rest to these. */
export const SMALL_BYTES = 4 * MIB;
const LARGE_PART = 0.75;
/**
 * Answers that become large at the same time, for each so many bytes of the budget. Nobody knows how large they will be; if all
 * grew at once, all would end up with a part of what they need, and most would have to be refused.
 */
const BYTES_PER_GROWING = 128 * MIB;
/** Less than a person waits for a panel, and than Prometheus waits for whoever reads its answer. */
export const WAIT_MS = 10_000;
/** Each is a call that is held open, of some 20 KB; more are refused at once. */
const MOST_WAITING = 2_000;

interface Waiter {
  share: MemoryShare;
  moreBytes: number;
  settle(error?: PromkeepError): void;
}

/**
 * How much memory the answers of this process may take together, counted in advance: parsed, as frames, and as what is sent.
 * What does not fit waits, the oldest request first, and is refused when nothing will become free, or nothing did in time.
 */
export class MemoryBudget {
  private heldBytes = 0;
  private lastAge = 0;
  private readonly shares = new Set<MemoryShare>();
  /** By the age of their shares. */
  private waiters: Waiter[] = [];
  /** Were refused so that others can go on, and have not given back yet. */
  private readonly leaving = new Set<MemoryShare>();

  /** @param timeoutSignal aborts after so many milliseconds; timers do not live in core */
  constructor(
    readonly limitBytes: number,
    private readonly timeoutSignal: (ms: number) => AbortSignal
  ) {}

  /** What is held and how many wait, as of now. */
  get use(): { heldBytes: number; shares: number; waiting: number } {
    return { heldBytes: this.heldBytes, shares: this.shares.size, waiting: this.waiters.length };
  }

  /**
   * The share of one request, to be released when its answer is no longer in memory.
   *
   * @param preferred may use what large answers leave to small ones: for recording, which users must not hold up
   */
  open(preferred = false): MemoryShare {
    const share = new MemoryShare(this, ++this.lastAge, preferred);
    this.shares.add(share);
    return share;
  }

  /** For shares. Takes at once or not at all. */
  tryTake(share: MemoryShare, moreBytes: number): boolean {
    const older = this.waiters.filter((one) => one.share.age < share.age);
    const mayTake = this.mayTake({ share, moreBytes }, older);
    if (mayTake) {
      this.grant(share, moreBytes);
    }
    return mayTake;
  }

  /** For shares. Resolves when it was taken; throws `LIMIT_EXCEEDED`, and `QUERY_CANCELLED` when the signal aborts. */
  async wait(share: MemoryShare, moreBytes: number, signal: AbortSignal): Promise<void> {
    if (this.waiters.length >= MOST_WAITING) {
      throw this.refusal(share);
    }
    const end = AbortSignal.any([signal, this.timeoutSignal(WAIT_MS)]);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle: Waiter['settle'] = (error) => {
      this.waiters = this.waiters.filter((one) => one !== waiter);
      if (error) {
        reject(error);
      } else {
        resolve();
      }
    };
    const waiter = { share, moreBytes, settle };
    const onEnd = (): void => settle(signal.aborted ? cancelled() : this.refusal(share));
    end.addEventListener('abort', onEnd);
    this.waiters = [...this.waiters, waiter].sort((a, b) => a.share.age - b.share.age);
    if (end.aborted) {
      onEnd();
    }
    try {
      this.serve();
      await promise;
    } finally {
      end.removeEventListener('abort', onEnd);
      this.serve();
    }
  }

  /** For shares. */
  give(share: MemoryShare, bytes: number): void {
    share.bytes -= bytes;
    this.heldBytes -= bytes;
    this.leaving.delete(share);
    this.serve();
  }

  /** For shares. */
  close(share: MemoryShare): void {
    this.shares.delete(share);
    this.waiters.filter((one) => one.share === share).forEach((one) => one.settle(cancelled()));
    this.give(share, share.bytes);
  }

  /** For shares, which have said that they grow no more. */
  settled(): void {
    this.serve();
  }

  /** @param older those that wait and came before; nothing large passes them, unless it is growing and they are not yet */
  private mayTake({ share, moreBytes }: Omit<Waiter, 'settle'>, older: readonly Waiter[]): boolean {
    const bytes = share.bytes + moreBytes;
    if (bytes <= SMALL_BYTES || share.preferred) {
      const mayUse = this.limitBytes * (bytes <= TINY_BYTES ? 1 + TINY_PART : 1);
      return this.heldBytes + moreBytes <= mayUse;
    }
    const isBehind = older.some((one) => one.share.isGrowing || (!share.isGrowing && isLarge(one)));
    return !isBehind && this.heldBytes + moreBytes <= this.limitBytes * LARGE_PART && this.mayGrow(share);
  }

  private mayGrow(share: MemoryShare): boolean {
    const others = [...this.shares].filter((one) => one !== share && one.isGrowing).length;
    return share.isGrowing || others < Math.max(1, this.limitBytes / BYTES_PER_GROWING);
  }

  private grant(share: MemoryShare, moreBytes: number): void {
    share.bytes += moreBytes;
    this.heldBytes += moreBytes;
  }

  /** Gives what fits to those that wait, and refuses the youngest of them when all that could be waited for waits itself. */
  private serve(): void {
    const older: Waiter[] = [];
    for (const waiter of this.waiters) {
      if (this.mayTake(waiter, older)) {
        this.grant(waiter.share, waiter.moreBytes);
        waiter.settle();
      } else {
        older.push(waiter);
      }
    }
    const youngest = this.waiters.at(-1);
    if (youngest && !this.someEnds()) {
      this.leaving.add(youngest.share);
      youngest.settle(this.refusal(youngest.share));
    }
  }

  /** Whether memory will become free although all that wait go on waiting. */
  private someEnds(): boolean {
    const waiting = new Set(this.waiters.map(({ share }) => share));
    return this.leaving.size > 0 || [...this.shares].some((one) => one.bytes > SMALL_BYTES && !waiting.has(one));
  }

  private refusal(share: MemoryShare): PromkeepError {
    const othersBytes = this.heldBytes - share.bytes;
    const text =
      `There is no room in memory for this answer: large answers may take ${inMib(this.limitBytes * LARGE_PART)} MiB ` +
      `together, and others take ${inMib(othersBytes)} MiB now. ` +
      'Ask for fewer series, a shorter range or a longer step, or give Promkeep more memory.';
    return new PromkeepError('LIMIT_EXCEEDED', text, othersBytes > SMALL_BYTES ? { status: 429 } : {});
  }
}

/** What one request holds, for all of its answers. */
export class MemoryShare implements PartHolder {
  bytes = 0;
  private growingParts = 0;
  private closed = false;

  /** @param age grows from share to share */
  constructor(
    private readonly budget: MemoryBudget,
    readonly age: number,
    readonly preferred: boolean
  ) {}

  /** Large already, and not at its end. */
  get isGrowing(): boolean {
    return this.bytes > SMALL_BYTES && this.growingParts > 0;
  }

  /** For one of its answers; it counts as growing until it is settled or dropped. */
  part(): MemoryPart {
    this.growingParts++;
    return new MemoryPart(this);
  }

  /** Gives back all of it; what still waits or grows is cancelled. */
  release(): void {
    if (!this.closed) {
      this.closed = true;
      this.budget.close(this);
    }
  }

  take(moreBytes: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.closed) {
      throw cancelled();
    }
    return this.budget.tryTake(this, moreBytes) ? undefined : this.budget.wait(this, moreBytes, signal);
  }

  tryTake(moreBytes: number): boolean {
    return !this.closed && this.budget.tryTake(this, moreBytes);
  }

  partSettled(): void {
    this.growingParts--;
    this.budget.settled();
  }

  give(bytes: number): void {
    if (!this.closed) {
      this.budget.give(this, bytes);
    }
  }
}

function isLarge({ share, moreBytes }: Waiter): boolean {
  return share.bytes + moreBytes > SMALL_BYTES && !share.preferred;
}

function cancelled(): PromkeepError {
  return new PromkeepError('QUERY_CANCELLED', 'The query was cancelled.');
}

function inMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
