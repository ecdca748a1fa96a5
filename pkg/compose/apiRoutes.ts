import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { RECORDING_LIMITS } from '../../src/contract/settings';
import { type SummaryMetric } from '../../src/contract/summary';
import { type ApiRoute } from '../core/ports/apiRoute';
import { defaultSettleMs } from '../core/collect/fetchRange';
import { mapConcurrently } from '../core/model/concurrency';
import { reportGaps, type GapReader } from '../core/history/gapReport';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type MetricSource } from '../core/ports/metricSource';
import { formatExact } from '../core/query/step';
import { selectMetrics, summaryValues } from '../core/summary/summaryByKey';
import { evaluateSummaryRange, type SummaryDeps } from '../core/summary/summaryEvaluate';
import { summaryFrames } from '../core/frames/summaryFrames';
import { type ArchiveWatch } from '../metrics/recorderState';
import { createArchiveRoute, createGapsRoute } from '../routes/archiveRoute';
import { type QueryCost } from '../routes/evaluate';
import { createStandardRoute } from '../routes/standardRoute';
import { createSummaryRoutes, type SummaryReader } from '../routes/summaryRoutes';

export interface ApiParts {
  source: MetricSource;
  archive: Pick<Archive, 'status' | 'definitions' | 'ledger'> | undefined;
  clock: Clock;
  summaryMetrics: readonly SummaryMetric[];
  /** A duration text; may be empty. */
  scrapeInterval: string;
  limits: QueryCost;
  /** Of recorded queries; absent: the defaults. */
  recordingLimits?: RecordingAmounts;
  /** Age at which a time is due for the archive; absent: the default's. */
  settleMs?: number;
}

/** Promkeep's own API, the same in the stand-alone server and below `promkeep/` in Grafana. */
export function composeApiRoutes(parts: ApiParts): ApiRoute[] {
  return [
    ...createSummaryRoutes(summaryReader(parts), parts.limits.maxRangeMs),
    createStandardRoute(parts),
    createArchiveRoute(parts.archive, parts.recordingLimits ?? RECORDING_LIMITS),
    createGapsRoute(parts.archive && gapReader(parts.archive, parts.clock, parts.settleMs)),
  ];
}

/** Points of a sparkline: more than a tile is wide in pixels are not seen. */
const SPARKLINE_POINTS = 240;
const SHORTEST_STEP_MS = 15_000;
const AT_ONCE = 4;

export function summaryReader({ source, clock, summaryMetrics, scrapeInterval }: ApiParts): SummaryReader {
  const deps: SummaryDeps = { source, clock, scrapeInterval };
  const shown = selectMetrics(summaryMetrics, []);
  return {
    metrics: summaryMetrics,
    readValues: (options) => summaryValues(deps, shown, '', options),
    async readFrames(rangeMs, options) {
      const nowMs = clock.nowMs();
      const range = { fromMs: nowMs - rangeMs, toMs: nowMs };
      const stepMs = Math.max(1, Math.ceil(rangeMs / SPARKLINE_POINTS / SHORTEST_STEP_MS)) * SHORTEST_STEP_MS;
      const evaluations = await mapConcurrently(shown, AT_ONCE, (metric) =>
        evaluateSummaryRange(deps, metric, { range, stepMs, groupBy: '' }, options)
      );
      return summaryFrames(evaluations);
    },
  };
}

/** What the archive lacks of each recorded query, and why. */
export function gapReader(
  archive: Pick<Archive, 'ledger'>,
  clock: Clock,
  settleMs = defaultSettleMs(15_000, 10_000)
): GapReader {
  return async () => {
    const reports = (await archive.ledger.entries()).map((entry) => reportGaps(entry, clock.nowMs() - settleMs));
    return reports;
  };
}

/** What the metrics of a recorder ask its archive for. */
export function archiveWatch(
  archive: Pick<Archive, 'ledger' | 'status' | 'poolUse'>,
  clock: Clock,
  settleMs: number | undefined
): ArchiveWatch {
  return {
    clock,
    readGaps: gapReader(archive, clock, settleMs),
    readStatus: () => archive.status(),
    readPool: () => archive.poolUse(),
  };
}

/** Milliseconds as a duration PromQL reads, for `$__rate_interval`. */
export function scrapeIntervalText(ms: number): string {
  return formatExact(ms);
}
