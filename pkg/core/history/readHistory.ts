import { type ArchiveHistory } from '../../../src/contract/archivePage';
import { holesOf, metricOf, type ArchiveOverviewReader, type OverviewDeps } from './archiveOverview';
import { fitStep } from '../readback/seam';
import { ceilToGrid, floorToGrid } from '../collect/collectGrid';
import { PromkeepError } from '../model/errors';
import { type MemoryShare } from '../memory/memoryBudget';
import { type Uses } from '../ports/archive';
import { type TimeRange } from '../model/timeRange';
import { bucketFor, thinSeries } from './thinSeries';

export interface HistoryRequest {
  /** Of a recorded query. */
  name: string;
  range: TimeRange;
  /** At most so many a series: more than the drawing is wide in pixels are not seen. */
  points: number;
  /** What reading is charged to. */
  memory?: MemoryShare;
}

/** A chart of more is not read by anybody. */
const MOST_SERIES = 20;
/** Of all series together; reading and weighing so many takes about a second. */
const MOST_SAMPLES = 2_000_000;
const MOST_COUNTED = 10_000;

export interface HistoryDeps extends OverviewDeps {
  archive: OverviewDeps['archive'] & Uses<{ history: 'readGrid' | 'seriesLabels' }>;
}

/**
 * The archived history of a recorded query, thinned to what can be drawn, with its gaps. Lowest and highest values are those of
 * all samples as long as these are not too many; beyond that only every n-th sample is read (`sampledMs`). Throws `NOT_FOUND`.
 */
export async function readHistory(
  deps: HistoryDeps,
  overview: ArchiveOverviewReader,
  { name, range, points, memory }: HistoryRequest,
  signal: AbortSignal
): Promise<ArchiveHistory> {
  const entry = (await overview.ledger()).find((one) => one.name === name);
  if (!entry) {
    throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
  }
  const { stepMs } = entry;
  const metric = metricOf(deps.metrics, entry);
  const bucketMs = bucketFor(range, stepMs, points);
  const seriesCount = (await deps.archive.history.seriesLabels({ name, range, limit: MOST_COUNTED }, signal)).length;
  const sampledMs = fitStep((seriesCount * (range.toMs - range.fromMs)) / MOST_SAMPLES, stepMs);
  const grid = {
    startMs: ceilToGrid(range.fromMs, sampledMs),
    endMs: floorToGrid(range.toMs, sampledMs),
    stepMs: sampledMs,
  };
  const read = await deps.archive.history.readGrid({ query: entry, grid, matchers: [], memory }, signal);
  const { unit, decimals, min, max } = metric ?? {};
  return {
    name,
    displayName: metric?.displayName ?? name,
    ...{ unit, decimals, min, max },
    ...range,
    stepMs,
    bucketMs,
    sampledMs,
    series: (read?.series ?? []).slice(0, MOST_SERIES).map((one) => thinSeries(one, bucketMs, stepMs)),
    seriesCount,
    gaps: holesOf(deps, entry).filter(({ fromMs, toMs }) => toMs >= range.fromMs && fromMs <= range.toMs),
    // Limits of a sum say nothing about its parts.
    thresholds: metric && (metric.aggregation !== 'sum' || seriesCount === 1) ? metric.thresholds : [],
  };
}
