import { type PromkeepError } from '../model/errors';
import { type GapReason } from '../ports/ledger';

export interface CollectFailure {
  reason: GapReason;
  error: PromkeepError;
  /** The same request may work later without anybody changing anything: back off, ask again, do not go on. */
  transient: boolean;
}

/** Answers that a shorter range may avoid. 422 is "too many samples" among others. */
export function shrinks(error: PromkeepError): boolean {
  return ['SOURCE_RESPONSE_TOO_LARGE', 'LIMIT_EXCEEDED', 'SOURCE_TIMEOUT', 'SOURCE_REFUSED'].includes(error.code);
}

/** Why a range is missing, and whether to ask again, by the error of its fetch or write. */
export function failureOf(error: PromkeepError): CollectFailure {
  if (error.code.startsWith('ARCHIVE_')) {
    // ARCHIVE_REFUSED: this very data will be refused again, so it becomes a gap instead of a standstill.
    const refused = error.code === 'ARCHIVE_REFUSED';
    return { reason: refused ? 'query-failed' : 'archive-down', error, transient: !refused };
  }
  switch (error.code) {
    case 'SOURCE_REFUSED': {
      // Prometheus' 503 is "timed out" or "shutting down"; 400 and 422 are about the query.
      const transient = error.status >= 500;
      return { reason: transient ? 'source-down' : 'query-failed', error, transient };
    }
    case 'LIMIT_EXCEEDED':
      // 429: there is no room in memory just now, which says nothing about the query.
      return { reason: 'query-failed', error, transient: error.status === 429 };
    case 'SOURCE_RESPONSE_TOO_LARGE':
    case 'QUERY_INVALID':
      return { reason: 'query-failed', error, transient: false };
    case 'SETTINGS_INVALID':
    case 'INTERNAL':
      return { reason: 'query-failed', error, transient: true };
    default:
      return { reason: 'source-down', error, transient: true };
  }
}
