import { type Chunk } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { isStaleHistogram } from '../../remote/nativeHistogram';
import { isStale, markStale } from '../../remote/sampleColumns';
import { type ChunkRow } from './chunkRow';
import { encodeDays, firstAfter, mergeChunks } from './cutChunks';
import { RawColumns, withoutPredecessor } from './rawColumns';

const ALL: TimeRange = { fromMs: -Infinity, toMs: Infinity };
/** How far back Prometheus looks for the sample of a time, unless it is configured otherwise. */
const LOOKBACK_MS = 300_000;

/**
 * The chunks of one series in a range, out of rows that may overlap where several definitions keep it; of samples with the same
 * time the first row's counts. Chunks are decoded where rows overlap, at the ends of the range and where a stale marker goes.
 *
 * @param endsMs first uncovered times: a stale marker at each that lies in the range, if a sample of
 * the range lies in the five minutes before
 */
export function assembleSeries(rows: readonly ChunkRow[], range: TimeRange, endsMs: readonly number[]): Chunk[] {
  const sorted = rows.length > 1 ? [...rows].sort((a, b) => a.fromMs - b.fromMs) : rows;
  const merged = clustersOf(sorted).flatMap((cluster) =>
    cluster.length === 1 ? cluster[0].chunks : encodeDays(mergeChunks(cluster.flatMap(({ chunks }) => chunks)), ALL)
  );
  const marks = endsMs.filter((timeMs) => timeMs >= range.fromMs && timeMs <= range.toMs);
  return marks.reduce(withMark, clip(merged, range));
}

/** Rows that overlap, together; they ascend. */
function clustersOf(rows: readonly ChunkRow[]): ChunkRow[][] {
  const clusters: ChunkRow[][] = [];
  let untilMs = -Infinity;
  for (const row of rows) {
    const last = clusters.at(-1);
    if (last !== undefined && row.fromMs <= untilMs) {
      last.push(row);
    } else {
      clusters.push([row]);
    }
    untilMs = Math.max(untilMs, row.toMs);
  }
  return clusters;
}

function clip(chunks: readonly Chunk[], range: TimeRange): Chunk[] {
  return chunks.flatMap((chunk) => {
    if (chunk.maxTimeMs < range.fromMs || chunk.minTimeMs > range.toMs) {
      return [];
    }
    return chunk.minTimeMs >= range.fromMs && chunk.maxTimeMs <= range.toMs
      ? [chunk]
      : encodeDays(decoded(chunk), range);
  });
}

function decoded(chunk: Chunk): RawColumns {
  const columns = new RawColumns();
  columns.decode(chunk);
  return columns;
}

/** Puts a stale marker at a time at which there is no sample, unless the last sample before is older, or one itself. */
function withMark(chunks: readonly Chunk[], timeMs: number): Chunk[] {
  const at = chunks.findLastIndex(({ minTimeMs }) => minTimeMs <= timeMs);
  if (at < 0 || chunks[at].minTimeMs === timeMs || chunks[at].maxTimeMs < timeMs - LOOKBACK_MS) {
    return [...chunks];
  }
  const columns = decoded(chunks[at]);
  const place = firstAfter(columns, timeMs, 0);
  const before = place - 1;
  const lastMs = columns.timesMs[before];
  if (lastMs === timeMs || lastMs < timeMs - LOOKBACK_MS || isStaleAt(columns, before)) {
    return [...chunks];
  }
  const withMarker = new RawColumns();
  for (let i = 0; i < columns.length; i++) {
    if (i === place) {
      pushMark(withMarker, timeMs);
    }
    withMarker.pushFrom(columns, i, i !== place);
  }
  if (place === columns.length) {
    pushMark(withMarker, timeMs);
  }
  return [
    ...chunks.slice(0, at),
    ...encodeDays(withMarker, ALL),
    ...behindMark(chunks.slice(at + 1), place === columns.length),
  ];
}

function pushMark(columns: RawColumns, timeMs: number): void {
  const value = new Float64Array(1);
  markStale(value, 0);
  const [low, high] = new Uint32Array(value.buffer);
  columns.floats.push(timeMs, low, high);
}

/** Behind a hole nothing is known of a counter reset. */
function behindMark(chunks: readonly Chunk[], isNext: boolean): Chunk[] {
  const [first, ...rest] = chunks;
  if (!isNext || first === undefined || first.encoding === 'xor') {
    return [...chunks];
  }
  const columns = decoded(first);
  const histogram = columns.histograms.get(0);
  if (histogram !== undefined) {
    columns.histograms.set(0, withoutPredecessor(histogram));
  }
  return [...encodeDays(columns, ALL), ...rest];
}

function isStaleAt(columns: RawColumns, at: number): boolean {
  const histogram = columns.histograms.get(at);
  return histogram === undefined
    ? isStale(columns.floats.bits[2 * at], columns.floats.bits[2 * at + 1])
    : isStaleHistogram(histogram);
}
