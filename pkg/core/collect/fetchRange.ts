import { isTooManySeries } from '../memory/answerMemory';
import { splitByTime } from './collectGrid';
import { PromkeepError } from '../model/errors';
import { type CallOptions, type MetricSource, type RangeQuery } from '../ports/metricSource';
import { type Clock } from '../ports/clock';
import { type Gap } from '../ports/ledger';
import { type RangeWrite } from '../ports/sampleStore';
import { type Definition } from '../ports/definitions';
import { type TimeRange } from '../model/timeRange';
import { type RecordingAllowance } from './recordingAllowance';
import { type QueryResult, type Series } from '../model/series';
import { type RawReading } from './raw/rawReading';

export interface FetchDeps {
  source: Pick<MetricSource, 'queryRange'>;
  clock: Clock;
  settings: CollectSettings;
  /** Limits of all recorded queries together. Absent: there are none, as for commands. */
  allowance?: Pick<RecordingAllowance, 'admit'>;
  /** Version of the source for the provenance; the caller caches it. */
  sourceVersion(signal: AbortSignal): Promise<string | undefined>;
  /** Absent: definitions of raw series fail. */
  rawReading?: RawReading;
  /** From which time on queries are answered out of what the source holds itself (`ownTimes`). Absent: from ever. */
  heldFromMs?(call: CallOptions): Promise<number>;
}

export interface CollectSettings {
  /** A time is asked for only when it is this old: late scrapes and stale markers change younger answers [A6]. */
  settleMs: number;
  /** PromQL that has a value wherever the source held data [A5]. */
  probe: string;
  /** How far before its first start a new recorded query begins. */
  backfillMs: number;
  /** Points a series in one request; Prometheus refuses more than 11,000. */
  maxPoints: number;
  /** An answer with more series is given up while it arrives, so that a query gone wild does not take the memory. */
  seriesLimit?: SeriesLimit;
}

export interface SeriesLimit {
  max: number;
  /** As people call the setting that raises it. */
  setting: string;
}

export const COLLECT_DEFAULTS = { probe: 'count(up)', backfillMs: 0, maxPoints: 10_000 } as const;

/**
 * Has a value where something was scraped shortly before: in the last four intervals, but at least 15 s. `count(up)` alone
 * looks five minutes back and so takes every shorter outage for covered. Four intervals leave room for jobs that are scraped
 * less often than the configured interval says.
 */
export function defaultProbe(scrapeIntervalMs: number): string {
  return `count(count_over_time(up[${Math.max(4 * scrapeIntervalMs, 15_000)}ms]))`;
}

/** 2.2 scrapes and one timeout: as long as answers were seen to change [A6]. */
export function defaultSettleMs(scrapeIntervalMs: number, scrapeTimeoutMs: number): number {
  return Math.round(2.2 * scrapeIntervalMs) + scrapeTimeoutMs;
}

/**
 * Fetches one range of a recorded query together with the probe, and says which of its times count as covered.
 *
 * An answer with warnings of the *storage* (a remote read that failed, a Thanos store that did not answer) may lack series:
 * it is stored, since it is the best there is, but the whole range stays a `partial-answer` gap and is asked for again.
 * Warnings of the *engine* ("PromQL warning: …") are remarks about the expression; they come again each time and make no gap.
 *
 * @param range on the grid of the query's step
 */
export async function fetchRange(
  deps: FetchDeps,
  query: Definition,
  range: TimeRange,
  call: CallOptions
): Promise<RangeWrite> {
  const heldFromMs = (await deps.heldFromMs?.(call)) ?? -Infinity;
  const request = { startMs: range.fromMs, endMs: range.toMs, stepMs: query.stepMs };
  const [result, probe, prometheusVersion] = await Promise.all([
    fetchQuery(deps, query, request, call),
    fetchProbe(deps, request, call),
    deps.sourceVersion(call.signal),
  ]);
  refuseUnstorable(query, result);
  deps.allowance?.admit(query, result.series.length);
  const held = heldTimes(probe);
  const { covered, gaps } = splitCoverage(range, query.stepMs, {
    warnings: [...result.warnings, ...probe.warnings],
    isHeld: (timeMs) => timeMs >= heldFromMs && held.has(timeMs),
  });
  return {
    query: { kind: 'recorded', name: query.name },
    range,
    series: heldFromMs > range.fromMs ? result.series.map((one) => samplesFrom(one, heldFromMs)) : result.series,
    queryName: query.name,
    retention: query.retention,
    provenance: {
      expression: query.expression,
      stepMs: query.stepMs,
      fetchedAtMs: deps.clock.nowMs(),
      prometheusVersion,
      warnings: result.warnings,
    },
    covered,
    gaps,
  };
}

