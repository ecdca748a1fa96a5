import { FORWARDS_CREDENTIALS } from '../core/datasource/callers';
import { readGaps } from '../core/history/gapReport';
import { PromkeepError } from '../core/model/errors';
import { type ApiRoute } from '../core/ports/apiRoute';
import { type Archive, type Uses } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { route } from './route';

/** An archive as its routes show it. */
export interface ShownArchive {
  archive: Pick<Archive, 'status'> & Uses<{ definitions: 'use'; ledger: 'entries'; history: 'seriesLabels' }>;
  /** Age at which a time is due for the archive. */
  settleMs: number;
  /** As `readGaps`. */
  rawPieceMs?: number;
  /** Why raw series cannot be collected, if so. Never rejects, and does not take long. */
  rawWarning?(): Promise<string | undefined>;
  recordingLimits: RecordingAmounts;
}

export interface ArchiveRouteParts {
  /** Absent: there is none, and its routes say so (409). */
  archive: ShownArchive | undefined;
  clock: Clock;
  /** Each user may see other data: nothing of the archive is shown [A12]. */
  forwardsCredentials: boolean;
}

/**
 * `GET /api/archive/status`: what is kept, what is covered and what is missing and why, and what recorded queries take of what
 * they may; `warnings` where raw series cannot be collected. `GET /api/archive/gaps`: for each recorded query the ranges the archive lacks, with reasons. 409 without an archive.
 */
export function createArchiveRoutes(parts: ArchiveRouteParts): ApiRoute[] {
  const { clock, forwardsCredentials } = parts;
  const check = (): void => {
    presentArchive(parts.archive);
    if (forwardsCredentials) {
      throw new PromkeepError('FORBIDDEN', `The archive is not available: ${FORWARDS_CREDENTIALS}.`);
    }
  };
  return [
    route({
      method: 'GET',
      path: '/api/archive/status',
      takes: {},
      check,
      async answer() {
        const { archive, recordingLimits, rawWarning } = presentArchive(parts.archive);
        const [status, use, warning] = await Promise.all([archive.status(), archive.definitions.use(), rawWarning?.()]);
        const warnings = warning === undefined ? {} : { warnings: [warning] };
        return { ...status, recording: { use, limits: recordingLimits }, ...warnings };
      },
    }),
    route({
      method: 'GET',
      path: '/api/archive/gaps',
      takes: {},
      check,
      async answer() {
        const { archive, settleMs, rawPieceMs } = presentArchive(parts.archive);
        return { queries: await readGaps(archive.ledger, clock.nowMs() - settleMs, rawPieceMs) };
      },
    }),
  ];
}

/** Throws `ARCHIVE_OFF` where there is none. */
export function presentArchive<T>(part: T | undefined): T {
  if (part === undefined) {
    throw new PromkeepError('ARCHIVE_OFF', 'There is no archive: none is configured.');
  }
  return part;
}
