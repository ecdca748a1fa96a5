import { type SummaryReader } from '../routes/summaryRoutes';
import { ArchiveOverviewReader } from '../core/history/archiveOverview';
import { frameToJson } from '../core/frames/frameJson';
import { readHistory, type HistoryDeps } from '../core/history/readHistory';
import { type Clock } from '../core/ports/clock';
import { type LiveFeeds } from '../server/live/liveRoute';
import { type ArchiveViewer } from '../routes/historyRoutes';

/** The archive as the page shows it. */
export function archiveViewer(deps: HistoryDeps): ArchiveViewer {
  const overview = new ArchiveOverviewReader(deps);
  return {
    readOverview: () => overview.read(),
    readHistory: (request, signal) => readHistory(deps, overview, request, signal),
  };
}

/** What the page is told of by itself: the same answers as of the routes it could ask. */
export function liveFeeds(
  summary: SummaryReader,
  viewer: ArchiveViewer | undefined,
  clock: Clock,
  maxRangeMs: number
): LiveFeeds {
  return {
    maxRangeMs,
    async summary(rangeMs, signal) {
      const frames = await summary.readFrames(rangeMs, { signal });
      return { timeMs: clock.nowMs(), frames: frames.map(frameToJson) };
    },
    ...(viewer ? { archive: () => viewer.readOverview() } : {}),
  };
}
