import { SUMMARY_QUERY_TYPE } from '../../src/contract/query';
import { type SummaryMetric } from '../../src/contract/summary';
import { answerSummary } from './datasource/answerSummary';
import { callFor } from './datasource/callers';
import { failure, isNotEmpty, success, withRefId } from './query/dataResponses';
import { type Caller, type DataQuery, type DataResponse } from './ports/datasource';
import { asPromkeepError } from './model/errors';
import { type Frame } from './frames/frame';
import { type KeepDeps } from './collect/keepResult';
import { type MetricSource } from './ports/metricSource';
import { type Clock } from './ports/clock';
import { type Logger } from './ports/logger';
import { type TimeRange } from './model/timeRange';
import { fetchExemplars, finish, type Part, settle } from './query/answerPart';
import { addNotices, addPromkeepMeta, onFirstFrame } from './query/queryMeta';
import { parseQueryModel } from './query/queryModel';
import { type PlanSettings, type QueryRequest } from './query/queryPlan';
import { warning } from './readback/notices';
import { planReadBack, type ReadBackDeps, type Reading } from './readback/planReadBack';
import { type QueryResult } from './model/series';
import { type FindArchived } from './summary/summaryArchive';

/**
 * Pipeline 1: answer a query. A saved query and a time range → plan (step, macros, grid) → Prometheus, the archive or both →
 * series → frames; with *keep* the series also go to the archive.
 */

export interface AnswerDeps extends PlanSettings {
  source: MetricSource;
  summaryMetrics: readonly SummaryMetric[];
  /** Reads earlier values of a summary from the archive, for callers who may. */
  findArchived(caller: Caller): FindArchived | undefined;
  keep: KeepDeps;
  readBack: ReadBackDeps;
  clock: Clock;
  logger: Logger;
}

/** Answers one query. Never throws: whatever goes wrong is in the response. */
export async function answerQuery(
  deps: AnswerDeps,
  query: DataQuery,
  caller: Caller,
  signal: AbortSignal
): Promise<DataResponse> {
  try {
    const model = parseQueryModel(query.json);
    const request = { model, query, caller, call: callFor(caller, signal) };
    if (SUMMARY_QUERY_TYPE === (query.queryType || model.queryType)) {
      return withRefId(await answerSummary(deps, request), query.refId);
    }
    const reading = await planReadBack(deps, request);
    return withRefId(combine(await runParts(deps, reading, request), reading), query.refId);
  } catch (error) {
    const ours = asPromkeepError(error);
    if (ours.code === 'INTERNAL') {
      deps.logger.error('a query failed', { refId: query.refId, error: ours.message });
    }
    return failure([ours]);
  }
}

/** Runs what the plan asks for at the same time; the order of the answers is fixed: instant, range, exemplars. */
async function runParts(deps: AnswerDeps, reading: Reading, request: QueryRequest): Promise<Part[]> {
  const { call } = request;
  const { plan, answering } = reading;
  const { expr, stepMs, timeMs, aligned } = plan;
  const part = (answer: Promise<QueryResult>, range: TimeRange, step: number): Promise<Part> =>
    settle(plan, async () => finish(deps, plan, { result: await answer, range, stepMs: step }, request));
  const instant = { fromMs: timeMs, toMs: timeMs };
  const grid = { expr, startMs: aligned.fromMs, endMs: aligned.toMs };
  const parts = await Promise.all([
    plan.instant ? part(answering.queryInstant({ expr, timeMs }, call), instant, 0) : [],
    plan.range ? part(answering.queryRange({ ...grid, stepMs }, call), aligned, stepMs) : [],
    plan.exemplar ? fetchExemplars(deps.source, plan, call) : [],
  ]);
  return parts.flat();
}

function reportOrigin(frames: Frame[], { notices, origin }: Reading['report']): Frame[] {
  return notices.length === 0 && (!origin || frames.length === 0)
    ? frames
    : onFirstFrame(frames, (frame) =>
        addNotices(origin ? addPromkeepMeta(frame, { readFrom: origin }) : frame, notices)
      );
}

function combine(parts: readonly Part[], { report }: Reading): DataResponse {
  const frames = reportOrigin(
    parts.flatMap((part) => part.frames),
    report
  );
  const failures = [...parts.flatMap((part) => (part.failure ? [part.failure] : [])), ...report.failures];
  if (isNotEmpty(failures)) {
    return failure(failures, frames);
  }
  const notices = parts.flatMap(({ shortcoming }) => (shortcoming === undefined ? [] : [warning(shortcoming)]));
  return success(onFirstFrame(frames, (frame) => addNotices(frame, notices)));
}
