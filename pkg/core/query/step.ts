import { NS_PER_MS } from '../../../src/contract/duration';
import { PromkeepError } from '../model/errors';
import { formatGoDuration, NS_PER_SECOND, parseInterval } from '../model/goDuration';
import { type TimeRange } from '../model/timeRange';

/** How far apart the points of a range query lie [Q1.3], and the texts in which people read it. */

/**
 * Prometheus refuses a range query when `(end - start) / step > 11000`. Aligning can add one point, so a step is raised when
 * the plain range holds more than 10,998 steps: then no answer has more than 11,000 points.
 */
export const MAX_POINTS = 11_000;

const MS_PER = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 31_536_000_000 };
const DEFAULT_MIN_STEP = 15n * NS_PER_SECOND;
const DEFAULT_MAX_DATA_POINTS = 1_500;

const INTERVAL_VARIABLES = new Set(['$__interval', '${__interval}', '$__interval_ms', '${__interval_ms}']);
const RATE_VARIABLES = new Set([
  '$__rate_interval',
  '${__rate_interval}',
  '$__rate_interval_ms',
  '${__rate_interval_ms}',
]);

export interface StepInput {
  /** Min step as saved: a duration, an interval variable, or empty. */
  interval: string;
  /** The `intervalMs` of the saved query; 0 when it has none. */
  intervalMs: number;
  /** 0 counts as 1. */
  intervalFactor: number;
  /** The datasource's `timeInterval`; may be empty. */
  scrapeInterval: string;
  maxDataPoints: number;
  range: TimeRange;
}

export function isIntervalVariable(text: string): boolean {
  return INTERVAL_VARIABLES.has(text);
}

export function isRateIntervalVariable(text: string): boolean {
  return RATE_VARIABLES.has(text);
}

/** The step in whole milliseconds, at least 1. Throws `QUERY_INVALID` for intervals that cannot be read. */
export function resolveStepMs(input: StepInput): number {
  const { interval, intervalFactor, scrapeInterval, range } = input;
  const rangeNs = BigInt(Math.trunc(range.toMs - range.fromMs)) * NS_PER_MS;
  const maxDataPoints = input.maxDataPoints > 0 ? Math.trunc(input.maxDataPoints) : DEFAULT_MAX_DATA_POINTS;
  const minimum = minStep(input);
  const raw = rangeNs / BigInt(maxDataPoints);
  const wanted = raw < minimum ? minimum : roundInterval(raw);
  const safe = roundInterval(rangeNs / BigInt(MAX_POINTS));
  const adjusted = wanted > safe ? wanted : safe;
  if (intervalFactor < 0) {
    throw new PromkeepError('QUERY_INVALID', `intervalFactor must not be negative, but is ${intervalFactor}.`);
  }
  const step = isRateIntervalVariable(interval)
    ? rateInterval(adjusted, scrapeInterval)
    : adjusted * BigInt(intervalFactor || 1);
  return raiseToPointLimit(wholeMs(step), range);
}

/** The `$__rate_interval` for an interval of `x` ns: room for at least four scrapes. Throws when `scrape` cannot be read. */
export function rateInterval(x: bigint, scrape: string): bigint {
  return rateIntervalOf(x, scrape === '' ? DEFAULT_MIN_STEP : parseInterval(scrape));
}

export function rateIntervalOf(x: bigint, scrapeNs: bigint): bigint {
  const sum = x + scrapeNs;
  const four = 4n * scrapeNs;
  return sum > four ? sum : four;
}

/** Rounds up to whole milliseconds, which is the finest Prometheus stores; at least 1. */
export function wholeMs(ns: bigint): number {
  const ms = Number((ns + NS_PER_MS - 1n) / NS_PER_MS);
  if (ms > Number.MAX_SAFE_INTEGER) {
    throw new PromkeepError('QUERY_INVALID', 'The step is too large.');
  }
  return Math.max(ms, 1);
}

