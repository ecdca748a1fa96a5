import { type ArchiveGap, type ArchiveHistory, type SeriesPick } from '../../../src/contract/archivePage';
import { type SummaryMetric } from '../../../src/contract/summary';
import { aggregateSeries } from '../summary/aggregate';
import { SUMMARY_STEP_MS } from '../summary/summaryEvaluate';
import { holesOf, metricOf, namesOf, type ArchiveOverviewReader, type OverviewDeps } from './archiveOverview';
import { guessUnit } from './guessUnit';
import { type LiveHistory, readLiveHistory } from './liveHistory';
import { pickSeries } from './pickSeries';
import { joinSeries } from '../readback/joinSeries';
import { fitStep } from '../readback/seam';
import { ceilToGrid, floorToGrid } from '../collect/collectGrid';
import { PromkeepError } from '../model/errors';
import { type MemoryShare } from '../memory/memoryBudget';
import { type Uses } from '../ports/archive';
import { type Clock } from '../ports/clock';
import { type LedgerEntry } from '../ports/ledger';
import { type MetricSource } from '../ports/metricSource';
import { type Series } from '../model/series';
import { type TimeRange } from '../model/timeRange';
import { expandMacros } from '../query/macros';
import { bucketFor, thinSeries } from './thinSeries';

export interface HistoryRequest {
  /** Of a recorded query; without an archive, key of a metric. */
  name: string;
  /** Any PromQL, instead of what goes by the name; only of Prometheus. */
  expression?: string;
  range: TimeRange;
  /** At most so many a series: more than the drawing is wide in pixels are not seen. */
  points: number;
  /** Which of many series are drawn; absent: those with the largest last values. */
  pick?: SeriesPick;
  /** Whether all series are listed, also those that are not drawn. */
  withRows?: boolean;
  /** What reading is charged to. */
  memory?: MemoryShare;
}

/** A chart of more is not read by anybody. */
const MOST_SERIES = 20;
const MOST_ROWS = 1_000;
/** Of all series together; reading and weighing so many takes about a second. */
const MOST_SAMPLES = 2_000_000;
const MOST_COUNTED = 10_000;

export interface HistoryDeps extends OverviewDeps {
  archive: OverviewDeps['archive'] & Uses<{ history: 'readGrid' | 'seriesLabels' }>;
  /** Asked for what is not stored (yet); absent: the archive alone is drawn. */
  source?: Pick<MetricSource, 'queryRange'>;
}

/**
 * The history of a recorded query: the archive's samples, and Prometheus' own where the archive has none (yet), thinned to what can
 * be drawn, with the gaps. Lowest and highest values are those of all stored samples as long as these are not too many; beyond that
 * only every n-th sample is read (`sampledMs`). Throws `NOT_FOUND`.
 */
export async function readHistory(
  deps: HistoryDeps,
  overview: ArchiveOverviewReader,
  request: HistoryRequest,
  signal: AbortSignal
): Promise<ArchiveHistory> {
  const { name, range, points, memory } = request;
  const entry = (await overview.ledger()).find((one) => one.name === name);
  if (!entry) {
    throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
  }
  const { stepMs, expression } = entry;
  const bucketMs = bucketFor(range, stepMs, points);
  const stored = (await deps.archive.history.seriesLabels({ name, range, limit: MOST_COUNTED }, signal)).length;
  const sampledMs = fitStep((stored * (range.toMs - range.fromMs)) / MOST_SAMPLES, stepMs);
  const grid = {
    startMs: ceilToGrid(range.fromMs, sampledMs),
    endMs: floorToGrid(range.toMs, sampledMs),
    stepMs: sampledMs,
  };
  const read = await deps.archive.history.readGrid({ query: entry, grid, matchers: [], memory }, signal);
  const covered = read?.covered ?? [];
  const known = [...covered, ...entry.gaps].sort((a, b) => a.fromMs - b.fromMs);
  const live = await readLive(deps, { expression, range, stepMs, bucketMs, known }, { signal, memory });
  const archivedUntilMs = covered.at(-1)?.toMs;
  const metric = metricOf(deps.metrics, entry);
  return {
    ...namesOf(deps.metrics, entry),
    ...describe(entry, metric),
    ...range,
    ...{ stepMs, bucketMs, sampledMs },
    ...draw(joinSeries([read?.series ?? [], live.series]), { request, metric, bucketMs, stepMs }),
    gaps: holesWithout(live.series, holesOf(deps, entry), bucketMs).filter(
      ({ fromMs, toMs }) => toMs >= range.fromMs && fromMs <= range.toMs
    ),
    ...(archivedUntilMs === undefined ? {} : { archivedUntilMs }),
    settleMs: deps.settleMs,
    ...(live.failure ? { liveFailure: live.failure.message } : {}),
  };
}

