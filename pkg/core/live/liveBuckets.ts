import { countTimes, joinRanges } from '../readback/seam';
import { type AggregateDeps, type Answering } from '../readback/readArchive';
import { clock, info, warning } from '../readback/notices';
import { BucketTally } from '../readback/bucketTally';
import { asPromkeepError } from '../model/errors';
import { type CallOptions } from '../ports/metricSource';
import { type TimeRange } from '../model/timeRange';
import { isWithin } from '../readback/rollupFill';
import { type Series } from '../model/series';
import { MAX_POINTS } from '../query/step';

/** Ranges of buckets that are asked for one by one; more of them are joined, and what lies in between is asked again. */
const MOST_HOLES = 8;
/** Values of one series that are fetched for one answer; a request to Prometheus has 11,000 at most. */
const MOST_TIMES = 8 * MAX_POINTS;

export interface LiveBucketDeps extends AggregateDeps {
  live: Answering;
}

export interface LiveBuckets {
  series: Series[];
  /** Ends of the buckets Prometheus answered for. */
  answered: TimeRange[];
  warnings: string[];
  infos: string[];
}

interface Asked {
  begun: number[];
  failed: TimeRange[];
  warnings: Set<string>;
  infos: Set<string>;
}

/**
 * Computes whole buckets from the values Prometheus has at the recorded times, which is what the archive computes them from.
 * Left out, with a notice, are buckets that are not over, in which Prometheus' values begin, and that would take too many values.
 *
 * @param holes ends of buckets, on the grid of `bucketMs`, ascending
 */
export async function liveBuckets(
  deps: LiveBucketDeps,
  expr: string,
  holes: readonly TimeRange[],
  options: CallOptions
): Promise<LiveBuckets> {
  const { bucketMs, aggregate, report } = deps;
  const wanted = newestFirst(deps, withoutUnfinished(deps, holes));
  const tally = new BucketTally(bucketMs);
  const asked: Asked = { begun: [], failed: [], warnings: new Set(), infos: new Set() };
  for (const range of wanted.joined) {
    try {
      await countRange(deps, { expr, range }, { tally, asked }, options);
    } catch (error) {
      if (options.signal.aborted) {
        throw error;
      }
      report.failures.push(asPromkeepError(error));
      asked.failed.push(range);
    }
  }
  if (asked.begun.length > 0) {
    report.notices.push(info(`Left out: ${bucketsAt(asked.begun)}, within which the values of Prometheus begin.`));
  }
  const isWanted = isWithin(wanted.ends);
  const hasFailed = isWithin(asked.failed);
  const keeps = (endMs: number): boolean => isWanted(endMs) && !hasFailed(endMs) && !asked.begun.includes(endMs);
  const answered = wanted.ends.flatMap(({ fromMs, toMs }) =>
    Array.from({ length: countTimes({ startMs: fromMs, endMs: toMs, stepMs: bucketMs }) }, (_, i) => {
      const endMs = fromMs + i * bucketMs;
      return { fromMs: endMs, toMs: endMs };
    }).filter(({ toMs: endMs }) => keeps(endMs))
  );
  const { warnings, infos } = asked;
  return { series: tally.series(aggregate, keeps), answered, warnings: [...warnings], infos: [...infos] };
}

/** The values of the buckets that end in a range, a request after the other: their sums do not depend on chance then. */
async function countRange(
  { bucketMs, match, live }: LiveBucketDeps,
  { expr, range }: { expr: string; range: TimeRange },
  { tally, asked }: { tally: BucketTally; asked: Asked },
  options: CallOptions
): Promise<void> {
  const { stepMs } = match.query;
  const firstMs = range.fromMs - bucketMs + stepMs;
  let beginMs = Infinity;
  for (let startMs = firstMs; startMs <= range.toMs; startMs += MAX_POINTS * stepMs) {
    const endMs = Math.min(range.toMs, startMs + (MAX_POINTS - 1) * stepMs);
    const { series, warnings, infos } = await live.queryRange({ expr, startMs, endMs, stepMs }, options);
    if (series.some(({ histograms }) => histograms)) {
      asked.warnings.add('Native histograms have no aggregate and are left out.');
    }
    series.forEach(({ timesMs }) => (beginMs = Math.min(beginMs, timesMs[0] ?? Infinity)));
    warnings.forEach((text) => asked.warnings.add(text));
    infos.forEach((text) => asked.infos.add(text));
    tally.add(series);
  }
  const bucketEndMs = Math.ceil(beginMs / bucketMs) * bucketMs;
  if (beginMs > firstMs && beginMs < Infinity && beginMs !== bucketEndMs - bucketMs + stepMs) {
    asked.begun.push(bucketEndMs);
  }
}

function withoutUnfinished({ nowMs, bucketMs, report }: AggregateDeps, holes: readonly TimeRange[]): TimeRange[] {
  const last = Math.floor(nowMs / bucketMs) * bucketMs;
  if (holes.some(({ toMs }) => toMs > last)) {
    report.notices.push(info(`Left out: buckets that end after ${clock(last)}, since they are not over.`));
  }
  return holes.flatMap(({ fromMs, toMs }) => (fromMs > last ? [] : [{ fromMs, toMs: Math.min(toMs, last) }]));
}

/** As many of the newest buckets as may be asked for; ranges ascend. */
function newestFirst(
  { bucketMs, match, report }: AggregateDeps,
  holes: readonly TimeRange[]
): { joined: TimeRange[]; ends: TimeRange[] } {
  let left = Math.floor((MOST_TIMES * match.query.stepMs) / bucketMs);
  const joined: TimeRange[] = [];
  for (const { fromMs, toMs } of joinRanges(holes, MOST_HOLES).reverse()) {
    const count = countTimes({ startMs: fromMs, endMs: toMs, stepMs: bucketMs });
    if (left > 0) {
      joined.unshift({ fromMs: Math.max(fromMs, toMs - (Math.min(left, count) - 1) * bucketMs), toMs });
    }
    left = Math.max(0, left - count);
  }
  const fromMs = joined.at(0)?.fromMs ?? Infinity;
  const ends = holes.flatMap((one) =>
    one.toMs < fromMs ? [] : [{ fromMs: Math.max(fromMs, one.fromMs), toMs: one.toMs }]
  );
  const cut = holes.filter((one) => one.fromMs < fromMs);
  if (cut.length > 0) {
    const upTo = clock(Math.min(fromMs - bucketMs, cut[cut.length - 1].toMs));
    report.notices.push(
      warning(
        `Left out: the buckets up to ${upTo} that are not archived; Prometheus would have to give more than ${MOST_TIMES} values of each series. Choose a shorter range.`
      )
    );
  }
  return { joined, ends };
}

function bucketsAt(ends: readonly number[]): string {
  return `${ends.length === 1 ? 'the bucket that ends' : 'the buckets that end'} at ${ends.map(clock).join(', ')}`;
}
