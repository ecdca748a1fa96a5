import { type Clock } from '../ports/clock';
import { type MetricSource } from '../ports/metricSource';

/** A measurement is good for this long; the machine's monotonic clock carries it on. */
const MEASURE_EVERY_MS = 60_000;

/**
 * The source's clock as far as it is known, for what is due. An archiver whose own clock runs ahead would else ask for times
 * in Prometheus' future, which answers them from its last samples, and record them as covered. The own clock may be wrong or
 * step: only the monotonic one is trusted between measurements. Never ahead of the source, behind by at most one round trip.
 */
export class SourceClock implements Clock {
  private base: { sourceMs: number; monotonicMs: number } | undefined;
  private running: Promise<void> | undefined;

  /** @param onMeasured gets own clock minus the source's, in milliseconds */
  constructor(
    private readonly source: Pick<MetricSource, 'serverTimeMs'>,
    private readonly own: Clock,
    private readonly monotonic: Clock,
    private readonly onMeasured: (offsetMs: number) => void = () => undefined
  ) {}

  nowMs(): number {
    return this.base ? this.base.sourceMs + (this.monotonic.nowMs() - this.base.monotonicMs) : this.own.nowMs();
  }

  /**
   * Measures if the last time is too long ago. Rejects only when there is no measurement at all: a source that is away does
   * not change its clock, and the next call tries again.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    if (this.base && this.monotonic.nowMs() - this.base.monotonicMs < MEASURE_EVERY_MS) {
      return;
    }
    this.running ??= this.measure(signal).finally(() => (this.running = undefined));
    try {
      await this.running;
    } catch (error) {
      if (!this.base) {
        throw error;
      }
    }
  }

  private async measure(signal: AbortSignal): Promise<void> {
    const sourceMs = await this.source.serverTimeMs({ signal });
    // As if it had been told only now: rather late than ahead.
    this.base = { sourceMs, monotonicMs: this.monotonic.nowMs() };
    this.onMeasured(this.own.nowMs() - sourceMs);
  }
}
