import { countTimes, joinRanges, lastTimeWithin, splitGrid } from './archiveGrid';
import { type ArchiveMatch } from './archiveMatch';
import { mapConcurrently } from './concurrency';
import { asPromkeepError, PromkeepError } from './errors';
import { type Notice } from './frame';
import { filterTimes, joinSeries, sortByLabels } from './joinSeries';
import {
  type Archive,
  type CallOptions,
  type Gap,
  type GridSamples,
  type InstantQuery,
  type MetricSource,
  type RangeQuery,
  type TimeRange,
} from './ports';
import { type QueryResult, type Series } from './series';

/** What a query is answered from. */
export type Answering = Pick<MetricSource, 'queryRange' | 'queryInstant'>;

/** What of the archive is needed to read recorded queries back. */
export type ReadableArchive = Pick<Archive, 'recorded' | 'history' | 'coverage'>;

/** What came to light while a query was answered, for the first frame and for the response's error. */
export interface ReadReport {
  notices: Notice[];
  failures: PromkeepError[];
  origin?: ReadOrigin;
}

/** `meta.custom.promkeep.readFrom` of the first frame: how many times of the grid came from where. */
export interface ReadOrigin {
  recordedQuery: string;
  archivedTimes: number;
  liveTimes: number;
  /** The last time that came from the archive; absent: none did. */
  archivedUntilMs?: number;
}

export interface ArchiveReadDeps {
  archive: ReadableArchive;
  match: ArchiveMatch;
  report: ReadReport;
  /** Asked for what the archive does not cover; absent: never. */
  live?: Answering;
  /** A signal that aborts after so many milliseconds. */
  timeoutSignal(ms: number): AbortSignal;
}

/** Uncovered parts of a range that are asked for one by one; more of them are joined, and what is covered in between is asked again. */
const MOST_HOLES = 8;
const HOLES_AT_ONCE = 4;
/** With Prometheus beside it, an archive that hangs is not waited for any longer. */
const PATIENCE_MS = 10_000;
/** How far back the newest archived value of an instant query may lie: as far as Prometheus itself looks back, or two steps. */
const LOOK_BACK_MS = 300_000;

/**
 * Answers from the archive where it covers the time and from Prometheus elsewhere. The seam lies where the ledger's coverage
 * ends: a value at a time does not depend on the step or on the range, so both sides are values of one and the same answer.
 */
export function answerFromArchive(deps: ArchiveReadDeps): Answering {
  return {
    queryRange: (query, options) => readRange(deps, query, options),
    queryInstant: (query, options) =>
      deps.live ? readInstantBoth(deps, deps.live, query, options) : readNewest(deps, query, options),
  };
}

async function readRange(deps: ArchiveReadDeps, query: RangeQuery, options: CallOptions): Promise<QueryResult> {
  const { live, report, match } = deps;
  const archived = await readGrid(deps, query, options);
  const { outside } = splitGrid(query, archived.covered);
  const liveTimes = outside.reduce((sum, range) => sum + timesIn(range, query.stepMs), 0);
  const until = archived.covered.at(-1)?.toMs;
  report.origin = {
    recordedQuery: match.query.name,
    archivedTimes: countTimes(query) - liveTimes,
    liveTimes: live ? liveTimes : 0,
    ...(until === undefined ? {} : { archivedUntilMs: until }),
  };
  if (!live) {
    report.notices.push(...describeMissing(archived, outside, query));
    return matrix(sortByLabels(archived.series));
  }
  const answers = await askHoles(deps, live, query, outside, options);
  if (answers.some(({ series }) => series.some(({ histograms }) => histograms))) {
    report.notices.push(aloneNotice('the newer part has native histograms, which the archive does not hold.'));
    return live.queryRange(query, options);
  }
  const joined = joinSeries([archived.series, ...answers.map(({ series }) => series)]);
  return {
    ...matrix(joined),
    warnings: [...new Set(answers.flatMap(({ warnings }) => warnings))],
    infos: [...new Set(answers.flatMap(({ infos }) => infos))],
    ...(answers.length === 1 && answers[0].stats !== undefined ? { stats: answers[0].stats } : {}),
  };
}

