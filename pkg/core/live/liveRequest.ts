import * as v from 'valibot';
import { livePath } from '../../../src/contract/live';
import { type StreamRequest } from '../ports/datasource';
import { PromkeepError } from '../model/errors';
import { integer, object, readFields } from '../model/jsonFields';
import { parseQueryModel, type QueryModel } from '../query/queryModel';

/** A channel's query, checked. */
export interface LiveQuery {
  model: QueryModel;
  rangeMs: number;
  /** 0 when the browser sent none. */
  maxDataPoints: number;
  /** The interval Grafana computed for the request; 0 when it sent none. */
  intervalMs: number;
}

const ASK = object({ query: v.optional(v.unknown()), rangeMs: integer });
const POINTS = object({ maxDataPoints: integer });

/**
 * Reads what a subscriber asks for.
 *
 * @returns `undefined` when the path is not that of the ask: such a subscriber would join the channel of another query
 * @throws PromkeepError `QUERY_INVALID` when the ask is of the wrong shape or asks for what a channel cannot show
 */
export function readLiveRequest({ path, data, caller }: StreamRequest): LiveQuery | undefined {
  if (path !== livePath(data, caller.orgId)) {
    return undefined;
  }
  const { query, rangeMs } = readFields(ASK, data, 'the live query');
  const model = parseQueryModel(query);
  const { maxDataPoints } = readFields(POINTS, query, 'the live query');
  if (rangeMs <= 0) {
    throw new PromkeepError('QUERY_INVALID', 'A live query needs a time range.');
  }
  if (model.queryType === 'summary' || model.resultFormat === 'standard' || !model.range) {
    throw new PromkeepError('QUERY_INVALID', 'Only range queries that show series can be live.');
  }
  return { model, rangeMs, maxDataPoints, intervalMs: model.intervalMs };
}
