import { RAW_SERIES_STEP_MS } from '../../../src/contract/recordedDefinition';
import { type TimeRange } from './timeRange';

/**
 * The step of a definition that keeps raw series: a time of its grid, in coverage, gaps and ranges to write, stands for the samples
 * from there to before the next.
 */
export const RAW_STEP_MS = RAW_SERIES_STEP_MS;

/** The samples that times of the grid stand for, both ends inclusive. */
export function rawSpan({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs, toMs: toMs + RAW_STEP_MS - 1 };
}

/** A label as it is on the wire of Prometheus' remote protocols; of a series they are sorted by the bytes of their names. */
export interface Label {
  name: string;
  value: string;
}

export type ChunkEncoding = 'xor' | 'histogram' | 'floatHistogram';

/** Samples of a series within `minTimeMs … maxTimeMs` (inclusive), encoded as Prometheus does it. */
export interface Chunk {
  minTimeMs: number;
  maxTimeMs: number;
  encoding: ChunkEncoding;
  /** May be a view of something larger. */
  data: Uint8Array;
}

/** A series as the source holds it: exact times, bits, stale markers, native histograms. */
export interface RawSeries {
  labels: readonly Label[];
  /** Ascending; none overlaps the next. */
  chunks: readonly Chunk[];
}

/** Raw series are collected in pieces of this length unless told otherwise: 120 samples, a full chunk, at a scrape every 15 s. */
export const RAW_PIECE_MS = 30 * 60_000;

/** No longer piece may be asked for; until then a time is not missing. */
export const MAX_RAW_PIECE_MS = 2 * 3_600_000;

/** Samples of one series, to be compared: two are the same where the bits of `values` and the texts of `histograms` are. */
export interface RawSamples {
  timesMs: Float64Array;
  /** With the bits of the source; 0 where there is a native histogram. */
  values: Float64Array;
  /** By index: what native histograms say, whatever the chunk they lay in. */
  histograms: ReadonlyMap<number, string>;
}