/** Live answers hold times the archive does not cover, and no others. What cannot be had is a failure beside the rest. */
async function askHoles(
  { report }: ArchiveReadDeps,
  live: Answering,
  query: RangeQuery,
  holes: readonly TimeRange[],
  options: CallOptions
): Promise<QueryResult[]> {
  const isHole = (timeMs: number): boolean => holes.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
  const answers = await mapConcurrently(joinRanges(holes, MOST_HOLES), HOLES_AT_ONCE, async (hole) => {
    try {
      const result = await live.queryRange({ ...query, startMs: hole.fromMs, endMs: hole.toMs }, options);
      return holes.length <= MOST_HOLES ? result : { ...result, series: withSamples(result.series, isHole) };
    } catch (error) {
      return asPromkeepError(error);
    }
  });
  const failures = answers.filter((one) => one instanceof PromkeepError);
  if (failures.length > 0 && (options.signal.aborted || sameTimes(holes, query))) {
    throw failures[0];
  }
  report.failures.push(...failures);
  return answers.flatMap((one) => (one instanceof PromkeepError ? [] : [one]));
}

function withSamples(series: readonly Series[], keeps: (timeMs: number) => boolean): Series[] {
  return series
    .map((one) => filterTimes(one, keeps))
    .filter(({ timesMs, histograms }) => timesMs.length > 0 || histograms);
}

/** Whether nothing came from the archive. */
function sameTimes(holes: readonly TimeRange[], { startMs, endMs, stepMs }: RangeQuery): boolean {
  return holes.length === 1 && holes[0].fromMs === startMs && holes[0].toMs > endMs - stepMs;
}

/**
 * The archive has values at grid times only. A time in between is answered with those of the grid time before it, when the
 * next one is covered as well; otherwise Prometheus answers for the exact time.
 */
async function readInstantBoth(
  deps: ArchiveReadDeps,
  live: Answering,
  query: InstantQuery,
  options: CallOptions
): Promise<QueryResult> {
  const { stepMs, name } = deps.match.query;
  const { timeMs } = query;
  const before = Math.floor(timeMs / stepMs) * stepMs;
  const after = timeMs === before ? before : before + stepMs;
  const { covered, series } = await readGrid(deps, { startMs: before, endMs: after, stepMs }, options);
  const whole = covered.length === 1 && covered[0].fromMs === before && covered[0].toMs === after;
  deps.report.origin = {
    recordedQuery: name,
    archivedTimes: Number(whole),
    liveTimes: Number(!whole),
    ...(whole ? { archivedUntilMs: before } : {}),
  };
  if (!whole) {
    return live.queryInstant(query, options);
  }
  if (before !== timeMs) {
    deps.report.notices.push(
      info(`The archive answers for ${clock(before)}, the last time that is recorded before the asked one.`)
    );
  }
  return vector(sortByLabels(withSamples(series, (time) => time === before)));
}

/** The newest archived values at or before the asked time. */
async function readNewest(deps: ArchiveReadDeps, { timeMs }: InstantQuery, options: CallOptions): Promise<QueryResult> {
  const { report, match, archive } = deps;
  const { name, stepMs } = match.query;
  const lookBackMs = Math.max(LOOK_BACK_MS, 2 * stepMs);
  const newest = lastTimeWithin(await archive.coverage(name), timeMs, stepMs);
  report.origin = { recordedQuery: name, archivedTimes: 0, liveTimes: 0 };
  if (newest === undefined || timeMs - newest > lookBackMs) {
    const last = newest === undefined ? 'nothing older' : `the last before it is of ${clock(newest)}`;
    report.notices.push(warning(`The archive has nothing of ${clock(timeMs)} or shortly before: ${last}.`));
    return vector([]);
  }
  const { covered, series } = await readGrid(deps, { startMs: newest, endMs: newest, stepMs }, options);
  report.origin = { recordedQuery: name, archivedTimes: covered.length, liveTimes: 0, archivedUntilMs: newest };
  if (newest !== timeMs) {
    report.notices.push(info(`The newest values in the archive are of ${clock(newest)}.`));
  }
  return vector(sortByLabels(series));
}

