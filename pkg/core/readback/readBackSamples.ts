import { clipToGrid, countTimes, joinRanges, lastTimeWithin, splitGrid } from './seam';
import { type Answering, type ReadArchiveDeps, type ReadReport, readArchive } from './readArchive';
import { aloneNotice, clock, describeMissing, info, warning } from './notices';
import { mapConcurrently } from '../model/concurrency';
import { asPromkeepError, PromkeepError } from '../model/errors';
import { matrix, vector } from './joinSeries';
import { countAllPoints } from '../collect/collectGrid';
import { type CallOptions, type InstantQuery, type RangeQuery } from '../ports/metricSource';
import { type GridSamples } from '../ports/history';
import { type TimeGrid, type TimeRange } from '../model/timeRange';
import { atTimes, isWithin, readLastAt, readLasts, reportLasts } from './rollupFill';
import { type QueryResult } from '../model/series';

/** Uncovered parts of a range that are asked for one by one; more of them are joined, and what is covered in between is asked again. */
const MOST_HOLES = 8;
const HOLES_AT_ONCE = 4;
/** How far back the newest archived value of an instant query may lie: as far as Prometheus itself looks back, or two steps. */
const LOOK_BACK_MS = 300_000;

/**
 * Answers from the archive where it covers the time and from Prometheus elsewhere. The seam lies where the ledger's coverage
 * ends: a value at a time does not depend on the step or on the range, so both sides are values of one and the same answer.
 */
export function readBackSamples(deps: ReadArchiveDeps): Answering {
  return {
    queryRange: (query, options) => readRange(deps, query, options),
    queryInstant: (query, options) =>
      deps.live ? readInstantBoth(deps, deps.live, query, options) : readNewest(deps, query, options),
  };
}

async function readRange(deps: ReadArchiveDeps, query: RangeQuery, options: CallOptions): Promise<QueryResult> {
  const { live, report } = deps;
  const archived = await readGrid(deps, query, options);
  const { outside } = splitGrid(query, archived.covered);
  const rolled = await readLasts(deps, query, outside, options);
  if (!live) {
    const covered = [...archived.covered, ...rolled.covered].sort((a, b) => a.fromMs - b.fromMs);
    const { inside, outside: missing } = splitGrid(query, covered);
    tellOrigin(deps, query, { archived: archived.covered, rolled: rolled.covered, others: missing });
    report.notices.push(...describeMissing({ covered: inside, gaps: archived.gaps }, missing, query.stepMs));
    return matrix([archived.series, rolled.series]);
  }
  const answers = await fetchGaps(
    { live, report },
    query,
    { holes: outside, hasRollups: rolled.covered.length > 0 },
    options
  );
  if (answers.some(({ series }) => series.some(({ histograms }) => histograms))) {
    report.notices.push(aloneNotice('the newer part has native histograms, which the archive does not hold.'));
    return live.queryRange(query, options);
  }
  const filling = beforeLive(rolled, query.stepMs, answers);
  const { outside: asked } = splitGrid(
    query,
    [...archived.covered, ...filling.covered].sort((a, b) => a.fromMs - b.fromMs)
  );
  tellOrigin(deps, query, { archived: archived.covered, rolled: filling.covered, others: asked });
  return {
    ...matrix([archived.series, filling.series, ...answers.map(({ series }) => series)]),
    warnings: [...new Set(answers.flatMap(({ warnings }) => warnings))],
    infos: [...new Set(answers.flatMap(({ infos }) => infos))],
    ...(answers.length === 1 && answers[0].stats !== undefined ? { stats: answers[0].stats } : {}),
  };
}

/**
 * From the first time on at which Prometheus says anything it is believed, also where it says nothing: it still has the samples
 * then, and a rollup may outlast a series by its width.
 */
function beforeLive(
  rolled: GridSamples,
  stepMs: number,
  answers: readonly QueryResult[]
): Pick<GridSamples, 'covered' | 'series'> {
  const firsts = answers.flatMap(({ series }) => series.map(({ timesMs }) => timesMs[0] ?? Infinity));
  const heldFromMs = firsts.reduce((least, timeMs) => Math.min(least, timeMs), Infinity);
  const covered = rolled.covered.flatMap(({ fromMs, toMs }) => {
    const part = clipToGrid({ fromMs, toMs: heldFromMs - stepMs }, { startMs: fromMs, endMs: toMs, stepMs });
    return part ? [part] : [];
  });
  return { covered, series: atTimes(rolled.series, (timeMs) => timeMs < heldFromMs) };
}

