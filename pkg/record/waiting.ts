import { setTimeout } from 'node:timers/promises';

/** Resolves after `ms`, or early and without error when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Timers take at most 2^31 − 1 ms; the callers look at the clock again anyway. */
const LONGEST_MS = 3_600_000;

export const sleepUntilTimer: Sleep = (ms, signal) =>
  setTimeout(Math.min(LONGEST_MS, Math.max(0, ms)), undefined, { signal }).catch(() => undefined);

/** Work that is started once, and goes on until it is stopped. */
export interface Background {
  start(): void;
  /** Ends after what runs has been aborted and is over. */
  stop(): Promise<void>;
}

/** @param reason what the work's signal aborts with */
export function inBackground(work: (signal: AbortSignal) => Promise<void>, reason: string): Background {
  const abort = new AbortController();
  let running: Promise<void> | undefined;
  return {
    start() {
      running ??= work(abort.signal);
    },
    async stop() {
      abort.abort(new Error(reason));
      await running;
    },
  };
}

/** At most `size` holders at once; those who wait are served in the order they came. */
export class Slots {
  private free: number;
  private readonly waiting: Array<() => void> = [];

  constructor(size: number) {
    this.free = size;
  }

  /** @param signal ends the waiting, with its reason; absent: nothing does */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.free > 0) {
      this.free--;
    } else {
      await this.turn(signal);
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) {
        next();
      } else {
        this.free++;
      }
    }
  }

  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(signal?.reason as Error);
      };
      const take = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.waiting.push(take);
    });
  }
}
