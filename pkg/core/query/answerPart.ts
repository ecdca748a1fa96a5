import { type KeepDeps, type KeepReport, type KeepRequest, keepResult } from '../collect/keepResult';
import { exemplarFrames } from '../frames/exemplarFrames';
import { type Frame } from '../frames/frame';
import { histogramInfos } from '../frames/histogramInfos';
import { framesOf } from '../frames/seriesFrames';
import { standardFrame } from '../frames/standardFrame';
import { asPromkeepError, type PromkeepError } from '../model/errors';
import { type QueryResult } from '../model/series';
import { type Logger } from '../ports/logger';
import { type CallOptions, type MetricSource } from '../ports/metricSource';
import { warning } from '../readback/notices';
import { addNotices, addPromkeepMeta, describeFrames, onFirstFrame, refusedFrame, unansweredFrame } from './queryMeta';
import { type QueryPlan, type QueryRequest } from './queryPlan';

/** What came of one request to Prometheus. */
export interface Part {
  frames: Frame[];
  failure?: PromkeepError;
  /** Something that is missing from an answer that is good otherwise. */
  shortcoming?: string;
}

/** What `work` gives, or its failure with what is shown beside it. */
export async function settle(plan: QueryPlan, work: () => Promise<Frame[]>): Promise<Part> {
  try {
    return { frames: await work() };
  } catch (error) {
    const failure = asPromkeepError(error);
    return { frames: failureFrames(plan, failure), failure };
  }
}

/** One answer of Prometheus, kept if asked, as frames. */
export async function finish(
  deps: { keep: KeepDeps; logger: Logger },
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
export async function fetchExemplars(source: MetricSource, plan: QueryPlan, call: CallOptions): Promise<Part> {
  const { expr, aligned } = plan;
  try {
    const series = await source.queryExemplars({ expr, startMs: aligned.fromMs, endMs: aligned.toMs }, call);
    return { frames: exemplarFrames(series, plan) };
  } catch (error) {
    const text = `Exemplars could not be loaded: ${asPromkeepError(error).message}`;
    return { frames: [], shortcoming: text };
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
