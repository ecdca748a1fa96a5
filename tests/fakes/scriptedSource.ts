import { tooManySeries } from '../../pkg/core/memory/answerMemory';
import {
  type BuildInfo,
  type MetricSource,
  type RangeQuery,
  type ResourceResponse,
} from '../../pkg/core/ports/metricSource';
import { type ExemplarSeries, type QueryResult, type Series } from '../../pkg/core/model/series';

/**
 * A source whose answers the test states. By default every expression has one series with a sample at every grid time and the
 * time in seconds as its value.
 */
export class ScriptedSource implements MetricSource {
  readonly asked: RangeQuery[] = [];
  /** Thrown by every query while set. */
  down: Error | undefined;
  /** May throw or answer; `undefined` falls through to the default answer. */
  answer: (query: RangeQuery) => Partial<QueryResult> | undefined = () => undefined;

  async queryRange(query: RangeQuery): Promise<QueryResult> {
    this.asked.push(query);
    if (this.down) {
      throw this.down;
    }
    const result: QueryResult = {
      ...{ resultType: 'matrix', series: [ramp(query)], warnings: [], infos: [] },
      ...this.answer(query),
    };
    if (result.series.length > (query.maxSeries ?? Infinity)) {
      throw tooManySeries(query.maxSeries ?? 0);
    }
    return result;
  }

  async queryInstant(query: { expr: string; timeMs: number }): Promise<QueryResult> {
    const range = { expr: query.expr, startMs: query.timeMs, endMs: query.timeMs, stepMs: 1000 };
    return { ...(await this.queryRange(range)), resultType: 'vector' };
  }

  /** The source's clock. */
  nowMs: () => number = () => Date.now();

  async serverTimeMs(): Promise<number> {
    if (this.down) {
      throw this.down;
    }
    return this.nowMs();
  }

  async queryExemplars(): Promise<ExemplarSeries[]> {
    return [];
  }

  async buildInfo(): Promise<BuildInfo | undefined> {
    if (this.down) {
      throw this.down;
    }
    return { version: '2.42.0', application: 'Prometheus', features: {} };
  }

  async resource(): Promise<ResourceResponse> {
    return { status: 200, headers: {}, body: new Uint8Array() };
  }

  async close(): Promise<void> {}
}

/** One sample a grid time, the time in seconds as value; `holds` leaves times out. */
export function ramp(query: RangeQuery, holds: (timeMs: number) => boolean = () => true): Series {
  const times: number[] = [];
  for (let timeMs = query.startMs; timeMs <= query.endMs; timeMs += query.stepMs) {
    if (holds(timeMs)) {
      times.push(timeMs);
    }
  }
  return { labels: { job: 'x' }, timesMs: Float64Array.from(times), values: Float64Array.from(times, (t) => t / 1000) };
}
