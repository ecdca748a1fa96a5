import {
  type CollectDeps,
  newestDueMs,
  nextDueAtMs,
  openProgress,
  type CollectProgress,
  type WrittenRange,
} from '../core/collect/progress';
import { collectNext } from '../core/collect';
import { failureOf, type CollectFailure } from '../core/collect/failures';
import { refillNext, type RefillMemory, type RefillSettings } from '../core/collect/refill';
import { asPromkeepError } from '../core/model/errors';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { type Definition } from '../core/ports/definitions';
import { type TimeRange } from '../core/model/timeRange';
import { type SourceClock } from '../core/collect/sourceClock';
import { type RecorderEvents } from '../core/ports/recorderEvents';
import { retryDelayMs } from './backoff';
import { DEFINITIONS_EVERY_MS } from './definitions';
import { type Sleep, type Slots } from './waiting';

export interface QueryLoopDeps extends CollectDeps {
  /** Tells what is due. */
  clock: SourceClock;
  /** Measures durations. */
  monotonicClock: Clock;
  refill: RefillSettings;
  logger: Logger;
  metrics: RecorderEvents;
  slots: Slots;
  sleep: Sleep;
}

/** Holes are looked for this often, and at most this many pieces are filled in one go. */
const REFILL_EVERY_MS = 120_000;
const REFILL_PIECES = 20;

/** The life of one recorded query in this process. */
export class DefinitionLoop {
  private failures = 0;
  private failing: string | undefined;
  private refillAtMs = 0;
  private memory: RefillMemory = new Map();
  private progress: CollectProgress | undefined;

  constructor(
    private readonly deps: QueryLoopDeps,
    private readonly query: Definition,
    private readonly earliestGapMs: number | undefined
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const stopFollowing = this.deps.metrics.follows(this.query.name, () => this.progress && this.lagMs(this.progress));
    try {
      await this.repeat(signal);
    } finally {
      stopFollowing();
    }
  }

  private async repeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs: number;
      try {
        await this.deps.clock.refresh(signal);
        const current: CollectProgress = (this.progress ??= await openProgress(
          this.deps,
          this.query,
          this.earliestGapMs
        ));
        const done = await this.deps.slots.run(() => this.turn(current, signal));
        this.progress = done.progress;
        waitMs = done.waitMs;
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        waitMs = this.noteFailure(failureOf(asPromkeepError(error)));
      }
      await this.deps.sleep(waitMs, signal);
    }
  }

  /** One piece of work, and how long to wait before the next. */
  private async turn(
    progress: CollectProgress,
    signal: AbortSignal
  ): Promise<{ progress: CollectProgress; waitMs: number }> {
    signal.throwIfAborted();
    const startedMs = this.deps.monotonicClock.nowMs();
    const step = await collectNext(this.deps, this.query, progress, signal);
    if (step.write) {
      this.deps.metrics.took((this.deps.monotonicClock.nowMs() - startedMs) / 1000);
    }
    this.report(step.range, step.write);
    if (step.failure) {
      const retryMs = this.noteFailure(step.failure);
      const movedOn = step.progress.frontierMs > progress.frontierMs;
      return { progress: step.progress, waitMs: movedOn ? this.untilDueMs(step.progress) : retryMs };
    }
    if (step.write) {
      this.noteSuccess();
    }
    if (step.more) {
      return { progress: step.progress, waitMs: 0 };
    }
    await this.refillGaps(step.progress, signal);
    return { progress: step.progress, waitMs: this.untilDueMs(step.progress) };
  }

  private async refillGaps(progress: CollectProgress, signal: AbortSignal): Promise<void> {
    if (this.deps.clock.nowMs() < this.refillAtMs) {
      return;
    }
    for (let piece = 0; piece < REFILL_PIECES; piece++) {
      const step = await refillNext(this.deps, this.query, { progress, memory: this.memory }, signal);
      this.memory = step.memory;
      this.report(step.range, step.write);
      if (!step.range || step.failure?.transient) {
        break;
      }
    }
    this.refillAtMs = this.deps.clock.nowMs() + REFILL_EVERY_MS;
  }

  private report(range: TimeRange | undefined, write: WrittenRange | undefined): void {
    if (!range || !write) {
      return;
    }
    const { outcome, gapPoints } = write;
    const { refused, ...counts } = outcome;
    const query = this.query.name;
    this.deps.metrics.wrote(query, outcome);
    this.deps.metrics.gapped(query, gapPoints);
    this.deps.logger.debug('Recorded.', {
      query,
      from: new Date(range.fromMs).toISOString(),
      to: new Date(range.toMs).toISOString(),
      ...counts,
      gapPoints,
    });
    if (refused.length > 0) {
      const { reason } = refused[0];
      this.deps.logger.warn('Some series could not be stored.', { query, series: refused.length, reason });
    }
  }

  /** Logged when it begins and when its cause changes, not on every attempt. */
  private noteFailure({ reason, error }: CollectFailure): number {
    if (error.code === 'ARCHIVE_QUERY_CHANGED') {
      // Not a failure: this loop is about to be ended and another begun, as soon as the definitions are read again.
      this.deps.logger.debug('The recorded query was changed meanwhile.', { query: this.query.name });
      return DEFINITIONS_EVERY_MS;
    }
    this.failures++;
    this.deps.metrics.failed(this.query.name, reason);
    const cause = `${error.code} ${error.message}`;
    if (cause !== this.failing) {
      this.failing = cause;
      this.deps.logger.warn('Recording failed; the range will be asked for again.', {
        query: this.query.name,
        reason,
        code: error.code,
        error: error.message,
      });
    }
    return retryDelayMs(this.failures, Math.random());
  }

  private noteSuccess(): void {
    if (this.failing !== undefined) {
      this.deps.logger.info('Recording works again.', { query: this.query.name, failures: this.failures });
    }
    this.failures = 0;
    this.failing = undefined;
  }

  private untilDueMs(progress: CollectProgress): number {
    return Math.max(0, nextDueAtMs(this.deps, this.query, progress.frontierMs) - this.deps.clock.nowMs());
  }

  private lagMs(progress: CollectProgress): number {
    return Math.max(0, newestDueMs(this.deps, this.query) - progress.frontierMs);
  }
}
