import { PromkeepError } from '../../model/errors';
import { type Chunk, RAW_STEP_MS, type RawSeries, rawSpan } from '../../model/rawSeries';
import { type TimeRange } from '../../model/timeRange';
import { type Definition } from '../../ports/definitions';
import { type Gap } from '../../ports/ledger';
import { type CallOptions } from '../../ports/metricSource';
import { type RawWrite, type Selector } from '../../ports/rawSeries';
import { ceilToGrid } from '../collectGrid';
import { fetchProbe, type FetchDeps, heldTimes, splitCoverage } from '../fetchRange';
import { DAY_MS } from './rawPieces';
import { believableFromMs, requireReading } from './rawReading';
import { countIn } from './sameChunks';

const READ_BY_QUERY =
  'Read by range selectors of the query API, since the source has no remote read: without stale markers and native histograms.';

/** What is to be done about a range of a raw definition. */
export interface PreparedRaw {
  /** Absent: the source holds nothing of the range itself. */
  write?: RawWrite;
  /** The beginning of the range, which the source does not hold itself. */
  lost?: Gap;
}

/**
 * Finds out which times of a range count as covered, by the source's probe at the end of each; the series are read when a store
 * takes them. Times that the source does not hold itself are not asked for. Rejects with `PromkeepError`; so does the iteration,
 * also for more series than are allowed.
 *
 * @param range on the grid of `RAW_STEP_MS`
 */
export async function prepareRaw(
  deps: FetchDeps,
  query: Definition,
  range: TimeRange,
  call: CallOptions
): Promise<PreparedRaw> {
  const { source, readSelectors } = requireReading(deps.rawReading);
  const selectors = readSelectors(query.expression);
  const [holdings, prometheusVersion] = await Promise.all([source.holdings(call), deps.sourceVersion(call.signal)]);
  const heldFromMs = ceilToGrid(believableFromMs(holdings), RAW_STEP_MS);
  const asked = { fromMs: Math.max(range.fromMs, heldFromMs), toMs: range.toMs };
  const lost = asked.fromMs > range.fromMs ? { lost: lostBefore(asked.fromMs, range) } : {};
  if (asked.fromMs > asked.toMs) {
    return lost;
  }
  const { warnings, ...parts } = await splitRaw(deps, asked, call);
  const write: RawWrite = {
    name: query.name,
    range: asked,
    retention: query.retention,
    provenance: {
      expression: query.expression,
      stepMs: query.stepMs,
      fetchedAtMs: deps.clock.nowMs(),
      prometheusVersion,
      warnings: [...warnings, ...(holdings.by === 'query' ? [READ_BY_QUERY] : [])],
    },
    ...parts,
    series: (signal) => readAllowed(deps, query, { selectors, asked }, { ...call, signal }),
  };
  return { write, ...lost };
}

function lostBefore(heldFromMs: number, { fromMs, toMs }: TimeRange): Gap {
  return {
    fromMs,
    toMs: Math.min(toMs, heldFromMs - RAW_STEP_MS),
    reason: 'source-lost-it',
    detail: Number.isFinite(new Date(heldFromMs).getTime())
      ? `The source holds data of its own from ${new Date(heldFromMs).toISOString()} on; what it says of the time before, it reads from others.`
      : 'The source holds no data of its own; what it says, it reads from others.',
  };
}

/** A time counts as covered where the probe has a value at its very end. */
export async function splitRaw(
  deps: Pick<FetchDeps, 'source' | 'settings'>,
  asked: TimeRange,
  call: CallOptions
): Promise<{ covered: TimeRange[]; gaps: Gap[]; warnings: readonly string[] }> {
  const endMs = RAW_STEP_MS - 1;
  const grid = { startMs: asked.fromMs + endMs, endMs: asked.toMs + endMs, stepMs: RAW_STEP_MS };
  const probe = await fetchProbe(deps, grid, call);
  const held = heldTimes(probe);
  const isHeld = (timeMs: number): boolean => held.has(timeMs + endMs);
  const { warnings } = probe;
  return { ...splitCoverage(asked, RAW_STEP_MS, { warnings, isHeld }), warnings };
}

/** The series as they come; throws `LIMIT_EXCEEDED` as soon as there are too many of them. */
async function* readAllowed(
  { rawReading, settings: { seriesLimit }, allowance }: FetchDeps,
  query: Definition,
  { selectors, asked }: { selectors: Selector[]; asked: TimeRange },
  call: CallOptions
): AsyncIterable<RawSeries> {
  let series = 0;
  let samples = 0;
  for await (const one of requireReading(rawReading).source.readRaw({ selectors, range: rawSpan(asked) }, call)) {
    series++;
    if (seriesLimit && series > seriesLimit.max) {
      const text = `The raw series ${query.name} are more than ${seriesLimit.max}, the limit that ${seriesLimit.setting} sets: add matchers, or raise it.`;
      throw new PromkeepError('LIMIT_EXCEEDED', text);
    }
    samples += one.chunks.reduce((sum, chunk) => sum + samplesWithin(rawSpan(asked), chunk), 0);
    yield one;
  }
  // Nothing is committed yet: what is refused here is not written.
  const points = (asked.toMs - asked.fromMs) / RAW_STEP_MS + 1;
  allowance?.admit(query, series, Math.round((samples * DAY_MS) / (points * RAW_STEP_MS)));
}

/** About how many samples a chunk has within a range, beyond which it may reach. */
function samplesWithin({ fromMs, toMs }: TimeRange, chunk: Chunk): number {
  const { minTimeMs, maxTimeMs } = chunk;
  const count = countIn(chunk);
  const withinMs = Math.min(toMs, maxTimeMs) - Math.max(fromMs, minTimeMs);
  const allMs = maxTimeMs - minTimeMs;
  return withinMs < allMs ? Math.max(0, withinMs * ((count - 1) / allMs)) : count;
}
