/**
 * Lets long pieces of work take turns with everything else the process does, and with each other: however many there are, one
 * of them works between two looks at what has come in, so the wait of a short piece does not grow with their number.
 */
export class Turns {
  private readonly waiting: Array<() => void> = [];

  /** @param later runs a function after what has come in meanwhile was looked at (`setImmediate`) */
  constructor(private readonly later: (run: () => void) => unknown) {}

  /** Resolves when it is the caller's turn to go on. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length === 1) {
        this.later(() => this.give());
      }
    });
  }

  private give(): void {
    this.waiting.shift()?.();
    if (this.waiting.length > 0) {
      this.later(() => this.give());
    }
  }
}

/** The turns of the whole process: whatever works long in the main thread takes them here, so that it counts as one. */
export const processTurns = new Turns((run) => setImmediate(run));
