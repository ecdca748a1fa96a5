import { SUMMARY_QUERY_TYPE } from '../../src/contract/query';
import { type SummaryMetric } from '../../src/contract/summary';
import { answerSummary } from './datasource/answerSummary';
import { callFor } from './datasource/callers';
import { failure, isNotEmpty, success, withRefId } from './query/dataResponses';
import { type Caller, type DataQuery, type DataResponse } from './ports/datasource';
import { asPromkeepError, type PromkeepError } from './model/errors';
import { exemplarFrames } from './frames/exemplarFrames';
import { type Frame } from './frames/frame';
import { histogramInfos } from './frames/histogramInfos';
import { type KeepDeps, type KeepReport, type KeepRequest, keepResult } from './collect/keepResult';
import { type CallOptions, type MetricSource } from './ports/metricSource';
import { type Clock } from './ports/clock';
import { type Logger } from './ports/logger';
import { type TimeRange } from './model/timeRange';
import {
  addNotices,
  addPromkeepMeta,
  describeFrames,
  onFirstFrame,
  refusedFrame,
  unansweredFrame,
} from './query/queryMeta';
import { parseQueryModel } from './query/queryModel';
import { type PlanSettings, type QueryPlan, type QueryRequest } from './query/queryPlan';
import { warning } from './readback/notices';
import { planReadBack, type ReadBackDeps, type Reading } from './readback/planReadBack';
import { type QueryResult } from './model/series';
import { framesOf } from './frames/seriesFrames';
import { type FindArchived } from './summary/summaryArchive';
import { standardFrame } from './frames/standardFrame';

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

/** What came of one request to Prometheus. */
interface Part {
  frames: Frame[];
  failure?: PromkeepError;
  /** Something that is missing from an answer that is good otherwise. */
  shortcoming?: string;
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
  const ask = (answer: Promise<QueryResult>, range: TimeRange, step: number): Promise<Part> =>
    settle(plan, async () => finish(deps, plan, { result: await answer, range, stepMs: step }, request));
  const instant = { fromMs: timeMs, toMs: timeMs };
  const grid = { expr, startMs: aligned.fromMs, endMs: aligned.toMs };
  const parts = await Promise.all([
    plan.instant ? ask(answering.queryInstant({ expr, timeMs }, call), instant, 0) : [],
    plan.range ? ask(answering.queryRange({ ...grid, stepMs }, call), aligned, stepMs) : [],
    plan.exemplar ? fetchExemplars(deps.source, plan, call) : [],
  ]);
  return parts.flat();
}

/** One answer of Prometheus, kept if asked, as frames. */
async function finish(
  deps: AnswerDeps,
  plan: QueryPlan,
  answer: Omit<KeepRequest, 'expr'>,
  { caller, call }: QueryRequest
): Promise<Frame[]> {
  const frames = shape(plan, answer.result);
  if (!plan.keep) {
    return frames;
  }
  const report = await keepResult(deps.keep, { ...answer, expr: plan.expr }, caller, call.signal);
  if (report.problems.length > 0) {
    deps.logger.warn('not kept', { problems: report.problems.join('; ') });
  }
  return onFirstFrame(frames, (frame) => reportKept(frame, report));
}

function shape(plan: QueryPlan, result: QueryResult): Frame[] {
  const infos = [...result.infos, ...histogramInfos(result.series)];
  const answer = { ...result, infos };
  if (!plan.standard) {
    return describeFrames(framesOf(result), plan, answer);
  }
  if (result.resultType === 'string') {
    const text = 'A string has no standard record; it is shown as it is.';
    return describeFrames(framesOf(result), plan, { ...answer, infos: [...infos, text] });
  }
  const { warnings, stats } = answer;
  const [frame] = describeFrames([{ fields: [] }], plan, { warnings, infos, stats });
  const table = standardFrame(result.series, plan);
  return [{ ...table, meta: { ...table.meta, ...frame.meta } }];
}

function reportKept(frame: Frame, { kept, problems }: KeepReport): Frame {
  const marked = kept ? addPromkeepMeta(frame, { kept }) : frame;
  const notices = problems.map((reason) => warning(`Not kept: ${reason}`));
  return addNotices(marked, notices);
}

/** Exemplars are an extra: when they cannot be had, the query still has its answer, and a notice says so. */
async function fetchExemplars(source: MetricSource, plan: QueryPlan, call: CallOptions): Promise<Part> {
  const { expr, aligned } = plan;
  try {
    const series = await source.queryExemplars({ expr, startMs: aligned.fromMs, endMs: aligned.toMs }, call);
    return { frames: exemplarFrames(series, plan) };
  } catch (error) {
    const text = `Exemplars could not be loaded: ${asPromkeepError(error).message}`;
    return { frames: [], shortcoming: text };
  }
}

async function settle(plan: QueryPlan, work: () => Promise<Frame[]>): Promise<Part> {
  try {
    return { frames: await work() };
  } catch (error) {
    const failure = asPromkeepError(error);
    return { frames: failureFrames(plan, failure), failure };
  }
}

/** What was asked is shown beside an error of Prometheus, and nothing when nobody answered [Q2.4]. */
function failureFrames(plan: QueryPlan, { code }: PromkeepError): Frame[] {
  switch (code) {
    case 'SOURCE_REFUSED':
    case 'SOURCE_NOT_PROMETHEUS':
      return [refusedFrame(plan)];
    case 'SOURCE_STATUS':
      return [unansweredFrame(plan)];
    default:
      return [];
  }
}

function tellOrigin(frames: Frame[], { notices, origin }: Reading['report']): Frame[] {
  return notices.length === 0 && (!origin || frames.length === 0)
    ? frames
    : onFirstFrame(frames, (frame) =>
        addNotices(origin ? addPromkeepMeta(frame, { readFrom: origin }) : frame, notices)
      );
}

function combine(parts: readonly Part[], { report }: Reading): DataResponse {
  const frames = tellOrigin(
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