/** A duration PromQL reads and that is exact: the largest unit that divides it (`90s`, `2h`, `1d`, `1500ms`). */
export function formatExact(ms: number): string {
  for (const unit of ['y', 'd', 'h', 'm', 's'] as const) {
    if (ms >= MS_PER[unit] && ms % MS_PER[unit] === 0) {
      return `${ms / MS_PER[unit]}${unit}`;
    }
  }
  return `${ms}ms`;
}

/**
 * The step in `executedQueryString`. Grafana's annotations read only its first number and unit, so Go's text is used where
 * that is the whole step (`15s`, `1m0s`) and a single unit elsewhere (`90s` for Go's `1m30s`).
 */
export function formatStep(ms: number): string {
  const text = formatGoDuration(BigInt(ms) * NS_PER_MS);
  const first = /^(\d+)(h|m|s|ms)(?:0m)?(?:0s)?$/.test(text);
  return first ? text : formatExact(ms);
}

function minStep({ interval, intervalMs, scrapeInterval }: StepInput): bigint {
  const own = isIntervalVariable(interval) || isRateIntervalVariable(interval) ? '' : interval;
  if (own !== '' && own !== '0s') {
    return parseInterval(own);
  }
  if (intervalMs !== 0) {
    return BigInt(Math.trunc(intervalMs)) * NS_PER_MS;
  }
  return scrapeInterval === '' ? DEFAULT_MIN_STEP : parseInterval(scrapeInterval);
}

const S = NS_PER_SECOND;
const M = 60n * S;
const H = 60n * M;
const D = 24n * H;

/** Intervals up to the first number become the second. */
const ROUNDING: ReadonlyArray<readonly [bigint, bigint]> = [
  [10n * NS_PER_MS, NS_PER_MS],
  [15n * NS_PER_MS, 10n * NS_PER_MS],
  [35n * NS_PER_MS, 20n * NS_PER_MS],
  [75n * NS_PER_MS, 50n * NS_PER_MS],
  [150n * NS_PER_MS, 100n * NS_PER_MS],
  [350n * NS_PER_MS, 200n * NS_PER_MS],
  [750n * NS_PER_MS, 500n * NS_PER_MS],
  [1_500n * NS_PER_MS, S],
  [3_500n * NS_PER_MS, 2n * S],
  [7_500n * NS_PER_MS, 5n * S],
  [12_500n * NS_PER_MS, 10n * S],
  [17_500n * NS_PER_MS, 15n * S],
  [25n * S, 20n * S],
  [45n * S, 30n * S],
  [90n * S, M],
  [210n * S, 2n * M],
  [450n * S, 5n * M],
  [750n * S, 10n * M],
  [1_050n * S, 15n * M],
  [25n * M, 20n * M],
  [45n * M, 30n * M],
  [90n * M, H],
  [150n * M, 2n * H],
  [270n * M, 3n * H],
  [9n * H, 6n * H],
  [24n * H, 12n * H],
  [48n * H, D],
  [7n * D, D],
  [21n * D, 7n * D],
  [730n * D - 1n, 30n * D],
];
const LONGEST = 365n * D;

/** Rounds to a pleasant neighbour, often downwards. Grafana's table. */
export function roundInterval(ns: bigint): bigint {
  return ROUNDING.find(([bound]) => ns <= bound)?.[1] ?? LONGEST;
}

function raiseToPointLimit(stepMs: number, { fromMs, toMs }: TimeRange): number {
  const rangeMs = toMs - fromMs;
  const mostSteps = MAX_POINTS - 2;
  if (Math.floor(rangeMs / stepMs) <= mostSteps) {
    return stepMs;
  }
  const least = Math.ceil(rangeMs / mostSteps);
  const pleasant = [...ROUNDING.map(([, result]) => result), LONGEST].map((ns) => Number(ns / NS_PER_MS));
  return pleasant.find((ms) => ms >= least) ?? least;
}
