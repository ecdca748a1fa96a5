import { findRecordedFaults, type RecordedDefinition } from '../../../src/contract/recordedDefinition';
import { type RecordedCheck } from '../../../src/contract/recordedQuery';
import { floorToGrid } from '../collect/collectGrid';
import { believableFromMs } from '../collect/raw/rawReading';
import { countIn } from '../collect/raw/sameChunks';
import { asPromkeepError } from '../model/errors';
import { grouped } from '../model/groupedNumber';
import { RAW_STEP_MS } from '../model/rawSeries';
import { refusalOf, tooMany, type CheckDeps, type RawManaging } from './checkDefinition';

/** Of the archive's table, its index and what lies outside of its rows, as measured (bench/RESULTS.md). */
const BYTES_PER_SAMPLE = 1;
const DAYS_PER_YEAR = 365;
/** The newest samples are looked at; their chunks reach further back, since they come whole. */
const WINDOW_MS = 300_000;
const DAY_MS = 86_400_000;

const BY_QUERY =
  'The source has no remote read, so its query API is read: stale markers and native histograms are not kept.';

/**
 * Checks a definition of raw series: its fields, its selectors, and, by asking Prometheus, how many series and samples they are.
 * Rejects with `PromkeepError` when Prometheus cannot be asked.
 *
 * @param known the definition it replaces; selectors that did not change are not asked about again
 */
export async function checkRaw(
  deps: CheckDeps,
  definition: RecordedDefinition,
  signal: AbortSignal,
  known?: RecordedDefinition
): Promise<RecordedCheck> {
  const faults = findRecordedFaults({ ...definition, stepMs: RAW_STEP_MS });
  const hints: string[] = [];
  if (!deps.raw) {
    return { faults: { ...faults, expression: 'Raw series cannot be kept here.' }, hints };
  }
  if (faults.expression === undefined) {
    try {
      const selectors = deps.raw.canonicalSelectors(definition.expression).split('\n');
      if (known?.expression !== selectors.join('\n')) {
        hints.push(...(await hintsOf(deps.raw, signal)));
        return { faults, hints, ...(await preview(deps, deps.raw, selectors, signal)) };
      }
    } catch (error) {
      const { code, message } = asPromkeepError(error);
      const refusal = code === 'QUERY_INVALID' || code === 'LIMIT_EXCEEDED' ? `${message}.` : refusalOf(error);
      if (refusal === undefined) {
        throw error;
      }
      faults.expression = refusal.replace(/\.\.$/, '.');
    }
  }
  return { faults, hints };
}

async function hintsOf({ source }: RawManaging, signal: AbortSignal): Promise<string[]> {
  const holdings = await source.holdings({ signal });
  const hints = holdings.by === 'query' ? [BY_QUERY] : [];
  try {
    believableFromMs(holdings);
  } catch (error) {
    hints.push(asPromkeepError(error).message);
  }
  return hints;
}

async function preview(
  deps: CheckDeps,
  raw: RawManaging,
  selectors: readonly string[],
  signal: AbortSignal
): Promise<Pick<RecordedCheck, 'series' | 'preview'>> {
  const timeMs = floorToGrid(deps.clock.nowMs() - deps.policy.settleMs, RAW_STEP_MS);
  const ask = async (expr: string): Promise<number> => {
    const { series } = await deps.source.queryInstant({ expr, timeMs }, { signal });
    return series[0]?.values[0] ?? 0;
  };
  let series = 0;
  // One after the other, so that the source never counts more than one selector at a time.
  for (const selector of selectors) {
    series += await ask(`count(${selector})`);
  }
  if (series > deps.policy.maxSeries) {
    return { series };
  }
  const perDay = Math.round(await samplesPerDay(deps, raw, selectors, { timeMs, signal }));
  return { series, preview: { samplesPerDay: perDay, bytesPerYear: perDay * DAYS_PER_YEAR * BYTES_PER_SAMPLE } };
}

/**
 * By the newest chunks of each series. PromQL cannot count samples of several metrics: without their names two of them may be the same
 * series, which it refuses.
 */
async function samplesPerDay(
  { policy }: CheckDeps,
  { source, readSelectors }: RawManaging,
  selectors: readonly string[],
  { timeMs, signal }: { timeMs: number; signal: AbortSignal }
): Promise<number> {
  const read = { selectors: readSelectors(selectors.join('\n')), range: { fromMs: timeMs - WINDOW_MS, toMs: timeMs } };
  let perDay = 0;
  for await (const { chunks } of source.readRaw(read, { signal })) {
    const count = chunks.reduce((sum, chunk) => sum + countIn(chunk), 0);
    const spanMs = chunks.length === 0 ? 0 : chunks[chunks.length - 1].maxTimeMs - chunks[0].minTimeMs;
    perDay += DAY_MS / (spanMs > 0 ? spanMs / (count - 1) : policy.scrapeIntervalMs);
  }
  return perDay;
}

/** The check with what its preview says in words, and with what a limit says against it. */
export function withPreview(check: RecordedCheck, maxSeries: number): RecordedCheck {
  const { series, preview: told, faults, hints } = check;
  const fault = series === undefined ? undefined : tooMany(series, maxSeries);
  if (fault !== undefined) {
    return { ...check, faults: { ...faults, expression: fault } };
  }
  if (series === undefined || told === undefined) {
    return check;
  }
  const megabytes = grouped(Math.round(told.bytesPerYear / 1_000_000));
  const words =
    series === 0
      ? 'Just now it has no series; collecting begins when it has.'
      : `${grouped(series)} series, ${grouped(told.samplesPerDay)} samples a day, about ${megabytes} MB a year.`;
  return { ...check, hints: [...hints, words] };
}
