import { alignRange } from '../model/alignment';
import { type Answering, type ExpiredRead, type ReadReport } from './readArchive';
import { fitStep } from './seam';
import { type ArchiveMatch } from '../matching/matchDefinition';
import { info } from './notices';
import { type CallOptions, type InstantQuery } from '../ports/metricSource';
import { type RollupState } from '../ports/history';
import { type TimeRange } from '../model/timeRange';
import { type QueryModel } from '../query/queryModel';
import { type QueryPlan, type QueryRequest } from '../query/queryPlan';
import { chooseWidth, commonStep, expiredWithin } from './rollupBuckets';
import { formatExact } from '../query/step';

export interface FitDeps {
  match: ArchiveMatch;
  rollups: RollupState;
  report: ReadReport;
  /** Prometheus, where it is asked as well. */
  live?: Answering;
}

export interface Fitted {
  plan: QueryPlan;
  expired?: ExpiredRead;
}

/**
 * Moves step and times of a query onto those that can be read: recorded times, and where samples have expired also ends of
 * stored rollups. One step holds for the whole answer: Grafana breaks a line where points are further apart than the step.
 */
export async function fitGrid(deps: FitDeps, request: QueryRequest, plan: QueryPlan): Promise<Fitted> {
  const { match, report } = deps;
  const { model, query } = request;
  const expired = await chooseExpired(deps, request, plan);
  const { name, stepMs: recordedMs } = match.query;
  const aggregates = model.aggregate !== 'none';
  if (!plan.range && !aggregates) {
    return { plan, ...(expired ? { expired } : {}) };
  }
  const unitMs = expired || aggregates ? commonStep(recordedMs, expired?.widthMs) : recordedMs;
  const stepMs = fitStep(plan.stepMs, unitMs);
  // Rollups are counted from the epoch; only whole widths lie on the borders of others.
  const offsetMs = aggregates ? 0 : Math.floor((model.utcOffsetSec * 1_000) / unitMs) * unitMs;
  const aligned = alignRange(query.range, stepMs, offsetMs / 1_000);
  const every = expired
    ? `samples of ${name} have expired and are left as ${formatExact(expired.widthMs)} rollups`
    : `${name} is recorded every ${formatExact(recordedMs)}`;
  if (stepMs !== plan.stepMs) {
    report.notices.push(info(`Step raised from ${formatExact(plan.stepMs)} to ${formatExact(stepMs)}: ${every}.`));
  } else if (plan.range && aligned.fromMs !== plan.aligned.fromMs) {
    report.notices.push(info(`Times moved to those that are recorded: ${every}, counted in UTC.`));
  }
  return { plan: { ...plan, stepMs, aligned }, ...(expired ? { expired } : {}) };
}

/** Times whose values an answer is made of: the first bucket of an aggregate begins a step earlier. */
export function timesOf({ aggregate }: QueryModel, plan: QueryPlan): TimeRange {
  const { aligned, stepMs, timeMs } = plan;
  const aggregates = aggregate !== 'none';
  return plan.range
    ? { fromMs: aligned.fromMs - (aggregates ? stepMs : 0), toMs: plan.instant ? timeMs : aligned.toMs }
    : { fromMs: timeMs - (aggregates ? 2 * stepMs : 0), toMs: timeMs };
}

async function chooseExpired(
  { match, rollups, live }: FitDeps,
  { model, call }: QueryRequest,
  plan: QueryPlan
): Promise<ExpiredRead | undefined> {
  const part = expiredWithin(rollups, timesOf(model, plan));
  const widthMs = part && chooseWidth(rollups, part.fromMs, plan.stepMs);
  if (!part || widthMs === undefined) {
    return undefined;
  }
  // An instant is asked of Prometheus first in any case.
  const asks = live && plan.range && model.aggregate === 'none';
  const { stepMs } = match.query;
  const oldest = { expr: plan.expr, timeMs: Math.ceil(part.fromMs / stepMs) * stepMs };
  if (asks && (await sourceHas(live, oldest, call))) {
    return undefined;
  }
  return { widthMs, untilMs: rollups.expired[rollups.expired.length - 1].toMs };
}

/** Samples are better than rollups: while Prometheus has the oldest of them, it is asked for all of them. */
async function sourceHas(live: Answering, oldest: InstantQuery, options: CallOptions): Promise<boolean> {
  try {
    return (await live.queryInstant(oldest, options)).series.length > 0;
  } catch (error) {
    if (options.signal.aborted) {
      throw error;
    }
    // What it cannot say now it will not say later in this answer either, and then its failure is told.
    return false;
  }
}