export interface LiveHistoryDeps {
  source: Pick<MetricSource, 'queryRange'>;
  clock: Clock;
  metrics: readonly SummaryMetric[];
  /** As a duration text, for `$__rate_interval`; may be empty. */
  scrapeInterval: string;
}

/** The history of an expression, or where there is no archive of a summary metric, as Prometheus has it. Throws `NOT_FOUND`. */
export async function readHistoryOfSource(
  deps: LiveHistoryDeps,
  request: HistoryRequest,
  signal: AbortSignal
): Promise<ArchiveHistory> {
  const { name, range, points, memory } = request;
  const metric = request.expression === undefined ? deps.metrics.find(({ key }) => key === name) : undefined;
  const asked = request.expression ?? metric?.expr;
  if (asked === undefined) {
    throw new PromkeepError('NOT_FOUND', `There is no metric ${JSON.stringify(name)}`);
  }
  const stepMs = SUMMARY_STEP_MS;
  const bucketMs = bucketFor(range, stepMs, points);
  const { scrapeInterval } = deps;
  const expression = expandMacros(asked, {
    ...{ stepMs: bucketMs, range, interval: '', scrapeInterval, requestIntervalMs: bucketMs },
  });
  const wish = { expression, range: notBeyond(range, deps.clock), stepMs, bucketMs, known: [] };
  const { series, failure } = await readLiveHistory(deps.source, wish, { signal, memory });
  if (failure) {
    throw failure;
  }
  return {
    ...(metric ? { name, displayName: metric.displayName, metricKey: name } : { name, displayName: name }),
    ...describe({ expression: asked }, metric),
    ...range,
    ...{ stepMs, bucketMs, sampledMs: stepMs },
    ...draw(joinSeries([series]), { request, metric, bucketMs, stepMs }),
    gaps: [],
  };
}

type Wish = Parameters<typeof readLiveHistory>[1];

async function readLive(
  { source, clock }: HistoryDeps,
  wish: Wish,
  call: Parameters<typeof readLiveHistory>[2]
): Promise<LiveHistory> {
  return source ? readLiveHistory(source, { ...wish, range: notBeyond(wish.range, clock) }, call) : { series: [] };
}

function notBeyond({ fromMs, toMs }: TimeRange, clock: Clock): TimeRange {
  return { fromMs, toMs: Math.min(toMs, clock.nowMs()) };
}

function describe(
  { expression }: Pick<LedgerEntry, 'expression'>,
  metric: SummaryMetric | undefined
): Pick<ArchiveHistory, 'expression' | 'unit' | 'decimals' | 'min' | 'max' | 'aggregation' | 'thresholds'> {
  const { unit = guessUnit(expression), decimals, min, max, aggregation } = metric ?? {};
  const ends = metric === undefined && unit === 'percentunit' ? { min: 0, max: 1 } : { min, max };
  return { expression, unit, decimals, ...ends, aggregation, thresholds: metric?.thresholds ?? [] };
}

interface Drawing {
  request: HistoryRequest;
  metric: SummaryMetric | undefined;
  bucketMs: number;
  stepMs: number;
}

/** All series as the metric's one value over time, and the picked ones each for itself. */
function draw(
  all: readonly Series[],
  { request: { pick, withRows }, metric, bucketMs, stepMs }: Drawing
): Pick<ArchiveHistory, 'series' | 'seriesCount' | 'matchCount' | 'whole' | 'rows'> {
  const { series, rows } = pickSeries(all, pick ?? { filter: '', order: 'largest' });
  const isOne = metric !== undefined && all.length > 1;
  return {
    series: series.slice(0, MOST_SERIES).map((one) => thinSeries(one, bucketMs, stepMs)),
    seriesCount: all.length,
    matchCount: series.length,
    ...(isOne
      ? { whole: thinSeries({ labels: {}, ...aggregateSeries(all, metric.aggregation) }, bucketMs, stepMs) }
      : {}),
    ...(withRows === true ? { rows: rows.slice(0, MOST_ROWS) } : {}),
  };
}

/** Where nobody recorded, Prometheus may have the values all the same: then nothing is missing from the chart. */
function holesWithout(live: readonly Series[], holes: readonly ArchiveGap[], bucketMs: number): ArchiveGap[] {
  const times = live.flatMap(({ timesMs }) => [...timesMs]);
  return holes.flatMap((hole) => {
    const inside =
      hole.reason === 'not-recorded' ? times.filter((time) => hole.fromMs <= time && time <= hole.toMs) : [];
    if (inside.length === 0) {
      return [hole];
    }
    const [first, last] = inside.reduce(
      ([low, high], time) => [Math.min(low, time), Math.max(high, time)],
      [Infinity, -Infinity]
    );
    const rests = [
      { ...hole, toMs: first - bucketMs },
      { ...hole, fromMs: last + bucketMs },
    ];
    return rests.filter(({ fromMs, toMs }) => fromMs < toMs);
  });
}
