import { type SummaryMetric } from '../../src/contract/summary';
import { type CallOptions } from './ports';
import { evaluateSummaryRange, type SummaryDeps, type SummaryEvaluation, type SummaryRange } from './summaryEvaluate';

/**
 * A metric over a range, and over the same span `compareOffsetMs` earlier. Without an offset only the first is asked for.
 *
 * @param earlierDeps answers for the earlier time: Prometheus today; an archive that knows more may take its place
 */
export async function evaluateCompared(
  deps: SummaryDeps,
  earlierDeps: SummaryDeps,
  metric: SummaryMetric,
  asked: SummaryRange & { compareOffsetMs: number | undefined },
  call: CallOptions
): Promise<SummaryEvaluation> {
  const { compareOffsetMs: offsetMs } = asked;
  if (offsetMs === undefined) {
    return evaluateSummaryRange(deps, metric, asked, call);
  }
  const [now, earlier] = await Promise.all([
    evaluateSummaryRange(deps, metric, asked, call),
    evaluateSummaryRange(earlierDeps, metric, { ...asked, offsetMs }, call),
  ]);
  return { ...now, earlier: { offsetMs, evaluation: earlier } };
}
