import { PromkeepError } from '../../core/model/errors';

/** Ends work of which the next piece takes too long, however long all of it may take; waiting for the reader does not count. */
export class ProgressLimit {
  private readonly late = new AbortController();
  readonly signal: AbortSignal;

  /** @param gone aborts when the reader is gone */
  constructor(
    private readonly limitMs: number,
    gone: AbortSignal
  ) {
    this.signal = AbortSignal.any([gone, this.late.signal]);
  }

  /** The pieces of `work`, which is to end when `signal` aborts; `SOURCE_TIMEOUT` then. */
  async *watch<T>(work: AsyncIterable<T>): AsyncGenerator<T> {
    const pieces = work[Symbol.asyncIterator]();
    try {
      for (let next = await this.inTime(pieces.next()); !next.done; next = await this.inTime(pieces.next())) {
        yield next.value;
      }
    } finally {
      await pieces.return?.();
    }
  }

  private async inTime<T>(piece: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.late.abort(), this.limitMs);
    try {
      return await piece;
    } catch (cause) {
      if (this.late.signal.aborted) {
        const text = `There was no answer within ${this.limitMs / 1000} s.`;
        throw new PromkeepError('SOURCE_TIMEOUT', text, { cause });
      }
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  }
}
