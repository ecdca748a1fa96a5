import { type TimeRange } from './timeRange';

/**
 * Moves both ends down to the grid of the step [Q1.4], so that refreshing asks for the same points again.
 *
 * Integer milliseconds throughout. Grafana computes in floating-point nanoseconds, which misprints about 30 % of the times at
 * steps of 1, 10 and 50 ms and so defeats every cache behind it.
 *
 * @param utcOffsetSec the grid's zero in seconds before the epoch: with it, a step of a day begins at local midnight
 */
export function alignRange({ fromMs, toMs }: TimeRange, stepMs: number, utcOffsetSec: number): TimeRange {
  const offsetMs = utcOffsetSec * 1_000;
  return { fromMs: alignDown(fromMs, stepMs, offsetMs), toMs: alignDown(toMs, stepMs, offsetMs) };
}

export function alignDown(timeMs: number, stepMs: number, offsetMs = 0): number {
  return timeMs - positiveModulo(timeMs + offsetMs, stepMs);
}

/** The remainder in `0 … divisor - 1`; exact for integers. */
export function positiveModulo(value: number, divisor: number): number {
  const rest = value % divisor;
  return rest < 0 ? rest + divisor : rest + 0;
}
