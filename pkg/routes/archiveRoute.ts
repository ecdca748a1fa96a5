import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { type ApiRoute } from '../core/ports/apiRoute';
import { PromkeepError } from '../core/model/errors';
import { type GapReader } from '../core/history/gapReport';
import { type Archive } from '../core/ports/archive';
import { readParameters } from './parameters';

/**
 * `GET /api/archive/status`: what is kept, what is covered and what is missing and why, and what recorded queries take of what
 * they may; 409 when there is no archive.
 */
export function createArchiveRoute(
  archive: Pick<Archive, 'status' | 'definitions'> | undefined,
  limits: RecordingAmounts
): ApiRoute {
  return {
    method: 'GET',
    path: '/api/archive/status',
    async handle(request) {
      readParameters(request.query, {});
      if (!archive) {
        throw noArchive();
      }
      const [status, use] = await Promise.all([archive.status(), archive.definitions.use()]);
      return { status: 200, body: { ...status, recording: { use, limits } } };
    },
  };
}

/** `GET /api/archive/gaps`: for each recorded query the ranges the archive lacks, with reasons; 409 without an archive. */
export function createGapsRoute(read: GapReader | undefined): ApiRoute {
  return {
    method: 'GET',
    path: '/api/archive/gaps',
    async handle(request) {
      readParameters(request.query, {});
      if (!read) {
        throw noArchive();
      }
      return { status: 200, body: { queries: await read() } };
    },
  };
}

export function noArchive(): PromkeepError {
  return new PromkeepError('ARCHIVE_OFF', 'There is no archive: none is configured.');
}
