import { PromkeepError } from '../../model/errors';
import { type RawHoldings, type RawSource, type Selector } from '../../ports/rawSeries';

/** What it takes to read raw series from a source. */
export interface RawReading {
  source: RawSource;
  /** The selectors of a raw definition, out of its expression. Throws `QUERY_INVALID`. */
  readSelectors(expression: string): Selector[];
  /** Live collecting waits until so much is due, `RAW_PIECE_MS` unless told otherwise. */
  pieceMs: number;
  /** A sample is asked for only when it is this old: 1.2 scrape intervals at least, for markers of the end of a run come late. */
  settleMs: number;
}

/** Late stale markers were seen 1.1 intervals after their own time (design/remote-protocols). */
export function rawSettleMs(settleMs: number, scrapeIntervalMs: number): number {
  return Math.max(settleMs, Math.ceil(1.2 * scrapeIntervalMs));
}

/** Throws `INTERNAL` where a program that cannot read raw series meets a definition of them. */
export function requireReading(reading: RawReading | undefined): RawReading {
  if (!reading) {
    throw new PromkeepError('INTERNAL', 'Raw series cannot be read here.');
  }
  return reading;
}

/** From which time on the source may be believed; throws `SETTINGS_INVALID` where it may not be at all. */
export function believableFromMs({ readsOthers, lowestMs }: RawHoldings): number {
  if (readsOthers === 'no') {
    return -Infinity;
  }
  if (readsOthers === 'recent') {
    throw new PromkeepError('SETTINGS_INVALID', READS_RECENT);
  }
  if (lowestMs === undefined) {
    throw new PromkeepError('SETTINGS_INVALID', LOWEST_UNKNOWN);
  }
  return lowestMs;
}

/** The circle: what it gives could be this very archive's. */
export const READS_RECENT =
  'The source has a remote_read with read_recent: true, so nothing it gives proves that it holds it itself: raw series are ' +
  'not collected. Set read_recent: false there, or let a second Prometheus read from the archive.';

const LOWEST_UNKNOWN =
  'The source has a remote_read, and its /metrics do not tell prometheus_tsdb_lowest_timestamp_seconds, so nobody knows what ' +
  'it holds itself: raw series are not collected. Let /metrics be read, or let a second Prometheus read from the archive.';
