import { RAW_STEP_MS } from '../../model/rawSeries';
import { type TimeRange } from '../../model/timeRange';

/**
 * Where pieces of raw series end. They are aligned to their length within a UTC day and never cross midnight, so that chunks
 * get as long as they can and rows of a day are written together. All times are on the grid of `RAW_STEP_MS`.
 */

export const DAY_MS = 86_400_000;

/** A whole day of it is collected at once when there is much to catch up. */
export const RAW_DAY_POINTS = DAY_MS / RAW_STEP_MS;

/** Samples in one piece, about: what a store can take in one transaction without keeping others waiting for a minute. */
const PIECE_SAMPLES = 10_000_000;

/** The last time at or before `timeMs` with which a piece ends. */
export function lastPieceEnd(timeMs: number, pieceMs: number): number {
  const endMs = timeMs + RAW_STEP_MS;
  const dayMs = startOfDay(endMs);
  return dayMs + Math.floor((endMs - dayMs) / pieceMs) * pieceMs - RAW_STEP_MS;
}

/** The first time at or after `timeMs` with which a piece ends. */
export function nextPieceEnd(timeMs: number, pieceMs: number): number {
  const dayMs = startOfDay(timeMs);
  const endMs = dayMs + (Math.floor((timeMs - dayMs) / pieceMs) + 1) * pieceMs;
  return Math.min(endMs, dayMs + DAY_MS) - RAW_STEP_MS;
}

/** As much of a range as one piece takes: to the last end of a piece in it, and not beyond the day it begins in. */
export function firstPiece({ fromMs, toMs }: TimeRange, pieceMs: number): TimeRange {
  const withinDay = withinFirstDay({ fromMs, toMs });
  const alignedMs = lastPieceEnd(withinDay.toMs, pieceMs);
  return alignedMs >= fromMs ? { fromMs, toMs: alignedMs } : withinDay;
}

/** The first part of a range that lies within one day. */
export function withinFirstDay({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs, toMs: Math.min(toMs, startOfDay(fromMs) + DAY_MS - RAW_STEP_MS) };
}

/** The last part of a range that lies within one day. */
export function withinLastDay({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: Math.max(fromMs, startOfDay(toMs)), toMs };
}

export function piecePoints(pieceMs: number): number {
  return Math.max(1, Math.floor(pieceMs / RAW_STEP_MS));
}

/** As many points as the next piece may have, going by the samples of one with `points`; never less than a piece has anyway. */
export function nextRawPoints(samples: number, points: number, pieceMs: number): number {
  const bySamples = Math.floor((PIECE_SAMPLES * points) / Math.max(1, samples));
  return Math.min(RAW_DAY_POINTS, Math.max(piecePoints(pieceMs), bySamples));
}

export function startOfDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}
