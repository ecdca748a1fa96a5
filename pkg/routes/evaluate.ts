import * as v from 'valibot';
import { PromkeepError } from '../core/model/errors';
import { type CallOptions, type MetricSource } from '../core/ports/metricSource';
import { type Clock } from '../core/ports/clock';
import { type QueryResult } from '../core/model/series';
import { duration, type Fields, invalid, time } from './parameters';

/** What one request may cost at most. */
export interface QueryCost {
  /** Points a series. */
  maxPoints: number;
  maxRangeMs: number;
  /** Samples in all. */
  maxRecords: number;
}

export interface EvaluateDeps {
  source: MetricSource;
  clock: Clock;
  limits: QueryCost;
}

/** The parameters that `evaluate` reads. */
export const TIME_PARAMETERS = {
  time: v.optional(time),
  start: v.optional(time),
  end: v.optional(time),
  step: v.optional(duration),
};
type AskedTimes = Fields<typeof TIME_PARAMETERS>;

/** A step that was not given is chosen for about this many points. */
const DEFAULT_POINTS = 250;

/** Evaluates at one time (`time`, else now), or over a range when `start` and `end` are there. */
export async function evaluate(
  { source, clock, limits }: EvaluateDeps,
  { time: timeMs, start: startMs, end: endMs, step }: AskedTimes,
  expr: string,
  options: CallOptions
): Promise<QueryResult> {
  if (startMs === undefined && endMs === undefined && step === undefined) {
    return source.queryInstant({ expr, timeMs: timeMs ?? clock.nowMs() }, options);
  }
  if (timeMs !== undefined) {
    throw invalid('Give either "time" or "start" and "end".');
  }
  if (startMs === undefined || endMs === undefined) {
    throw invalid(`The parameter "${startMs === undefined ? 'start' : 'end'}" is missing.`);
  }
  if (endMs < startMs) {
    throw invalid('"end" lies before "start".');
  }
  const rangeMs = endMs - startMs;
  const stepMs = step ?? defaultStepMs(rangeMs);
  if (rangeMs > limits.maxRangeMs) {
    throw new PromkeepError('LIMIT_EXCEEDED', `The range is longer than ${limits.maxRangeMs / 3_600_000} hours.`);
  }
  if (Math.floor(rangeMs / stepMs) + 1 > limits.maxPoints) {
    const enoughMs = Math.ceil(rangeMs / (limits.maxPoints - 1) / 1000) * 1000;
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The query asks for more than ${limits.maxPoints} points a series; a step of ${enoughMs / 1000}s is enough.`
    );
  }
  return source.queryRange({ expr, startMs, endMs, stepMs }, options);
}

function defaultStepMs(rangeMs: number): number {
  return Math.max(1, Math.ceil(rangeMs / DEFAULT_POINTS / 1000)) * 1000;
}
