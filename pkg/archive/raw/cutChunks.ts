import { type Chunk } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { MAX_CHUNK_SAMPLES } from '../../remote/chunks/seriesChunks';
import { DAY_MS, dayOf } from './chunkRow';
import { RawColumns } from './rawColumns';

/** Prometheus lets a chunk grow to twice its usual size where samples come irregularly. */
const LONGEST_CHUNK = 2 * MAX_CHUNK_SAMPLES;

/** One for all: reading a chunk is synchronous. */
const scratch = new RawColumns();

/**
 * Chunks as the archive stores them: within the range, within a day each (UTC), none overlapping the next, with the times of
 * their first and last samples. What is so already passes as it is; of samples with the same time the first wins. Every chunk is
 * decoded once, since one that cannot be read again must not be stored.
 *
 * @throws CodecError for a damaged chunk
 */
export function cutChunks(chunks: readonly Chunk[], range: TimeRange): Chunk[] {
  const cut: Chunk[] = [];
  let lastMs = -Infinity;
  for (const chunk of chunks) {
    read(chunk);
    const { length, timesMs } = scratch;
    if (length > 0 && timesMs[0] <= lastMs) {
      return cutOverlapping(chunks, range);
    }
    if (length > 0) {
      lastMs = timesMs[length - 1];
      cut.push(...cutScratch(chunk, range));
    }
  }
  return cut;
}

function read(chunk: Chunk): void {
  scratch.clear();
  scratch.decode(chunk);
  scratch.requireAscending();
}

function cutScratch(chunk: Chunk, range: TimeRange): Chunk[] {
  const { length, timesMs } = scratch;
  const [minTimeMs, maxTimeMs] = [timesMs[0], timesMs[length - 1]];
  const passes =
    minTimeMs >= range.fromMs &&
    maxTimeMs <= range.toMs &&
    dayOf(minTimeMs) === dayOf(maxTimeMs) &&
    length <= LONGEST_CHUNK;
  return passes ? [{ ...chunk, minTimeMs, maxTimeMs }] : encodeDays(scratch, range);
}

/** Samples within a range as chunks, none of which crosses midnight. */
export function encodeDays(columns: RawColumns, range: TimeRange): Chunk[] {
  const chunks: Chunk[] = [];
  const end = firstAfter(columns, range.toMs, 0);
  for (let start = firstAfter(columns, range.fromMs - 1, 0); start < end;) {
    const nextDayMs = (dayOf(columns.timesMs[start]) + 1) * DAY_MS;
    const next = Math.min(end, firstAfter(columns, nextDayMs - 1, start));
    chunks.push(...columns.encode(start, next));
    start = next;
  }
  return chunks;
}

/** Place of the first sample behind a time. */
export function firstAfter({ timesMs, length }: RawColumns, timeMs: number, from: number): number {
  let [low, high] = [from, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle] <= timeMs) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function cutOverlapping(chunks: readonly Chunk[], range: TimeRange): Chunk[] {
  return encodeDays(mergeChunks(chunks), range);
}

/** The samples of chunks that may overlap, by time; of two with the same time that of the first chunk. */
export function mergeChunks(chunks: readonly Chunk[]): RawColumns {
  const parts = chunks.map((chunk) => {
    const part = new RawColumns();
    part.decode(chunk);
    part.requireAscending();
    return part;
  });
  return mergeColumns(parts);
}

/** By halves, so that many parts take not much longer than few. */
export function mergeColumns(parts: readonly RawColumns[]): RawColumns {
  if (parts.length < 2) {
    return parts[0] ?? new RawColumns();
  }
  const middle = parts.length >>> 1;
  return mergeTwo(mergeColumns(parts.slice(0, middle)), mergeColumns(parts.slice(middle)));
}

/** Of which of two the last sample was, and its place. */
interface Pushed {
  of: RawColumns;
  at: number;
}

/** Whether a sample comes behind the one it followed where it comes from. Of a first one its chunk says what it followed. */
function isNext(last: Pushed | undefined, of: RawColumns, at: number): boolean {
  return at === 0
    ? last === undefined || last.at === last.of.length - 1
    : last !== undefined && last.of === of && last.at === at - 1;
}

function mergeTwo(first: RawColumns, second: RawColumns): RawColumns {
  const merged = new RawColumns();
  let last: Pushed | undefined;
  const push = (of: RawColumns, at: number): void => {
    merged.pushFrom(of, at, isNext(last, of, at));
    last = { of, at };
  };
  let j = 0;
  for (let i = 0; i < first.length; i++) {
    for (; j < second.length && second.timesMs[j] < first.timesMs[i]; j++) {
      push(second, j);
    }
    push(first, i);
    j += j < second.length && second.timesMs[j] === first.timesMs[i] ? 1 : 0;
  }
  for (; j < second.length; j++) {
    push(second, j);
  }
  return merged;
}