function samplesFrom({ labels, timesMs, values }: Series, fromMs: number): Series {
  const first = timesMs.findIndex((timeMs) => timeMs >= fromMs);
  const start = first < 0 ? timesMs.length : first;
  return { labels, timesMs: timesMs.subarray(start), values: values.subarray(start) };
}

type Grid = Omit<RangeQuery, 'expr'>;

async function fetchQuery(
  { source, settings: { seriesLimit } }: FetchDeps,
  { name, expression }: Definition,
  request: Grid,
  call: CallOptions
): Promise<QueryResult> {
  try {
    return await source.queryRange({ ...request, expr: expression, maxSeries: seriesLimit?.max }, call);
  } catch (error) {
    if (seriesLimit !== undefined && isTooManySeries(error)) {
      const { max, setting } = seriesLimit;
      const text = `The recorded query ${name} returns more than ${max} series, the limit that ${setting} sets: aggregate, add matchers, or raise it.`;
      throw new PromkeepError('LIMIT_EXCEEDED', text, { cause: error, status: error.status });
    }
    throw error;
  }
}

/** Rejects with `PromkeepError`; what Prometheus says against the probe names it. */
export async function fetchProbe(
  { source, settings }: Pick<FetchDeps, 'source' | 'settings'>,
  request: Grid,
  call: CallOptions
): Promise<QueryResult> {
  try {
    return await source.queryRange({ ...request, expr: settings.probe }, call);
  } catch (error) {
    if (error instanceof PromkeepError && error.code === 'SOURCE_REFUSED') {
      const text = `The archive's probe ${settings.probe} failed: ${error.message}`;
      throw new PromkeepError(error.code, text, { cause: error, status: error.status });
    }
    throw error;
  }
}

/** The times at which the probe has a value. */
export function heldTimes(probe: QueryResult): Set<number> {
  const held = new Set<number>();
  for (const series of probe.series) {
    series.timesMs.forEach((timeMs) => held.add(timeMs));
  }
  return held;
}

/** Decides for each time of the range whether it counts as covered, and why not [A5]. */
export function splitCoverage(
  range: TimeRange,
  stepMs: number,
  { warnings, isHeld }: { warnings: readonly string[]; isHeld(timeMs: number): boolean }
): { covered: TimeRange[]; gaps: Gap[] } {
  const storageWarnings = warnings.filter((text) => !/^PromQL (warning|info)\b/i.test(text));
  if (storageWarnings.length > 0) {
    return {
      covered: [],
      gaps: [{ ...range, reason: 'partial-answer', detail: storageWarnings.join('; ').slice(0, 500) }],
    };
  }
  const { yes, no } = splitByTime(range, stepMs, isHeld);
  return { covered: yes, gaps: no.map((part) => ({ ...part, reason: 'source-had-no-data' })) };
}

function refuseUnstorable(query: Definition, result: QueryResult): void {
  if (result.resultType === 'string' || result.text) {
    throw new PromkeepError(
      'QUERY_INVALID',
      `The recorded query ${query.name} returns a string, which the archive does not store.`
    );
  }
  if (result.series.some(hasHistograms)) {
    throw new PromkeepError(
      'QUERY_INVALID',
      `The recorded query ${query.name} returns native histograms, which the archive keeps in raw series only; ` +
        'record histogram_count(), histogram_sum() or histogram_quantile() of it instead.'
    );
  }
}

function hasHistograms(series: Series): boolean {
  return (series.histograms?.timesMs.length ?? 0) > 0;
}
