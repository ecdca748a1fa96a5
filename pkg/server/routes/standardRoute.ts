import { type LabeledSamples, toJsonRecord, toStandardRecords } from '../../../src/contract/standardRecord';
import { type ApiRoute } from '../../core/api';
import { PromkeepError } from '../../core/errors';
import { forwardHeaders } from '../../core/forwardHeaders';
import { type CallOptions, type Clock, type MetricSource } from '../../core/ports';
import { type QueryResult } from '../../core/series';
import { standardSeries } from '../../core/standardFrame';
import { invalid, Parameters } from './parameters';

export interface StandardRouteDeps {
  source: MetricSource;
  clock: Clock;
  limits: QueryCost;
}

/** What one request may cost at most. */
export interface QueryCost {
  /** Points a series. */
  maxPoints: number;
  maxRangeMs: number;
  /** Samples in all. */
  maxRecords: number;
}

const ALLOWED = ['query', 'time', 'start', 'end', 'step'];
/** A step that was not given is chosen for about this many points. */
const DEFAULT_POINTS = 250;

/**
 * `GET /api/standard?query=…[&time]` evaluates at one time (now, unless given), `&start&end[&step]` over a range. The body is
 * `{records, warnings, infos}` with standard records (R5); NaN and the infinities are strings.
 */
export function createStandardRoute(deps: StandardRouteDeps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/standard',
    async handle(request) {
      const parameters = new Parameters(request.query, ALLOWED);
      const expr = parameters.text('query');
      const options = { signal: request.signal, headers: forwardHeaders(request.caller.headers) };
      const result = await ask(deps, parameters, expr, options);
      const series = standardSeries(result.series, expr);
      refuseTooMany(series, deps.limits);
      const records = toStandardRecords(series, expr).map(toJsonRecord);
      return {
        status: 200,
        body: { records, warnings: result.warnings, infos: [...result.infos, ...noteText(result)] },
      };
    },
  };
}

function ask(
  { source, clock, limits }: StandardRouteDeps,
  parameters: Parameters,
  expr: string,
  options: CallOptions
): Promise<QueryResult> {
  const isRange = ['start', 'end', 'step'].some((name) => parameters.has(name));
  if (!isRange) {
    const timeMs = parameters.has('time') ? parameters.timeMs('time') : clock.nowMs();
    return source.queryInstant({ expr, timeMs }, options);
  }
  if (parameters.has('time')) {
    throw invalid('Give either "time" or "start" and "end".');
  }
  const [startMs, endMs] = [parameters.timeMs('start'), parameters.timeMs('end')];
  if (endMs < startMs) {
    throw invalid('"end" lies before "start".');
  }
  const rangeMs = endMs - startMs;
  const stepMs = parameters.has('step') ? parameters.durationMs('step') : defaultStepMs(rangeMs);
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

function refuseTooMany(series: readonly LabeledSamples[], { maxRecords }: QueryCost): void {
  const count = series.reduce((sum, one) => sum + one.timesMs.length, 0);
  if (count > maxRecords) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The result has ${count} samples, more than ${maxRecords}; narrow the query, the range or the step.`
    );
  }
}

function noteText({ text }: QueryResult): string[] {
  return text ? [`The query returned a string, which is no metric: ${JSON.stringify(text.value.slice(0, 200))}`] : [];
}
