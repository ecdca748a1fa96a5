import { type SummaryMetric, type SummaryValue } from '../../src/contract/summary';
import { callFor } from '../core/datasource/callers';
import { type Frame } from '../core/frames/frame';
import { frameToJson } from '../core/frames/frameJson';
import { summaryFrames } from '../core/frames/summaryFrames';
import { mapConcurrently } from '../core/model/concurrency';
import { type ErrorCode } from '../core/model/errors';
import { type ApiRoute } from '../core/ports/apiRoute';
import { type CallOptions } from '../core/ports/metricSource';
import { selectMetrics, summaryByKey, summaryValues } from '../core/summary/summaryByKey';
import { evaluateSummaryRange, type SummaryDeps, type SummaryEvaluation } from '../core/summary/summaryEvaluate';
import { shownRange } from './parameters';
import { route } from './route';

/** The summary as the routes and the page's events need it. */
export interface SummaryReader {
  readonly metrics: readonly SummaryMetric[];
  /** One value per metric as of now, in the order of the metrics. */
  readValues(options: CallOptions): Promise<SummaryValue[]>;
  /** The frames of a Summary query over the last `rangeMs`. Throws what keeps the source from answering at all. */
  readFrames(rangeMs: number, options: CallOptions): Promise<Frame[]>;
}

/** Points of a sparkline: more than a tile is wide in pixels are not seen. */
const SPARKLINE_POINTS = 240;
const SHORTEST_STEP_MS = 15_000;
const AT_ONCE = 4;

export function createSummaryReader(deps: SummaryDeps, metrics: readonly SummaryMetric[]): SummaryReader {
  const shown = selectMetrics(metrics, []);
  return {
    metrics,
    readValues: (options) => summaryValues(deps, shown, '', options),
    async readFrames(rangeMs, options) {
      const nowMs = deps.clock.nowMs();
      const range = { fromMs: nowMs - rangeMs, toMs: nowMs };
      const stepMs = Math.max(1, Math.ceil(rangeMs / SPARKLINE_POINTS / SHORTEST_STEP_MS)) * SHORTEST_STEP_MS;
      const evaluations = await mapConcurrently(shown, AT_ONCE, (metric) =>
        evaluateSummaryRange(deps, metric, { range, stepMs, groupBy: '' }, options)
      );
      refuseWithoutSource(evaluations);
      return summaryFrames(evaluations);
    },
  };
}

/** Whatever is asked then: the same reason on every tile would say it once too often. */
const SOURCE_IS_GONE: readonly ErrorCode[] = ['SOURCE_UNREACHABLE', 'SOURCE_STATUS', 'SOURCE_NOT_PROMETHEUS'];

function refuseWithoutSource(evaluations: readonly SummaryEvaluation[]): void {
  const failures = evaluations.flatMap(({ failure }) => failure ?? []);
  const gone = failures.find(({ code }) => SOURCE_IS_GONE.includes(code));
  const isTooLate = failures.length === evaluations.length && failures.every(({ code }) => code === 'SOURCE_TIMEOUT');
  const failure = gone ?? (isTooLate ? failures.at(0) : undefined);
  if (failure) {
    throw failure;
  }
}

/**
 * `/api/metrics/summary` [R10]: the value by key, and `reasons` only when some are null. `/api/summary/metrics`: the definitions.
 * `/api/frames/summary?rangeMs=`: the frames the summary panel reads, in Grafana's JSON form; an error while Prometheus is gone.
 */
export function createSummaryRoutes(summary: SummaryReader, maxRangeMs: number): ApiRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/metrics/summary',
      takes: {},
      answer: async (_, { caller, signal }) => summaryByKey(await summary.readValues(callFor(caller, signal))),
    }),
    route({
      method: 'GET',
      path: '/api/summary/metrics',
      takes: {},
      answer: async () => ({ metrics: summary.metrics }),
    }),
    route({
      method: 'GET',
      path: '/api/frames/summary',
      takes: shownRange(maxRangeMs),
      async answer({ rangeMs }, { caller, signal }) {
        const frames = await summary.readFrames(rangeMs, callFor(caller, signal));
        return { frames: frames.map(frameToJson) };
      },
    }),
  ];
}
