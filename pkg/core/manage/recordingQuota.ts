import { type RecordingAmount, type RecordingAmounts, type RecordingScope } from '../../../src/contract/recordedQuery';
import { asPromkeepError, PromkeepError } from '../model/errors';
import { grouped } from '../model/groupedNumber';

/** What somebody who makes, changes or resumes a recorded query may take. */
export interface QuotaRequest {
  limits: RecordingAmounts;
  /** Series of the query's result just now; absent: as it was last recorded, or expected before. */
  series?: number;
}

const SCOPES = { source: 'this source', organisation: 'all sources of the organisation' } as const;
const KINDS = {
  queries: 'recorded queries',
  series: 'series of recorded queries',
  samplesPerDay: 'samples a day of recorded queries',
} as const;

const DAY_MS = 86_400_000;

/** What a query that is recorded at `stepMs` writes in a day. */
export function samplesPerDay(series: number, stepMs: number): number {
  return Math.round((series * DAY_MS) / stepMs);
}

/** What one recorded query takes. */
export function amountOf(series: number, stepMs: number): RecordingAmount {
  return { queries: 1, series, samplesPerDay: samplesPerDay(series, stepMs) };
}

export const NOTHING: RecordingAmount = { queries: 0, series: 0, samplesPerDay: 0 };

export function together(a: RecordingAmount, b: RecordingAmount): RecordingAmount {
  return {
    queries: a.queries + b.queries,
    series: a.series + b.series,
    samplesPerDay: a.samplesPerDay + b.samplesPerDay,
  };
}

/**
 * Refuses a change that takes more of something of which there is not enough. What takes no more than before is never refused,
 * so that a query can be made smaller where a limit was lowered. Throws `LIMIT_EXCEEDED`.
 */
export function requireQuota(before: RecordingAmounts, after: RecordingAmounts, limits: RecordingAmounts): void {
  for (const scope of ['source', 'organisation'] as const) {
    for (const kind of ['queries', 'series', 'samplesPerDay'] as const) {
      const would = after[scope][kind];
      const limit = limits[scope][kind];
      if (would > limit && would > before[scope][kind]) {
        throw quotaExceeded(inWords(kind, would, scope), limit);
      }
    }
  }
}

/** Why one more query may not be made; `undefined` when it may. Making it decides, this only tells beforehand. */
export function refusalOfNew(
  use: RecordingAmounts,
  { series, stepMs, perDay }: { series: number; stepMs: number; perDay?: number },
  limits: RecordingAmounts
): string | undefined {
  const amount = amountOf(series, stepMs);
  const one = perDay === undefined ? amount : { ...amount, samplesPerDay: perDay };
  const after = { source: together(use.source, one), organisation: together(use.organisation, one) };
  try {
    requireQuota(use, after, limits);
    return undefined;
  } catch (error) {
    return asPromkeepError(error).message;
  }
}

/** `251 recorded queries of this source` */
export function inWords(kind: keyof RecordingAmount, count: number, scope: RecordingScope): string {
  return `${grouped(count)} ${KINDS[kind]} of ${SCOPES[scope]}`;
}

/** A definition is kept as long as its samples: who makes one after the other fills the database without recording anything. */
const DEFINITIONS_PER_QUERY = 10;

/** Definitions that people made in the last 24 hours. */
export type DefinitionCounts = Record<RecordingScope, number>;

/** Refuses to make one more than there may be. Throws `LIMIT_EXCEEDED`. */
export function requireFewDefinitions(
  before: DefinitionCounts,
  after: DefinitionCounts,
  limits: RecordingAmounts
): void {
  for (const scope of ['source', 'organisation'] as const) {
    const limit = limits[scope].queries * DEFINITIONS_PER_QUERY;
    if (after[scope] > limit && after[scope] > before[scope]) {
      throw quotaExceeded(`${grouped(after[scope])} definitions of ${SCOPES[scope]} within 24 hours`, limit);
    }
  }
}

/** @param would what there would be, in words */
export function quotaExceeded(would: string, limit: number): PromkeepError {
  return new PromkeepError(
    'LIMIT_EXCEEDED',
    `That makes ${would}, and the limit is ${grouped(limit)}: pause, delete or aggregate some, or let an Admin raise the limit.`
  );
}
