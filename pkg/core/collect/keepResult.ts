import { RECORDED_LIMITS } from '../../../src/contract/recordedDefinition';
import { FORWARDS_CREDENTIALS, refusalToWrite } from '../datasource/callers';
import { positiveModulo } from '../model/alignment';
import { withinSignal } from '../model/concurrency';
import { type Caller } from '../ports/datasource';
import { asPromkeepError, PromkeepError } from '../model/errors';
import { type Uses } from '../ports/archive';
import { type Clock } from '../ports/clock';
import { type QueryIdentity, type RangeWrite, type WriteOutcome } from '../ports/sampleStore';
import { type TimeRange } from '../model/timeRange';
import { type QueryResult, type Series } from '../model/series';
import { type SourceVersion } from '../datasource/sourceVersion';

/** What an Admin allowed for *Keep in archive*. */
export interface KeepPolicy {
  allowKeep: boolean;
  /** Retention class of kept results. */
  retention: string;
  maxRowsPerDay: number;
  maxSeries: number;
  /** The datasource forwards OAuth tokens or cookies of its users. */
  forwardsCredentials: boolean;
}

export type KeepTarget = KeepPolicy & Uses<{ samples: 'writeRange' | 'keptToday' }>;

export interface KeepDeps {
  /** Absent: there is no archive. */
  target: KeepTarget | undefined;
  clock: Clock;
  version: SourceVersion;
  /** A signal that aborts after so many milliseconds; timers do not live in core. */
  timeoutSignal(ms: number): AbortSignal;
}

export interface KeepRequest {
  result: QueryResult;
  /** As sent. */
  expr: string;
  /** Aligned, both ends inclusive; for an instant query both ends are its time. */
  range: TimeRange;
  /** 0 for an instant query. */
  stepMs: number;
}

export interface KeepReport {
  kept?: Omit<WriteOutcome, 'refused'>;
  /** Why something was not kept, for the user. */
  problems: string[];
}

/**
 * The answer waits for the commit, so that "kept" is never said before it is true; but a person is waiting for a panel, so
 * it does not wait longer than this and then says that keeping is not confirmed.
 */
const KEEP_PATIENCE_MS = 5_000;

const LATE = `the archive did not confirm within ${KEEP_PATIENCE_MS / 1_000} s`;

/** Archives one answer if that is allowed. Never throws: a query does not fail because keeping it did. */
export async function keepResult(
  deps: KeepDeps,
  request: KeepRequest,
  caller: Caller,
  signal: AbortSignal
): Promise<KeepReport> {
  const { target } = deps;
  const timeout = deps.timeoutSignal(KEEP_PATIENCE_MS);
  try {
    if (!target) {
      throw new PromkeepError('ARCHIVE_OFF', 'this datasource has no archive');
    }
    checkAllowed(target, caller);
    const { series, problems } = selectSeries(request.result, target.maxSeries);
    const patience = AbortSignal.any([signal, timeout]);
    const { refused, ...kept } = await withinSignal(write(deps, target, { ...request, series }, patience), patience);
    const left = refused.length > 0 ? [`${refused.length} series were refused: ${refused[0].reason}`] : [];
    return { kept, problems: [...problems, ...left] };
  } catch (error) {
    return { problems: [timeout.aborted ? LATE : asPromkeepError(error).message] };
  }
}

function checkAllowed(policy: KeepPolicy, caller: Caller): void {
  if (!policy.allowKeep) {
    throw new PromkeepError('KEEP_REFUSED', 'an Admin has not allowed keeping for this datasource');
  }
  const refusal = policy.forwardsCredentials ? FORWARDS_CREDENTIALS : refusalToWrite(caller);
  if (refusal !== undefined) {
    throw new PromkeepError('KEEP_REFUSED', refusal);
  }
}

function selectSeries(result: QueryResult, maxSeries: number): { series: Series[]; problems: string[] } {
  if (result.resultType === 'string') {
    throw new PromkeepError('KEEP_REFUSED', 'a string result is not a metric');
  }
  if (result.series.length > maxSeries) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `the result has ${result.series.length} series, and the limit is ${maxSeries}`
    );
  }
  const series = result.series.filter(({ histograms }) => !histograms);
  const histograms = result.series.length - series.length;
  if (histograms > 0 && series.length === 0) {
    throw new PromkeepError('KEEP_REFUSED', 'native histograms cannot be stored');
  }
  return { series, problems: histograms > 0 ? [`${histograms} series with native histograms cannot be stored`] : [] };
}

async function write(
  { clock, version }: KeepDeps,
  target: KeepTarget,
  { expr, range, stepMs, series, result }: KeepRequest & { series: Series[] },
  signal: AbortSignal
): Promise<WriteOutcome> {
  if (expr.length > RECORDED_LIMITS.expressionLength) {
    const text = `the expression has more than ${RECORDED_LIMITS.expressionLength} characters`;
    throw new PromkeepError('LIMIT_EXCEEDED', text);
  }
  const samples = series.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  // Queries that run at the same moment may each pass this check; the limit bounds a day, not a moment.
  const today = await target.samples.keptToday();
  if (today + samples > target.maxRowsPerDay) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `${samples} more rows would exceed today's limit of ${target.maxRowsPerDay} (${today} are kept)`
    );
  }
  const query: QueryIdentity = {
    kind: 'kept',
    expression: expr,
    stepMs,
    phaseMs: stepMs === 0 ? 0 : positiveModulo(range.fromMs, stepMs),
  };
  const fetchedAtMs = clock.nowMs();
  const prometheusVersion = await version(signal);
  const request: RangeWrite = {
    query,
    range: stepMs === 0 ? spanOf(series, range) : range,
    series,
    queryName: expr,
    retention: target.retention,
    provenance: { expression: expr, stepMs, fetchedAtMs, prometheusVersion, warnings: result.warnings },
    covered: [],
    gaps: [],
  };
  signal.throwIfAborted();
  return target.samples.writeRange(request, signal);
}

/** An instant query may give a matrix (`up[5m]`), whose samples lie before its time. */
function spanOf(series: readonly Series[], { fromMs, toMs }: TimeRange): TimeRange {
  let [first, last] = [fromMs, toMs];
  for (const { timesMs } of series) {
    if (timesMs.length > 0) {
      first = Math.min(first, timesMs[0]);
      last = Math.max(last, timesMs[timesMs.length - 1]);
    }
  }
  return { fromMs: first, toMs: last };
}
