import { type SummaryMetric } from '../../../src/contract/summary';
import { isAlert, isExpression } from './callers';
import { mapConcurrently } from '../model/concurrency';
import { failure, isNotEmpty, success } from '../query/dataResponses';
import { type Caller, type DataResponse } from '../ports/datasource';
import { type QueryRequest, stepOf } from '../query/queryPlan';
import { selectMetrics } from '../summary/summaryByKey';
import { type FindArchived } from '../summary/summaryArchive';
import { evaluateCompared } from '../summary/summaryCompare';
import { evaluateSummaryInstant, type SummaryDeps, type SummaryEvaluation } from '../summary/summaryEvaluate';
import { summaryFrames, summaryNumberFrames } from '../frames/summaryFrames';

export interface AnswerSummaryDeps extends SummaryDeps {
  summaryMetrics: readonly SummaryMetric[];
  /** Reads earlier values from the archive, for callers who may. */
  findArchived(caller: Caller): FindArchived | undefined;
}

/** One dashboard query becomes as many Prometheus queries as there are metrics; this many of them run at once. */
const AT_ONCE = 4;

/**
 * Answers a Summary query: sparklines with the last value for panels; one number per metric and group for alerts, and for
 * queries and expressions that ask for an instant.
 *
 * A metric whose query failed is a tile with that reason. The whole query fails when every metric failed, and for alerts as
 * soon as one did: an alert must go to its error state, not to "no data".
 */
export async function answerSummary(
  deps: AnswerSummaryDeps,
  { model, query, caller, call }: QueryRequest
): Promise<DataResponse> {
  const metrics = selectMetrics(deps.summaryMetrics, model.summary.metrics);
  const { groupBy, compareOffsetMs } = model.summary;
  const numbers = isAlert(caller) || (model.instant && !model.range);
  const stepMs = stepOf(model, query, deps.scrapeInterval);
  const evaluations = await mapConcurrently(metrics, AT_ONCE, (metric) =>
    numbers
      ? evaluateSummaryInstant(deps, metric, { timeMs: query.range.toMs, groupBy }, call)
      : evaluateCompared(
          { ...deps, findArchived: deps.findArchived(caller) },
          metric,
          { range: query.range, stepMs, groupBy, compareOffsetMs },
          call
        )
  );
  const frames = numbers && isExpression(caller) ? summaryNumberFrames(evaluations) : summaryFrames(evaluations);
  return respond(evaluations, frames, isAlert(caller));
}

function respond(
  evaluations: readonly SummaryEvaluation[],
  frames: DataResponse['frames'],
  strict: boolean
): DataResponse {
  const failures = evaluations.flatMap((one) => (one.failure ? [one.failure] : []));
  if (isNotEmpty(failures) && (strict || failures.length === evaluations.length)) {
    return failure(failures, strict ? [] : frames);
  }
  return success(frames);
}
