import { type SummaryMetric } from '../../../src/contract/summary';
import { fitStep } from '../readback/seam';
import { type CallOptions } from '../ports/metricSource';
import { type FindArchived } from './summaryArchive';
import { evaluateSummaryRange, type SummaryDeps, type SummaryEvaluation, type SummaryRange } from './summaryEvaluate';

export interface CompareDeps extends SummaryDeps {
  /** Asked where the source has no value of the earlier time; absent: the archive may not be read. */
  findArchived: FindArchived | undefined;
}

/** A metric over a range, and over the same span `compareOffsetMs` earlier. Without an offset only the first is asked for. */
export async function evaluateCompared(
  deps: CompareDeps,
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
    evaluateSummaryRange(deps, metric, { ...asked, offsetMs }, call),
  ]);
  const archived =
    !earlier.failure && !hasValue(earlier)
      ? await evaluateArchived(deps, earlier, { ...asked, offsetMs }, call)
      : undefined;
  return archived
    ? { ...now, earlier: { offsetMs, evaluation: archived, origin: 'archive' } }
    : { ...now, earlier: { offsetMs, evaluation: earlier } };
}

function hasValue({ groups }: SummaryEvaluation): boolean {
  return groups.some(({ value }) => value.value !== null);
}

/** A comparison is an extra: where the archive cannot give it either, there is none. */
async function evaluateArchived(
  deps: CompareDeps,
  { metric, expr }: SummaryEvaluation,
  asked: SummaryRange,
  call: CallOptions
): Promise<SummaryEvaluation | undefined> {
  try {
    const found = await deps.findArchived?.(expr, call);
    if (!found) {
      return undefined;
    }
    const stepMs = fitStep(asked.stepMs, found.stepMs);
    const evaluation = await evaluateSummaryRange(
      { ...deps, source: found.answering },
      metric,
      { ...asked, stepMs },
      call
    );
    return hasValue(evaluation) ? evaluation : undefined;
  } catch (error) {
    if (call.signal.aborted) {
      throw error;
    }
    return undefined;
  }
}
