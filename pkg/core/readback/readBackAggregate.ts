import { splitGrid } from './seam';
import { type AggregateDeps, type Answering, readArchive } from './readArchive';
import { clock, describeMissing, info, warning } from './notices';
import { matrix, vector } from './joinSeries';
import { countAllPoints } from '../collect/collectGrid';
import { liveBuckets } from '../live/liveBuckets';
import { type BucketRead, type GridSamples } from '../ports/history';
import { type CallOptions, type InstantQuery, type RangeQuery } from '../ports/metricSource';
import { type TimeGrid, type TimeRange } from '../model/timeRange';
import { atTimes } from './rollupFill';
import { type QueryResult } from '../model/series';
import { formatExact } from '../query/step';

/** How far back the newest bucket of an instant query may end, at least. */
const LOOK_BACK_MS = 300_000;
/** Buckets are few: an instant looks at no more than these. */
const MOST_BACK = 100;

/**
 * Answers with one value for each whole bucket. A bucket comes as a whole from the archive, where all of its recorded times
 * are covered, or as a whole from what Prometheus says at the recorded times; never half from here and half from there.
 */
export function readBackAggregate(deps: AggregateDeps): Answering {
  return {
    queryRange: (query, options) => readRange(deps, query, options),
    queryInstant: (query, options) => readInstant(deps, query, options),
  };
}

async function readRange(deps: AggregateDeps, query: RangeQuery, options: CallOptions): Promise<QueryResult> {
  const { live, report, bucketMs } = deps;
  reportAggregate(deps);
  const found = await readWhole(deps, query, options);
  const { outside } = splitGrid(query, found.covered);
  if (!live) {
    tellOrigin(deps, found.covered, []);
    report.notices.push(...describeMissing(found, outside, bucketMs, bucketMs));
    return matrix([found.series]);
  }
  const answer = await liveBuckets({ ...deps, live }, query.expr, outside, options);
  if (found.covered.length === 0 && answer.answered.length === 0 && report.failures.length > 0) {
    throw report.failures.splice(0)[0];
  }
  tellOrigin(deps, found.covered, answer.answered);
  return { ...matrix([found.series, answer.series]), warnings: answer.warnings, infos: answer.infos };
}

/** The newest whole bucket: with Prometheus that which ended last, of the archive alone one that ended shortly before. */
async function readInstant(
  deps: AggregateDeps,
  { expr, timeMs }: InstantQuery,
  options: CallOptions
): Promise<QueryResult> {
  const { live, report, bucketMs } = deps;
  const endMs = Math.floor(timeMs / bucketMs) * bucketMs;
  reportAggregate(deps);
  const back = live ? 0 : Math.min(MOST_BACK, Math.max(2, Math.ceil(LOOK_BACK_MS / bucketMs)));
  const found = await readWhole(deps, { startMs: endMs - back * bucketMs, endMs, stepMs: bucketMs }, options);
  const newest = found.covered.at(-1)?.toMs;
  if (newest !== undefined) {
    tellOrigin(deps, [{ fromMs: newest, toMs: newest }], []);
    reportEnd(deps, newest, timeMs);
    return vector(atTimes(found.series, (time) => time === newest));
  }
  if (!live) {
    report.notices.push(warning(`The archive has no whole bucket that ends at ${clock(endMs)} or shortly before.`));
    tellOrigin(deps, [], []);
    return vector([]);
  }
  const answer = await liveBuckets({ ...deps, live }, expr, [{ fromMs: endMs, toMs: endMs }], options);
  if (report.failures.length > 0) {
    throw report.failures.splice(0)[0];
  }
  tellOrigin(deps, [], answer.answered);
  reportEnd(deps, endMs, timeMs);
  return { ...vector(answer.series), warnings: answer.warnings, infos: answer.infos };
}

function readWhole(deps: AggregateDeps, { startMs, endMs }: TimeGrid, options: CallOptions): Promise<GridSamples> {
  const { archive, match, aggregate, bucketMs } = deps;
  const read = { ...match, grid: { startMs, endMs, stepMs: bucketMs }, widthMs: bucketMs, aggregate };
  return readArchive(deps, options, (signal) =>
    archive.history.readBuckets({ ...read, memory: options.memory }, signal)
  );
}

const WORDS: Readonly<Record<BucketRead['aggregate'], string>> = {
  min: 'the lowest',
  max: 'the highest',
  avg: 'the average',
  sum: 'the sum',
  count: 'the number',
  last: 'the last',
};

function reportAggregate({ report, match, aggregate, bucketMs }: AggregateDeps): void {
  const { name, stepMs } = match.query;
  if (report.notices.some(({ text }) => text.startsWith('Rollups: '))) {
    return;
  }
  report.notices.push(
    info(
      `Rollups: each value is ${WORDS[aggregate]} of the values of ${name} (every ${formatExact(stepMs)}) in the ${formatExact(bucketMs)} up to its time.`
    )
  );
}

function reportEnd({ report }: AggregateDeps, endMs: number, timeMs: number): void {
  if (endMs !== timeMs) {
    report.notices.push(info(`The newest whole bucket ended at ${clock(endMs)}.`));
  }
}

function tellOrigin(deps: AggregateDeps, archived: readonly TimeRange[], live: readonly TimeRange[]): void {
  const archivedTimes = countAllPoints(archived, deps.bucketMs);
  const until = archived.at(-1)?.toMs;
  deps.report.origin = {
    recordedQuery: deps.match.query.name,
    archivedTimes,
    liveTimes: countAllPoints(live, deps.bucketMs),
    rolledUpTimes: archivedTimes,
    ...(until === undefined ? {} : { archivedUntilMs: until }),
  };
}