const NOTHING: GridSamples = { covered: [], gaps: [], series: [] };

/** With Prometheus beside it, an archive that fails is a notice; alone, it is the query's failure. */
async function readGrid(
  { archive, match, report, live, timeoutSignal }: ArchiveReadDeps,
  grid: { startMs: number; endMs: number; stepMs: number },
  { signal }: CallOptions
): Promise<GridSamples> {
  const { startMs, endMs, stepMs } = grid;
  const patience = live ? AbortSignal.any([signal, timeoutSignal(PATIENCE_MS)]) : signal;
  try {
    const read = { ...match, grid: { startMs, endMs, stepMs } };
    return (await archive.history.readGrid(read, patience)) ?? NOTHING;
  } catch (error) {
    if (!live || signal.aborted) {
      throw error;
    }
    const late = patience.aborted
      ? `the archive did not answer within ${PATIENCE_MS / 1_000} s.`
      : asPromkeepError(error).message;
    report.notices.push(aloneNotice(late));
    return NOTHING;
  }
}

export function aloneNotice(reason: string): Notice {
  return warning(`Read from Prometheus alone: ${reason}`);
}

const REASONS: Readonly<Record<Gap['reason'], string>> = {
  'source-down': 'Prometheus could not be reached',
  'query-failed': 'the query failed',
  'partial-answer': 'the answer was partial',
  'source-had-no-data': 'Prometheus had no data',
  'source-lost-it': 'Prometheus no longer had it',
  'archive-down': 'the archive could not be reached',
};
const MOST_NAMED = 3;

/** Before the first archived time and after the last nothing is recorded (yet); every hole in between is named, with its reason. */
function describeMissing(
  { covered, gaps }: GridSamples,
  missing: readonly TimeRange[],
  { stepMs }: RangeQuery
): Notice[] {
  if (covered.length === 0) {
    return [warning(`The archive has nothing of this range.${because(gaps[0])}`)];
  }
  const end = covered[covered.length - 1].toMs;
  const begin = covered[0].fromMs;
  const holes = missing.filter(({ fromMs }) => fromMs > begin && fromMs < end);
  const notices: Notice[] = [];
  if (missing[0]?.fromMs < begin) {
    notices.push(info(`The archive begins at ${clock(begin)}.`));
  }
  if (missing.some(({ fromMs }) => fromMs > end)) {
    notices.push(info(`The archive ends at ${clock(end)}.${because(gaps.find(({ fromMs }) => fromMs > end))}`));
  }
  if (holes.length > 0) {
    const named = holes.slice(0, MOST_NAMED).map((range) => describeHole(range, gaps));
    const more = holes.length > MOST_NAMED ? `; and ${holes.length - MOST_NAMED} more` : '';
    const times = holes.reduce((sum, range) => sum + timesIn(range, stepMs), 0);
    notices.push(warning(`The archive lacks ${times} of the times in between: ${named.join('; ')}${more}.`));
  }
  return notices;
}

function describeHole({ fromMs, toMs }: TimeRange, gaps: readonly Gap[]): string {
  const gap = gaps.find((one) => one.fromMs <= toMs && one.toMs >= fromMs);
  const span = fromMs === toMs ? clock(fromMs) : `${clock(fromMs)} to ${clock(toMs)}`;
  return gap ? `${span} (${REASONS[gap.reason]})` : span;
}

function because(gap: Gap | undefined): string {
  return gap ? ` After that ${REASONS[gap.reason]}.` : '';
}

function timesIn({ fromMs, toMs }: TimeRange, stepMs: number): number {
  return countTimes({ startMs: fromMs, endMs: toMs, stepMs });
}

function matrix(series: Series[]): QueryResult {
  return { resultType: 'matrix', series, warnings: [], infos: [] };
}

function vector(series: Series[]): QueryResult {
  return { resultType: 'vector', series, warnings: [], infos: [] };
}

function info(text: string): Notice {
  return { severity: 'info', text };
}

function warning(text: string): Notice {
  return { severity: 'warning', text };
}

function clock(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
