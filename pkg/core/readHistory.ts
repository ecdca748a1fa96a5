import { type ArchiveHistory, MOST_SERIES } from '../../src/contract/archivePage';
import { holesOf, metricOf, type ArchiveOverviewReader, type OverviewDeps } from './archiveOverview';
import { PromkeepError } from './errors';
import { type TimeRange } from './ports';
import { bucketFor, thinSeries } from './thinSeries';

export interface HistoryRequest {
  /** Of a recorded query. */
  name: string;
  range: TimeRange;
  /** At most so many a series: more than the drawing is wide in pixels are not seen. */
  points: number;
}

/** The archived history of a recorded query, thinned to what can be drawn, with its gaps. Throws `NOT_FOUND`. */
export async function readHistory(
  deps: OverviewDeps,
  overview: ArchiveOverviewReader,
  { name, range, points }: HistoryRequest,
  signal: AbortSignal
): Promise<ArchiveHistory> {
  const entry = (await overview.ledger()).find((one) => one.name === name);
  if (!entry) {
    throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
  }
  const metric = metricOf(deps.metrics, entry);
  const bucketMs = bucketFor(range, entry.stepMs, points);
  const all = await deps.archive.readSeries({ query: { kind: 'recorded', name }, range }, signal);
  const { unit, decimals, min, max } = metric ?? {};
  return {
    name,
    displayName: metric?.displayName ?? name,
    ...(unit === undefined ? {} : { unit }),
    ...(decimals === undefined ? {} : { decimals }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...range,
    stepMs: entry.stepMs,
    bucketMs,
    series: all.slice(0, MOST_SERIES).map((one) => thinSeries(one, bucketMs, entry.stepMs)),
    seriesCount: all.length,
    gaps: holesOf(deps, entry).filter(({ fromMs, toMs }) => toMs >= range.fromMs && fromMs <= range.toMs),
    thresholds: metric?.thresholds ?? [],
  };
}
