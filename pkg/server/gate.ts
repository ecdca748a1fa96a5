import { PromkeepError } from '../core/model/errors';

/**
 * Lets at most `size` pieces of work run at once. Of the rest so many wait, the first comer first, as is asked for, and all
 * others are refused: a long queue would only hide the overload.
 */
export class Gate {
  private running = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly size: number,
    private readonly mostWaiting = 0
  ) {}

  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /**
   * Resolves when there is a place, with what gives it back (once, however often it is called). Throws `LIMIT_EXCEEDED` (429),
   * and the signal's reason where it aborts while waiting.
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    if (this.running < this.size) {
      this.running++;
    } else if (this.waiting.size < this.mostWaiting) {
      await this.wait(signal);
    } else {
      const text = `More than ${this.size} queries at once; try again in a moment.`;
      throw new PromkeepError('LIMIT_EXCEEDED', text, { status: 429 });
    }
    let inside = true;
    return () => {
      if (inside) {
        inside = false;
        this.passOn();
      }
    };
  }

  /** The place of who leaves, which goes to who has waited longest. */
  private passOn(): void {
    const [next] = this.waiting;
    if (next) {
      next();
    } else {
      this.running--;
    }
  }

  private async wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const go = (): void => {
      this.waiting.delete(go);
      resolve();
    };
    const onAbort = (): void => {
      this.waiting.delete(go);
      reject(signal?.reason);
    };
    this.waiting.add(go);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) {
      onAbort();
    }
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
