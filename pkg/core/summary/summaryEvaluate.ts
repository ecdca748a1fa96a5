import { stateOf, type SummaryMetric, type SummaryValue } from '../../../src/contract/summary';
import { alignDown } from '../model/alignment';
import { type Answering } from '../readback/readArchive';
import { asPromkeepError, PromkeepError } from '../model/errors';
import { expandMacros } from '../query/macros';
import { type CallOptions } from '../ports/metricSource';
import { type Clock } from '../ports/clock';
import { type TimeRange } from '../model/timeRange';
import { type QueryResult, type Samples, type Series } from '../model/series';
import { aggregateSeries, groupSeries } from './aggregate';

export interface SummaryDeps {
  source: Answering;
  clock: Clock;
  /** The source's scrape interval as a duration text, for `$__rate_interval`; may be empty. */
  scrapeInterval: string;
}

/** One metric, evaluated: its groups, or why it could not be. No group at all: there is nothing to show (a hidden metric). */
export interface SummaryEvaluation {
  metric: SummaryMetric;
  /** As sent. */
  expr: string;
  stepMs: number;
  groups: SummaryGroup[];
  failure?: PromkeepError;
  /** The same metric over the same span of time, this much earlier. */
  earlier?: { offsetMs: number; evaluation: SummaryEvaluation; origin?: 'archive' };
}

export interface SummaryGroup {
  value: SummaryValue;
  /** The values over time; for an instant evaluation at most one. */
  samples: Samples;
  /** The newest time at which there should be a sample. */
  endMs: number;
}

/** With steps above this, a summary would show values that are too old: the grid's end follows the clock instead. */
const FRESH_MS = 15_000;
/** Of charts of a metric that is not recorded. */
export const SUMMARY_STEP_MS = FRESH_MS;
/** One late scrape is not "no data": the newest value counts while it is no older than this, or than the step up to 5 min. */
const SHORTEST_PATIENCE_MS = 60_000;
const LONGEST_PATIENCE_MS = 300_000;
/** How far back an instant evaluation looks for the last sample when there is none now: 361 points. */
const LOOK_BACK = { rangeMs: 6 * 3_600_000, stepMs: 60_000 };

export interface SummaryRange {
  range: TimeRange;
  stepMs: number;
  groupBy: string;
  /** Asks for the same grid this much earlier. */
  offsetMs?: number;
}

/** Evaluates a metric over a range: the sparkline, and its last value as *the* value. Only cancelling throws. */
export async function evaluateSummaryRange(
  deps: SummaryDeps,
  metric: SummaryMetric,
  { range, stepMs, groupBy, offsetMs = 0 }: SummaryRange,
  call: CallOptions
): Promise<SummaryEvaluation> {
  const grid = shift(gridOf(range, stepMs, deps.clock.nowMs()), offsetMs);
  const expr = expand(deps, metric.expr, range, stepMs);
  const evaluation = { metric, expr, stepMs };
  try {
    const result = await deps.source.queryRange({ expr, startMs: grid.fromMs, endMs: grid.toMs, stepMs }, call);
    const groups = groupsOf(metric, result, groupBy).map((group) => lastState(metric, group, grid.toMs, stepMs));
    if (groups.length === 0 && (await isHidden(deps, metric, grid, call))) {
      return { ...evaluation, groups };
    }
    return { ...evaluation, groups: groups.length > 0 ? groups : [absent(metric, grid.toMs, noSeriesReason(metric))] };
  } catch (error) {
    return failed(evaluation, error, grid.toMs, call.signal);
  }
}

/** Evaluates a metric at one time: one number per group. Only cancelling throws. */
export async function evaluateSummaryInstant(
  deps: SummaryDeps,
  metric: SummaryMetric,
  { timeMs, groupBy }: { timeMs: number; groupBy: string },
  call: CallOptions
): Promise<SummaryEvaluation> {
  const range = { fromMs: timeMs - LOOK_BACK.rangeMs, toMs: timeMs };
  const expr = expand(deps, metric.expr, range, FRESH_MS);
  const evaluation = { metric, expr, stepMs: FRESH_MS };
  try {
    const result = await deps.source.queryInstant({ expr, timeMs }, call);
    const groups = groupsOf(metric, result, groupBy).map((group) => lastState(metric, group, timeMs, FRESH_MS));
    if (groups.length > 0) {
      return { ...evaluation, groups };
    }
    const lastSeenMs = await findLastSeen(deps, expr, range, call);
    if (lastSeenMs === undefined && (await isHidden(deps, metric, range, call))) {
      return { ...evaluation, groups };
    }
    const reason = lastSeenMs === undefined ? noSeriesReason(metric) : noDataSince(lastSeenMs);
    return { ...evaluation, groups: [absent(metric, timeMs, reason, lastSeenMs)] };
  } catch (error) {
    return failed(evaluation, error, timeMs, call.signal);
  }
}

/** The points to ask for: not beyond now, ending as late as a fresh value needs, `stepMs` apart. */
function gridOf({ fromMs, toMs }: TimeRange, stepMs: number, nowMs: number): TimeRange {
  const endMs = alignDown(Math.min(toMs, nowMs), Math.min(stepMs, FRESH_MS));
  const steps = Math.max(0, Math.floor((endMs - fromMs) / stepMs));
  return { fromMs: endMs - steps * stepMs, toMs: endMs };
}

