import { type SummaryMetric, type SummaryValue } from '../../src/contract/summary';
import { type ApiRequest, type ApiRoute } from '../core/ports/apiRoute';
import { callFor } from '../core/datasource/callers';
import { type Frame } from '../core/frames/frame';
import { frameToJson } from '../core/frames/frameJson';
import { type CallOptions } from '../core/ports/metricSource';
import { summaryByKey } from '../core/summary/summaryByKey';
import { readParameters, shownRange } from './parameters';

/** The summary as the routes need it; core evaluates it. */
export interface SummaryReader {
  readonly metrics: readonly SummaryMetric[];
  /** One value per metric as of now, in the order of the metrics. */
  readValues(options: CallOptions): Promise<SummaryValue[]>;
  /** The frames of a Summary query over the last `rangeMs`. */
  readFrames(rangeMs: number, options: CallOptions): Promise<Frame[]>;
}

/**
 * `/api/metrics/summary` [R10]: the value by key, and `reasons` only when some are null. `/api/summary/metrics`: the definitions.
 * `/api/frames/summary?rangeMs=`: the frames the summary panel reads, in Grafana's JSON form.
 */
export function createSummaryRoutes(summary: SummaryReader, maxRangeMs: number): ApiRoute[] {
  const range = shownRange(maxRangeMs);
  const optionsOf = ({ signal, caller }: ApiRequest): CallOptions => callFor(caller, signal);
  return [
    {
      method: 'GET',
      path: '/api/metrics/summary',
      async handle(request) {
        readParameters(request.query, {});
        return { status: 200, body: summaryByKey(await summary.readValues(optionsOf(request))) };
      },
    },
    {
      method: 'GET',
      path: '/api/summary/metrics',
      async handle(request) {
        readParameters(request.query, {});
        return { status: 200, body: { metrics: summary.metrics } };
      },
    },
    {
      method: 'GET',
      path: '/api/frames/summary',
      async handle(request) {
        const { rangeMs } = readParameters(request.query, range);
        const frames = await summary.readFrames(rangeMs, optionsOf(request));
        return { status: 200, body: { frames: frames.map(frameToJson) } };
      },
    },
  ];
}
