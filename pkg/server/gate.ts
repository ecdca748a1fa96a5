import { PromkeepError } from '../core/model/errors';

/** Lets at most `size` pieces of work run at once and refuses the rest: a queue would only hide the overload. */
export class Gate {
  private running = 0;

  constructor(private readonly size: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.size) {
      const text = `More than ${this.size} queries at once; try again in a moment.`;
      throw new PromkeepError('LIMIT_EXCEEDED', text, { status: 429 });
    }
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
    }
  }
}
