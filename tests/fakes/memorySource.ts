import { tooManySeries } from '../../pkg/core/memory/answerMemory';
import { PromkeepError } from '../../pkg/core/model/errors';
import {
  type BuildInfo,
  type CallOptions,
  type InstantQuery,
  type MetricSource,
  type RangeQuery,
  type ResourceRequest,
  type ResourceResponse,
} from '../../pkg/core/ports/metricSource';
import {
  type ExemplarSeries,
  type Labels,
  type QueryResult,
  type ResultType,
  type Series,
} from '../../pkg/core/model/series';

/** What an expression evaluates to at a time. */
export type Evaluation = (timeMs: number) => Array<{ labels: Labels; value: number }>;

/** A scalar or string literal, or a function of time that gives a vector. */
export type Expression = { scalar: (timeMs: number) => number } | { string: string } | { vector: Evaluation };

/**
 * A Prometheus without PromQL: it answers the expressions it was given, evaluated at each point of the grid as Prometheus
 * does, and refuses all others as Prometheus refuses a syntax error. Passes `sourceContract.ts`.
 */
export class MemorySource implements MetricSource {
  /** Every query received, for assertions on what was sent. */
  readonly asked: Array<(RangeQuery | InstantQuery | Omit<RangeQuery, 'stepMs'>) & { options: CallOptions }> = [];
  failure: PromkeepError | undefined;
  exemplars: ExemplarSeries[] | PromkeepError = [];
  warnings: string[] = [];
  build: BuildInfo | undefined = { version: '2.53.0', application: 'Prometheus', features: {} };
  /** Calls that are being answered now, and the most there ever were at once. */
  running = 0;
  mostRunning = 0;

  constructor(private readonly expressions: Readonly<Record<string, Expression>>) {}

  async queryRange(query: RangeQuery, options: CallOptions): Promise<QueryResult> {
    const expression = await this.enter(query, options);
    if ('string' in expression) {
      throw new PromkeepError(
        'SOURCE_REFUSED',
        'bad_data: invalid expression type "string" for range query, must be Scalar or instant Vector'
      );
    }
    const byLabels = new Map<string, { labels: Labels; times: number[]; values: number[] }>();
    for (let timeMs = query.startMs; timeMs <= query.endMs; timeMs += query.stepMs) {
      for (const { labels, value } of evaluate(expression, timeMs)) {
        const key = JSON.stringify(labels);
        const series = byLabels.get(key) ?? { labels, times: [], values: [] };
        byLabels.set(key, series);
        series.times.push(timeMs);
        series.values.push(value);
      }
    }
    const series = [...byLabels.values()].map(({ labels, times, values }) => seriesFrom(labels, times, values));
    if (series.length > (query.maxSeries ?? Infinity)) {
      throw tooManySeries(query.maxSeries ?? 0);
    }
    return this.result('matrix', series);
  }

  async queryInstant(query: InstantQuery, options: CallOptions): Promise<QueryResult> {
    const expression = await this.enter(query, options);
    if ('string' in expression) {
      return { ...this.result('string', []), text: { timeMs: query.timeMs, value: expression.string } };
    }
    if ('scalar' in expression) {
      return this.result('scalar', [seriesFrom(undefined, [query.timeMs], [expression.scalar(query.timeMs)])]);
    }
    const series = expression
      .vector(query.timeMs)
      .map(({ labels, value }) => seriesFrom(labels, [query.timeMs], [value]));
    return this.result('vector', series);
  }

  async serverTimeMs(): Promise<number> {
    return Date.now();
  }

  async queryExemplars(query: Omit<RangeQuery, 'stepMs'>, options: CallOptions): Promise<ExemplarSeries[]> {
    this.asked.push({ ...query, options });
    if (this.exemplars instanceof PromkeepError) {
      throw this.exemplars;
    }
    return this.exemplars;
  }

  async buildInfo(): Promise<BuildInfo | undefined> {
    return this.build;
  }

  async resource(request: ResourceRequest): Promise<ResourceResponse> {
    if (!/^api\/v1\/(labels|series|query|metadata|rules|label\/[^/]+\/values)$/.test(request.path)) {
      throw new PromkeepError('FORBIDDEN', `The path ${request.path} is not open.`);
    }
    const body = JSON.stringify({ status: 'success', data: [] });
    return { status: 200, headers: { 'content-type': 'application/json' }, body: new TextEncoder().encode(body) };
  }

  async close(): Promise<void> {}

  private async enter(query: RangeQuery | InstantQuery, options: CallOptions): Promise<Expression> {
    this.asked.push({ ...query, options });
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await new Promise((resolve) => setImmediate(resolve));
    this.running--;
    if (options.signal.aborted) {
      throw new PromkeepError('QUERY_CANCELLED', 'The query was cancelled.');
    }
    if (this.failure) {
      throw this.failure;
    }
    const expression = Object.hasOwn(this.expressions, query.expr) ? this.expressions[query.expr] : undefined;
    if (!expression) {
      throw new PromkeepError('SOURCE_REFUSED', 'bad_data: invalid parameter "query": parse error: unknown expression');
    }
    return expression;
  }

  private result(resultType: ResultType, series: Series[]): QueryResult {
    return { resultType, series, warnings: this.warnings, infos: [] };
  }
}

function evaluate(expression: Exclude<Expression, { string: string }>, timeMs: number): ReturnType<Evaluation> {
  return 'scalar' in expression ? [{ labels: {}, value: expression.scalar(timeMs) }] : expression.vector(timeMs);
}

function seriesFrom(labels: Labels | undefined, times: number[], values: number[]): Series {
  return { labels, timesMs: Float64Array.from(times), values: Float64Array.from(values) };
}
