import { asPromkeepError, PromkeepError } from '../model/errors';
import { ceilToGrid, floorToGrid } from '../collect/collectGrid';
import { mapConcurrently } from '../model/concurrency';
import { type Series } from '../model/series';
import { type TimeRange } from '../model/timeRange';
import { type CallOptions, type MetricSource } from '../ports/metricSource';
import { atTimes, isWithin } from '../readback/rollupFill';
import { joinRanges, splitGrid } from '../readback/seam';

/** What Prometheus is asked for where the archive has nothing. */
export interface LiveWish {
  expression: string;
  range: TimeRange;
  stepMs: number;
  bucketMs: number;
  /** Times that are answered for otherwise: stored, or known to be missing. Ascending. */
  known: readonly TimeRange[];
}

export interface LiveHistory {
  series: Series[];
  /** Why some of it is not there. */
  failure?: PromkeepError;
}

const MOST_HOLES = 8;
const HOLES_AT_ONCE = 4;

/** Samples of Prometheus at times the archive says nothing of, one a bucket; each is a sample of the archive's own grid. */
export async function readLiveHistory(
  source: Pick<MetricSource, 'queryRange'>,
  { expression, range, stepMs, bucketMs, known }: LiveWish,
  call: CallOptions
): Promise<LiveHistory> {
  const startMs = ceilToGrid(range.fromMs, stepMs);
  const { outside } = splitGrid({ startMs, endMs: range.toMs, stepMs }, known);
  // in the middle of their buckets, where a chart draws what these tell
  const offsetMs = bucketMs > stepMs ? floorToGrid(bucketMs / 2, stepMs) : 0;
  const asked = joinRanges(outside, MOST_HOLES)
    .map(({ fromMs, toMs }) => ({
      startMs: ceilToGrid(fromMs - offsetMs, bucketMs) + offsetMs,
      endMs: toMs,
    }))
    .filter((one) => one.startMs <= one.endMs);
  const answers = await mapConcurrently(asked, HOLES_AT_ONCE, async (one) => {
    try {
      return (await source.queryRange({ expr: expression, ...one, stepMs: bucketMs }, call)).series;
    } catch (error) {
      if (call.signal.aborted) {
        throw error;
      }
      return asPromkeepError(error);
    }
  });
  const failure = answers.find((one) => one instanceof PromkeepError);
  const series = answers.flatMap((one) => (one instanceof PromkeepError ? [] : one));
  return { series: atTimes(series, isWithin(outside)), ...(failure ? { failure } : {}) };
}
