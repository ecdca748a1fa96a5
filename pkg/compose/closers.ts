import { type Logger } from '../core/ports/logger';

/** What was opened, to be closed in reverse order. */
export class Closers {
  private readonly open: Array<{ name: string; close(): Promise<void> }> = [];

  constructor(private readonly logger: Logger) {}

  push(name: string, close: () => Promise<void>): void {
    this.open.push({ name, close });
  }

  /** Waits at most `limitMs` for each; what does not close in time is left to the end of the process. */
  async closeAll(limitMs: number): Promise<void> {
    for (let last = this.open.pop(); last; last = this.open.pop()) {
      const { name, close } = last;
      try {
        await within(limitMs, close());
      } catch (error) {
        this.logger.warn('Could not close in order.', { part: name, error: String(error) });
      }
    }
  }
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still open after ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
