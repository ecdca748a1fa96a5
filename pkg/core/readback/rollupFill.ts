import { splitGrid } from './seam';
import { type ReadArchiveDeps, readArchive, NOTHING } from './readArchive';
import { clock, info } from './notices';
import { filterTimes } from './joinSeries';
import { type CallOptions } from '../ports/metricSource';
import { type GridSamples } from '../ports/history';
import { type TimeGrid, type TimeRange } from '../model/timeRange';
import { type Series } from '../model/series';
import { formatExact } from '../query/step';

/**
 * Values at grid times whose samples have expired: the last one of the bucket that ends there. Where the series has a sample at
 * the bucket's end, that is the sample itself; otherwise it is older by less than the bucket's width.
 *
 * @param holes the times without samples, on the grid
 */
export async function readLasts(
  deps: ReadArchiveDeps,
  grid: TimeGrid,
  holes: readonly TimeRange[],
  options: CallOptions
): Promise<GridSamples> {
  const { archive, match, expired } = deps;
  if (!expired || holes.length === 0) {
    return NOTHING;
  }
  const { widthMs, untilMs } = expired;
  const { stepMs } = grid;
  const last = holes[0].fromMs + Math.floor((untilMs + widthMs - holes[0].fromMs) / stepMs) * stepMs;
  const wanted = { startMs: holes[0].fromMs, endMs: Math.min(holes[holes.length - 1].toMs, last), stepMs };
  if (wanted.endMs < wanted.startMs) {
    return NOTHING;
  }
  const read = { ...match, grid: wanted, widthMs, aggregate: 'last' } as const;
  const found = await readArchive(deps, options, (signal) =>
    archive.history.readBuckets({ ...read, memory: options.memory }, signal)
  );
  const covered = holes.flatMap(({ fromMs, toMs }) =>
    fromMs > wanted.endMs
      ? []
      : splitGrid({ startMs: fromMs, endMs: Math.min(toMs, wanted.endMs), stepMs }, found.covered).inside
  );
  return { ...found, covered, series: atTimes(found.series, isWithin(covered)) };
}

/** The last values of the bucket that ends at or before a time; `undefined` when they are not there. */
export async function readLastAt(
  deps: ReadArchiveDeps,
  timeMs: number,
  options: CallOptions
): Promise<{ timeMs: number; series: Series[] } | undefined> {
  const { archive, match, expired } = deps;
  if (!expired || timeMs > expired.untilMs) {
    return undefined;
  }
  const { widthMs } = expired;
  const endMs = Math.floor(timeMs / widthMs) * widthMs;
  const grid = { startMs: endMs, endMs, stepMs: widthMs };
  const read = { ...match, grid, widthMs, aggregate: 'last' } as const;
  const { covered, series } = await readArchive(deps, options, (signal) =>
    archive.history.readBuckets({ ...read, memory: options.memory }, signal)
  );
  if (covered.length === 0) {
    return undefined;
  }
  reportLasts(deps, endMs);
  return { timeMs: endMs, series };
}

export function reportLasts({ report, match, expired }: ReadArchiveDeps, untilMs: number): void {
  const width = formatExact(expired?.widthMs ?? 0);
  report.notices.push(
    info(
      `Values up to ${clock(untilMs)} are the last ones of ${width} rollups: the samples of ${match.query.name} have expired.`
    )
  );
}

export function isWithin(ranges: readonly TimeRange[]): (timeMs: number) => boolean {
  return (timeMs) => ranges.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
}

/** The samples at times that `keeps` accepts, and the series that have any; histograms stay. */
export function atTimes(series: readonly Series[], keeps: (timeMs: number) => boolean): Series[] {
  return series
    .map((one) => filterTimes(one, keeps))
    .filter(({ timesMs, histograms }) => timesMs.length > 0 || histograms);
}
