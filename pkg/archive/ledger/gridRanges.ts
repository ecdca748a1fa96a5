import { type TimeRange } from '../../core/model/timeRange';
import { FIRST_TIME_MS, LAST_TIME_MS } from '../write/seriesIdentity';

/**
 * Ranges of grid times as the ledger stores them: from the first grid time to one step after the last, exclusive. Stored so,
 * two writes whose grid times follow one another become one range, and times between grid times claim nothing.
 */
export function toMultirange(ranges: readonly TimeRange[], stepMs: number): string {
  const parts = ranges.flatMap((range) => {
    const part = toHalfOpen(range, stepMs);
    return part === undefined ? [] : [`["${iso(part.fromMs)}","${iso(part.untilMs)}")`];
  });
  return `{${parts.join(',')}}`;
}

/** `undefined` when no grid time lies in the range. */
export function toHalfOpen(range: TimeRange, stepMs: number): { fromMs: number; untilMs: number } | undefined {
  const fromMs = Math.ceil(Math.max(range.fromMs, FIRST_TIME_MS) / stepMs) * stepMs;
  const lastMs = Math.floor(Math.min(range.toMs, LAST_TIME_MS) / stepMs) * stepMs;
  return lastMs < fromMs ? undefined : { fromMs, untilMs: lastMs + stepMs };
}

/** First and last grid time of a stored range. */
export function fromHalfOpen(fromMs: number, untilMs: number, stepMs: number): TimeRange {
  return { fromMs, toMs: untilMs - stepMs };
}

function iso(timeMs: number): string {
  // A step that reaches into the year 10000: PostgreSQL reads it without the plus sign JavaScript writes.
  return new Date(timeMs).toISOString().replace(/^\+0*/, '');
}
