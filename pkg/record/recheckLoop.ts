import { type CollectFailure, failureOf } from '../core/collect/failures';
import {
  recheckNext,
  type RecheckDeps,
  type RecheckedPiece,
  type RecheckPace,
  type RecheckState,
  writeBehind,
} from '../core/collect/raw/recheck';
import { asPromkeepError } from '../core/model/errors';
import { type TimeRange } from '../core/model/timeRange';
import { type Clock } from '../core/ports/clock';
import { type Definition } from '../core/ports/definitions';
import { type Logger } from '../core/ports/logger';
import { type RecorderEvents } from '../core/ports/recorderEvents';
import { type Sleep, type Slots } from './waiting';

export interface RecheckLoopDeps extends RecheckDeps {
  pace: RecheckPace;
  monotonicClock: Clock;
  logger: Logger;
  metrics: Pick<RecorderEvents, 'wrote'>;
  /** Of collecting. Comparing takes none of them, so that nothing live waits for it; writing does. */
  slots: Slots;
  /** One for all definitions: a day of one of them is compared at a time. */
  recheckSlot: Slots;
  sleep: Sleep;
}

/** Compares what is archived of a raw definition with its source for as long as it is recorded, and adds what it finds. */
export class RecheckLoop {
  private state: RecheckState | undefined;
  private failures = 0;
  private failing: string | undefined;
  /** By the monotonic clock. */
  private nextDayMs = 0;

  constructor(
    private readonly deps: RecheckLoopDeps,
    private readonly query: Definition
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const { pace, sleep, recheckSlot } = this.deps;
    await sleep(pace.firstMs, signal);
    while (!signal.aborted) {
      const waitMs = await recheckSlot.run(() => this.turn(signal));
      await sleep(waitMs, signal);
    }
  }

  /** One piece, and how long to wait before the next. */
  private async turn(signal: AbortSignal): Promise<number> {
    const { pace, monotonicClock } = this.deps;
    const startedMs = monotonicClock.nowMs();
    if ((this.state?.left.length ?? 0) === 0) {
      this.nextDayMs = startedMs + pace.dayMs;
    }
    const piece = await this.piece(signal);
    const endedMs = monotonicClock.nowMs();
    return Math.max(
      pace.restTimes * (endedMs - startedMs),
      this.backoffMs(piece?.failure),
      piece?.isLast ? this.nextDayMs - endedMs : 0
    );
  }

  /** @returns nothing once it is aborted */
  private async piece(signal: AbortSignal): Promise<Pick<RecheckedPiece, 'isLast' | 'failure'> | undefined> {
    const { pace } = this.deps;
    try {
      signal.throwIfAborted();
      const piece = await recheckNext(this.deps, this.query, { state: this.state, pace }, signal);
      const failure = piece.failure ?? (await this.writeAll(piece.behind, signal));
      // Not before all of it is written: else it would be found only when the day has its turn again.
      if (piece.failure || !failure?.transient) {
        this.state = piece.state;
      }
      return { isLast: piece.isLast, failure };
    } catch {
      return undefined;
    }
  }

  /** Only aborting throws. */
  private async writeAll(behind: readonly TimeRange[], signal: AbortSignal): Promise<CollectFailure | undefined> {
    try {
      for (const range of behind) {
        await this.deps.slots.run(() => this.write(range, signal));
      }
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return failureOf(asPromkeepError(error));
    }
  }

  private async write(range: TimeRange, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { logger, metrics } = this.deps;
    const outcome = await writeBehind(this.deps, this.query, range, signal);
    if (outcome === undefined) {
      return;
    }
    const { inserted, revised } = outcome;
    metrics.wrote(this.query.name, outcome);
    // Series that cannot be stored are found each time.
    logger[inserted + revised > 0 ? 'info' : 'debug']('Samples were found behind the copied position.', {
      query: this.query.name,
      from: new Date(range.fromMs).toISOString(),
      to: new Date(range.toMs).toISOString(),
      ...{ inserted, revised },
    });
  }

  /** Logged when its cause changes: what is recorded is not the worse for it. */
  private backoffMs(failure: CollectFailure | undefined): number {
    if (!failure) {
      this.failures = 0;
      this.failing = undefined;
      return 0;
    }
    const { logger, pace, refill } = this.deps;
    const { error, transient } = failure;
    const cause = `${error.code} ${error.message}`;
    if (cause !== this.failing) {
      this.failing = cause;
      logger[transient ? 'debug' : 'warn']('Archived raw series could not be compared with the source.', {
        query: this.query.name,
        ...{ code: error.code, error: error.message },
      });
    }
    return Math.min(pace.dayMs, refill.backoffMs * 2 ** Math.min(this.failures++, 30));
  }
}
