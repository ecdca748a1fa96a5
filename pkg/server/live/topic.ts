import { asPromkeepError } from '../../core/model/errors';

/** What a topic tells: the answer as JSON text, or `{"failure": "…", "failingMs": …}`, for how long there has been none. */
export interface TopicEvent {
  name: string;
  /** Grows with each event of the topic. */
  sequence: number;
  json: string;
}

export interface TopicOptions {
  name: string;
  /** Between the end of one answer and the next question. */
  intervalMs: number;
  /** An answer that takes longer is given up. */
  limitMs: number;
  /** Gives a number above all before. */
  nextSequence(): number;
  produce(signal: AbortSignal): Promise<unknown>;
}

/**
 * One question asked on behalf of everybody who listens, and of nobody when nobody does: however many pages are open,
 * Prometheus and PostgreSQL are asked once.
 */
export class Topic {
  private readonly listeners = new Set<(event: TopicEvent) => void>();
  private latest: { event: TopicEvent; atMs: number } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private running: AbortController | undefined;
  /** When the first of the failures in a row happened, on the clock of `performance`. */
  private failingSince: number | undefined;

  constructor(private readonly options: TopicOptions) {}

  get isIdle(): boolean {
    return this.listeners.size === 0;
  }

  /**
   * @param seen the sequence the listener knows already, from before its connection was lost
   * @returns stops listening
   */
  subscribe(listener: (event: TopicEvent) => void, seen?: number): () => void {
    const wasIdle = this.isIdle;
    this.listeners.add(listener);
    const ageMs = this.latest ? performance.now() - this.latest.atMs : Infinity;
    if (this.latest && ageMs < this.options.intervalMs && this.latest.event.sequence !== seen) {
      listener(this.latest.event);
    }
    if (wasIdle) {
      this.schedule(Math.max(0, this.options.intervalMs - ageMs));
    }
    return () => {
      this.listeners.delete(listener);
      if (this.isIdle) {
        this.rest();
      }
    };
  }

  private schedule(delayMs: number): void {
    this.timer = setTimeout(() => void this.ask(), delayMs);
    this.timer.unref();
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = undefined;
    // nobody sees what happens now
    this.failingSince = undefined;
  }

  private async ask(): Promise<void> {
    const controller = new AbortController();
    this.running = controller;
    const json = await this.answer(AbortSignal.any([controller.signal, AbortSignal.timeout(this.options.limitMs)]));
    if (this.running !== controller) {
      return;
    }
    this.running = undefined;
    const event = { name: this.options.name, sequence: this.options.nextSequence(), json };
    this.latest = { event, atMs: performance.now() };
    this.listeners.forEach((listener) => listener(event));
    this.schedule(this.options.intervalMs);
  }

  private async answer(signal: AbortSignal): Promise<string> {
    try {
      const json = JSON.stringify(await this.options.produce(signal));
      this.failingSince = undefined;
      return json;
    } catch (error) {
      const nowMs = performance.now();
      this.failingSince ??= nowMs;
      const failure = signal.aborted ? 'There was no answer in time.' : asPromkeepError(error).message;
      const failingMs = Math.round(nowMs - this.failingSince);
      return JSON.stringify({ failure, ...(failingMs > 0 ? { failingMs } : {}) });
    }
  }
}
