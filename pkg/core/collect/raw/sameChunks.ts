import { type Chunk } from '../../model/rawSeries';
import { type TimeRange } from '../../model/timeRange';

/** What is left to decode of both sides. */
export interface ChunkPair {
  ours: readonly Chunk[];
  theirs: readonly Chunk[];
  /** Samples of the chunks that were taken out. */
  same: number;
}

/**
 * Takes out the chunks that both sides have byte for byte: what was not packed yet came from the source as it is. Chunks of one
 * side do not overlap, so nothing else of either lies within their times; those that reach out of the ranges stay.
 *
 * @param ranges of samples, ascending
 */
export function takeOutSame(ours: readonly Chunk[], theirs: readonly Chunk[], ranges: readonly TimeRange[]): ChunkPair {
  const others = new Map(theirs.map((chunk) => [chunk.minTimeMs, chunk]));
  const taken = new Set<Chunk>();
  let same = 0;
  for (const chunk of ours) {
    const other = others.get(chunk.minTimeMs);
    const isWithin = ranges.some(({ fromMs, toMs }) => fromMs <= chunk.minTimeMs && chunk.maxTimeMs <= toMs);
    if (other && isWithin && isSame(chunk, other)) {
      taken.add(chunk).add(other);
      same += countIn(chunk);
    }
  }
  const left = (chunk: Chunk): boolean => !taken.has(chunk);
  return taken.size === 0 ? { ours, theirs, same } : { ours: ours.filter(left), theirs: theirs.filter(left), same };
}

/** A chunk begins with the number of its samples, in two bytes. */
export function countIn({ data }: Chunk): number {
  return data.length < 2 ? 0 : data[0] * 256 + data[1];
}

function isSame(a: Chunk, b: Chunk): boolean {
  if (a.maxTimeMs !== b.maxTimeMs || a.encoding !== b.encoding || a.data.length !== b.data.length) {
    return false;
  }
  for (let i = 0; i < a.data.length; i++) {
    if (a.data[i] !== b.data[i]) {
      return false;
    }
  }
  return true;
}