function shift({ fromMs, toMs }: TimeRange, offsetMs: number): TimeRange {
  return { fromMs: fromMs - offsetMs, toMs: toMs - offsetMs };
}

function expand({ scrapeInterval }: SummaryDeps, expr: string, range: TimeRange, stepMs: number): string {
  return expandMacros(expr, { stepMs, range, interval: '', scrapeInterval, requestIntervalMs: stepMs });
}

function groupsOf(
  metric: SummaryMetric,
  result: QueryResult,
  groupBy: string
): Array<[group: Record<string, string>, samples: Samples]> {
  if (result.resultType === 'string') {
    throw new PromkeepError('QUERY_INVALID', 'the expression gives a text, not a number');
  }
  const withSamples: Series[] = result.series.filter(({ timesMs }) => timesMs.length > 0);
  if (withSamples.length === 0 && result.series.some(({ histograms }) => histograms)) {
    throw new PromkeepError('QUERY_INVALID', 'the expression gives native histograms, not numbers');
  }
  return [...groupSeries(withSamples, groupBy)].map(([value, series]) => [
    groupBy === '' ? {} : { [groupBy]: value },
    aggregateSeries(series, metric.aggregation),
  ]);
}

function lastState(
  metric: SummaryMetric,
  [group, samples]: readonly [Record<string, string>, Samples],
  endMs: number,
  stepMs: number
): SummaryGroup {
  const last = samples.timesMs.length - 1;
  const lastSeenMs = samples.timesMs[last];
  const value = samples.values[last];
  const patienceMs = Math.max(SHORTEST_PATIENCE_MS, Math.min(stepMs, LONGEST_PATIENCE_MS));
  const reason =
    endMs - lastSeenMs > patienceMs
      ? noDataSince(lastSeenMs)
      : Number.isFinite(value)
        ? undefined
        : `the newest value is ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`;
  const base = { ...describe(metric), group, lastSeenMs };
  return {
    samples,
    endMs,
    value:
      reason === undefined
        ? { ...base, value, state: stateOf(value, metric.thresholds) }
        : { ...base, value: null, state: 'no-data', noDataReason: reason },
  };
}

function absent(metric: SummaryMetric, endMs: number, noDataReason: string, lastSeenMs?: number): SummaryGroup {
  const value: SummaryValue = { ...describe(metric), group: {}, value: null, state: 'no-data', noDataReason };
  return {
    value: lastSeenMs === undefined ? value : { ...value, lastSeenMs },
    samples: { timesMs: new Float64Array(0), values: new Float64Array(0) },
    endMs,
  };
}

function failed(
  evaluation: Pick<SummaryEvaluation, 'metric' | 'expr' | 'stepMs'>,
  error: unknown,
  endMs: number,
  signal: AbortSignal
): SummaryEvaluation {
  const failure = asPromkeepError(error);
  if (signal.aborted) {
    throw failure;
  }
  const group = absent(evaluation.metric, endMs, `query failed: ${failure.message}`);
  return { ...evaluation, groups: [group], failure };
}

/** Whether a metric without series is not even wanted: nothing has scraped its job in the range. In doubt it is shown. */
async function isHidden(
  { source }: SummaryDeps,
  { job, hiddenWithoutJob }: SummaryMetric,
  { fromMs, toMs }: TimeRange,
  call: CallOptions
): Promise<boolean> {
  if (hiddenWithoutJob !== true || job === undefined) {
    return false;
  }
  const span = `${Math.max(SHORTEST_PATIENCE_MS, toMs - fromMs)}ms`;
  try {
    const expr = `count(last_over_time(up{job=${JSON.stringify(job)}}[${span}]))`;
    const { series } = await source.queryInstant({ expr, timeMs: toMs }, call);
    return series.length === 0;
  } catch {
    return false;
  }
}

async function findLastSeen(
  { source }: SummaryDeps,
  expr: string,
  range: TimeRange,
  call: CallOptions
): Promise<number | undefined> {
  try {
    const { series } = await source.queryRange(
      { expr, startMs: range.fromMs, endMs: range.toMs, stepMs: LOOK_BACK.stepMs },
      call
    );
    const newest = series.filter(({ timesMs }) => timesMs.length > 0).map(({ timesMs }) => timesMs[timesMs.length - 1]);
    return newest.length > 0 ? newest.reduce((a, b) => Math.max(a, b)) : undefined;
  } catch {
    // Only the explanation is lost; the value is null either way.
    return undefined;
  }
}

function describe({ key, displayName, unit }: SummaryMetric): Pick<SummaryValue, 'key' | 'displayName' | 'unit'> {
  return { key, displayName, unit };
}

function noSeriesReason({ job }: SummaryMetric): string {
  return job === undefined ? 'no series in this range' : `no series: is the job ${job} scraped?`;
}

function noDataSince(timeMs: number): string {
  return `no data since ${new Date(timeMs).toISOString().replace('.000Z', 'Z')}`;
}
