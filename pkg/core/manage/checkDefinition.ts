import { findRecordedFaults, type RecordedDefinition } from '../../../src/contract/recordedDefinition';
import { type RecordedCheck } from '../../../src/contract/recordedQuery';
import { floorToGrid } from '../collect/collectGrid';
import { PromkeepError } from '../model/errors';
import { grouped } from '../model/groupedNumber';
import { type Clock } from '../ports/clock';
import { type MetricSource } from '../ports/metricSource';
import { type RawReading } from '../collect/raw/rawReading';
import { samplesPerDay } from './recordingQuota';
import { type QueryResult } from '../model/series';
import { formatExact } from '../query/step';

/** Whether an expression means the same in every request. */
export type MayRecord = (expression: string) => { ok: true } | { ok: false; reason: string };

/** What managing raw definitions takes beside. */
export interface RawManaging {
  source: Pick<RawReading['source'], 'holdings' | 'readRaw'>;
  /** As of `RawReading`. */
  readSelectors: RawReading['readSelectors'];
  /** Selectors, one a line, in the form in which they are stored. Throws `QUERY_INVALID`, `LIMIT_EXCEEDED`. */
  canonicalSelectors(expression: string): string;
}

export interface CheckDeps {
  /** Asked with the datasource's own credentials; its answers are limited in size. */
  source: MetricSource;
  clock: Clock;
  mayRecord: MayRecord;
  policy: { maxSeries: number; settleMs: number; scrapeIntervalMs: number };
  /** Absent: raw series cannot be kept here. */
  raw?: RawManaging;
}

/**
 * Checks a definition: its fields, whether its value depends on the request, and, by asking Prometheus for the newest settled
 * time, what it returns. Rejects with `PromkeepError` when Prometheus cannot be asked.
 *
 * @param known the definition it replaces; what did not change there is not asked again
 */
export async function checkDefinition(
  deps: CheckDeps,
  definition: RecordedDefinition,
  signal: AbortSignal,
  known?: RecordedDefinition
): Promise<RecordedCheck> {
  const faults = findRecordedFaults(definition);
  const hints: string[] = [];
  const { scrapeIntervalMs } = deps.policy;
  if (faults.step === undefined && definition.stepMs < scrapeIntervalMs) {
    hints.push(
      `The step is shorter than the scrape interval (${formatExact(scrapeIntervalMs)}): most points repeat the sample before.`
    );
  }
  const recordable = deps.mayRecord(definition.expression);
  if (faults.expression === undefined && !recordable.ok) {
    faults.expression = `It cannot be recorded: ${recordable.reason}.`;
  }
  const asked = known?.expression === definition.expression && known.stepMs === definition.stepMs;
  if (asked || faults.expression !== undefined || faults.step !== undefined) {
    return { faults, hints };
  }
  return { ...(await fetchNow(deps, definition, signal, { faults, hints })) };
}

async function fetchNow(
  { source, clock, policy }: CheckDeps,
  { expression, stepMs }: RecordedDefinition,
  signal: AbortSignal,
  { faults, hints }: RecordedCheck
): Promise<RecordedCheck> {
  const endMs = floorToGrid(clock.nowMs() - policy.settleMs, stepMs);
  let result: QueryResult;
  try {
    result = await source.queryRange({ expr: expression, startMs: endMs, endMs, stepMs }, { signal });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) {
      throw error;
    }
    return { faults: { ...faults, expression: refusal }, hints };
  }
  const series = result.series.length;
  const fault = unstorable(result) ?? tooMany(series, policy.maxSeries);
  if (fault !== undefined) {
    return { faults: { ...faults, expression: fault }, hints, series };
  }
  const told =
    series === 0
      ? ['Just now it has no series; recording begins when it has.']
      : [`${series} series, ${grouped(samplesPerDay(series, stepMs))} samples a day.`];
  return { faults, hints: [...hints, ...told, ...result.warnings], series };
}

/** Why the expression is to blame; `undefined` when something else is. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof PromkeepError)) {
    return undefined;
  }
  if (error.code === 'SOURCE_REFUSED' && error.status < 500) {
    return `Prometheus refuses it: ${error.message}`;
  }
  return error.code === 'SOURCE_RESPONSE_TOO_LARGE' ? `Its result is too large: ${error.message}` : undefined;
}

function unstorable({ resultType, text, series }: QueryResult): string | undefined {
  if (resultType === 'string' || text) {
    return 'Its result is a string, and only numbers are archived.';
  }
  return series.some(({ histograms }) => (histograms?.timesMs.length ?? 0) > 0)
    ? 'It returns native histograms, which only raw series keep; record histogram_count(), histogram_sum() or histogram_quantile() of it.'
    : undefined;
}

export function tooMany(series: number, limit: number): string | undefined {
  return series > limit
    ? `It has ${grouped(series)} series, and the datasource's limit is ${grouped(limit)}; aggregate, or add matchers.`
    : undefined;
}
