import { type Chunk, type Label, RAW_STEP_MS, type RawSamples, type RawSeries } from '../../model/rawSeries';
import { type TimeRange } from '../../model/timeRange';
import { floorToGrid } from '../collectGrid';
import { takeOutSame } from './sameChunks';

/** What comparing takes that knows chunks and the order of remote read. */
export interface RawComparing {
  compareLabels(a: readonly Label[], b: readonly Label[]): number;
  samplesOf(chunks: readonly Chunk[], range: TimeRange): RawSamples;
}

/** One difference, as `Difference`; a stale marker and a native histogram are told in words. */
export interface RawDifference {
  kind: 'differs' | 'missing' | 'extra';
  labels: readonly Label[];
  timeMs: number;
  archived?: number | string;
  source?: number | string;
}

export interface RawComparison {
  compared: number;
  /** By kind. */
  counts: Record<RawDifference['kind'], number>;
  /** Grid times of samples that differ or are missing: of what writing again would add or change. */
  behind: Set<number>;
  /** The first few. */
  examples: RawDifference[];
}

interface Sides {
  archived: AsyncIterable<RawSeries>;
  source: AsyncIterable<RawSeries>;
}

const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 2;

export function nothingCompared(): RawComparison {
  return { compared: 0, counts: { differs: 0, missing: 0, extra: 0 }, behind: new Set(), examples: [] };
}

/**
 * Compares series by series, sample by sample and bit by bit, what comes from both sides in the order of labels; one series of
 * each is in memory at a time. Only samples within the ranges are looked at; chunks that are the same are not decoded.
 *
 * @param ranges of samples, both ends inclusive, ascending
 */
export async function compareRaw(
  { compareLabels, samplesOf }: RawComparing,
  { archived, source }: Sides,
  ranges: readonly TimeRange[],
  maxExamples: number
): Promise<RawComparison> {
  const comparison = nothingCompared();
  const [left, right] = [archived[Symbol.asyncIterator](), source[Symbol.asyncIterator]()];
  const span = { fromMs: ranges[0]?.fromMs ?? 0, toMs: ranges.at(-1)?.toMs ?? -1 };
  try {
    let [ours, theirs] = await Promise.all([left.next(), right.next()]);
    while (!ours.done || !theirs.done) {
      const order = ours.done ? 1 : theirs.done ? -1 : compareLabels(ours.value.labels, theirs.value.labels);
      const take = ({ done, value }: IteratorResult<RawSeries, unknown>, wanted: boolean): readonly Chunk[] =>
        done || !wanted ? [] : (value as RawSeries).chunks;
      const chunks = takeOutSame(take(ours, order <= 0), take(theirs, order >= 0), ranges);
      comparison.compared += chunks.same;
      const labels = (order <= 0 ? ours : theirs).value.labels;
      const pair = { labels, ours: samplesOf(chunks.ours, span), theirs: samplesOf(chunks.theirs, span) };
      compareSeries(pair, ranges, { comparison, maxExamples });
      const [nextOurs, nextTheirs] = [order <= 0 ? left.next() : ours, order >= 0 ? right.next() : theirs];
      [ours, theirs] = await Promise.all([nextOurs, nextTheirs]);
    }
  } finally {
    await Promise.allSettled([left.return?.(), right.return?.()]);
  }
  return comparison;
}

interface Pair {
  labels: readonly Label[];
  ours: RawSamples;
  theirs: RawSamples;
}

function compareSeries(
  { labels, ours, theirs }: Pair,
  ranges: readonly TimeRange[],
  { comparison, maxExamples }: { comparison: RawComparison; maxExamples: number }
): void {
  const note = (kind: RawDifference['kind'], timeMs: number, [i, k]: [number, number]): void => {
    comparison.counts[kind]++;
    if (kind !== 'extra') {
      comparison.behind.add(floorToGrid(timeMs, RAW_STEP_MS));
    }
    if (comparison.examples.length < maxExamples) {
      comparison.examples.push({
        ...{ kind, labels, timeMs },
        ...(kind === 'missing' ? {} : { archived: shown(ours, i) }),
        ...(kind === 'extra' ? {} : { source: shown(theirs, k) }),
      });
    }
  };
  let range = 0;
  for (let i = 0, k = 0; i < ours.timesMs.length || k < theirs.timesMs.length;) {
    const left = ours.timesMs[i] ?? Infinity;
    const right = theirs.timesMs[k] ?? Infinity;
    const timeMs = Math.min(left, right);
    while (range < ranges.length && ranges[range].toMs < timeMs) {
      range++;
    }
    if (range < ranges.length && ranges[range].fromMs <= timeMs) {
      comparison.compared++;
      if (left !== right) {
        note(left < right ? 'extra' : 'missing', timeMs, [i, k]);
      } else if (!isSame(ours, i, theirs, k)) {
        note('differs', timeMs, [i, k]);
      }
    }
    i += Number(left <= right);
    k += Number(right <= left);
  }
}

function isSame(ours: RawSamples, i: number, theirs: RawSamples, k: number): boolean {
  const [a, b] = [bitsOf(ours.values, i), bitsOf(theirs.values, k)];
  return a[0] === b[0] && a[1] === b[1] && ours.histograms.get(i) === theirs.histograms.get(k);
}

/** Low half first; a number would lose the payload of NaN. */
function bitsOf({ buffer, byteOffset }: Float64Array, i: number): Uint32Array {
  return new Uint32Array(buffer, byteOffset + 8 * i, 2);
}

function shown({ values, histograms }: RawSamples, i: number): number | string {
  const [low, high] = bitsOf(values, i);
  return histograms.get(i) ?? (low === STALE_LOW && high === STALE_HIGH ? 'stale marker' : values[i]);
}