function tellOrigin(
  deps: ReadArchiveDeps,
  query: TimeGrid,
  { archived, rolled, others }: Readonly<Record<'archived' | 'rolled' | 'others', readonly TimeRange[]>>
): void {
  const rolledUpTimes = countAllPoints(rolled, query.stepMs);
  const otherTimes = countAllPoints(others, query.stepMs);
  const until = archived.at(-1)?.toMs ?? rolled.at(-1)?.toMs;
  deps.report.origin = {
    recordedQuery: deps.match.query.name,
    archivedTimes: countTimes(query) - otherTimes,
    liveTimes: deps.live ? otherTimes : 0,
    ...(rolledUpTimes > 0 ? { rolledUpTimes } : {}),
    ...(until === undefined ? {} : { archivedUntilMs: until }),
  };
  if (rolledUpTimes > 0) {
    reportLasts(deps, rolled[rolled.length - 1].toMs);
  }
}

/** Live answers hold times the archive does not cover, and no others. What cannot be had is a failure beside the rest. */
async function fetchGaps(
  { live, report }: { live: Answering; report: ReadReport },
  query: RangeQuery,
  { holes, hasRollups }: { holes: readonly TimeRange[]; hasRollups: boolean },
  options: CallOptions
): Promise<QueryResult[]> {
  const isHole = isWithin(holes);
  const answers = await mapConcurrently(joinRanges(holes, MOST_HOLES), HOLES_AT_ONCE, async (hole) => {
    try {
      const result = await live.queryRange({ ...query, startMs: hole.fromMs, endMs: hole.toMs }, options);
      return holes.length <= MOST_HOLES ? result : { ...result, series: atTimes(result.series, isHole) };
    } catch (error) {
      return asPromkeepError(error);
    }
  });
  const failures = answers.filter((one) => one instanceof PromkeepError);
  if (failures.length > 0 && (options.signal.aborted || (sameTimes(holes, query) && !hasRollups))) {
    throw failures[0];
  }
  report.failures.push(...failures);
  return answers.flatMap((one) => (one instanceof PromkeepError ? [] : [one]));
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
  deps: ReadArchiveDeps,
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
    const answer = await live.queryInstant(query, options);
    // What Prometheus no longer has may be left as a rollup.
    return answer.series.length > 0 ? answer : ((await instantLasts(deps, query, options)) ?? answer);
  }
  if (before !== timeMs) {
    deps.report.notices.push(
      info(`The archive answers for ${clock(before)}, the last time that is recorded before the asked one.`)
    );
  }
  return vector(atTimes(series, (time) => time === before));
}

async function instantLasts(
  deps: ReadArchiveDeps,
  { timeMs }: InstantQuery,
  options: CallOptions
): Promise<QueryResult | undefined> {
  const found = await readLastAt(deps, timeMs, options);
  if (!found) {
    return undefined;
  }
  const recordedQuery = deps.match.query.name;
  const archivedUntilMs = found.timeMs;
  deps.report.origin = { recordedQuery, archivedTimes: 1, liveTimes: 0, rolledUpTimes: 1, archivedUntilMs };
  return vector(found.series);
}

/** The newest archived values at or before the asked time. */
async function readNewest(deps: ReadArchiveDeps, query: InstantQuery, options: CallOptions): Promise<QueryResult> {
  const { timeMs } = query;
  const { report, match, archive } = deps;
  const { name, stepMs } = match.query;
  const lookBackMs = Math.max(LOOK_BACK_MS, 2 * stepMs);
  const newest = lastTimeWithin(await archive.ledger.coverage(name), timeMs, stepMs);
  report.origin = { recordedQuery: name, archivedTimes: 0, liveTimes: 0 };
  if (newest === undefined || timeMs - newest > lookBackMs) {
    const lasts = await instantLasts(deps, query, options);
    if (lasts) {
      return lasts;
    }
    const last = newest === undefined ? 'nothing older' : `the last before it is of ${clock(newest)}`;
    report.notices.push(warning(`The archive has nothing of ${clock(timeMs)} or shortly before: ${last}.`));
    return vector([]);
  }
  const { covered, series } = await readGrid(deps, { startMs: newest, endMs: newest, stepMs }, options);
  report.origin = { recordedQuery: name, archivedTimes: covered.length, liveTimes: 0, archivedUntilMs: newest };
  if (newest !== timeMs) {
    report.notices.push(info(`The newest values in the archive are of ${clock(newest)}.`));
  }
  return vector(series);
}

function readGrid(
  deps: ReadArchiveDeps,
  { startMs, endMs, stepMs }: TimeGrid,
  options: CallOptions
): Promise<GridSamples> {
  const { archive, match } = deps;
  const read = { ...match, grid: { startMs, endMs, stepMs } };
  return readArchive(deps, options, (signal) => archive.history.readGrid({ ...read, memory: options.memory }, signal));
}
